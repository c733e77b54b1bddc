// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func (a *app) runs() (*jobrecord.Store, error) { return jobrecord.JobRuns(userdirs.State(a.Getenv)) }

func (a *app) console() progress.Console {
	c := a.Console()
	c.Verbose = a.showsBuilds()
	return c
}

func (a *app) messages() pipelinerun.Messages {
	return pipelinerun.Messages{Infof: a.Infof, Warnf: a.warnf, Warn: a.warnings.Add}
}
