// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

// runs returns the store with the records of job runs.
func (a *app) runs() (*jobrecord.Store, error) {
	store, err := a.store("runs")
	if err == nil {
		store.Latest = filepath.Join(filepath.Dir(store.Dir), "latest")
	}
	return store, err
}

// store returns the store for records of one kind.
func (a *app) store(kind string) (*jobrecord.Store, error) {
	state := userdirs.State(a.Getenv)
	if state == "" {
		return nil, errors.New("cannot keep logs: neither XDG_STATE_HOME nor HOME says where")
	}
	return &jobrecord.Store{Dir: filepath.Join(state, kind)}, nil
}

func (a *app) console() progress.Console {
	c := a.Console()
	c.Verbose = a.showsBuilds()
	return c
}

func (a *app) messages() pipelinerun.Messages {
	return pipelinerun.Messages{Infof: a.Infof, Warnf: a.warnf, Warn: a.warnings.Add}
}
