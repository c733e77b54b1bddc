// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"

	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func (v *jobVerb) finish(ctx context.Context, engine pipelinerun.Engine, result *pipelinerun.Result) error {
	a := v.app
	for _, err := range result.Errors() {
		errortext.Print(a.Infof, err)
	}
	if len(result.Jobs) == 1 {
		a.Infof("%s", result.Jobs[0].Sentence())
	} else if err := a.Table(result.Rows()); err != nil {
		return err
	}
	a.Infos(result.Notes(v.local.Timestamps))
	switch kept := result.Kept(); {
	case kept != nil && v.onFailure == "shell" && stdio.IsTerminal(a.Stdin):
		errortext.Print(a.Infof, pipelinerun.EnterKept(ctx, engine, kept, nil, a.Own(), a.messages()))
		errortext.Print(a.Infof, pipelinerun.RemoveKept(ctx, engine, result.Run))
	case kept != nil:
		a.Infof(`its container is kept: "lcitool job shell --last-failed" enters it`)
	}
	return status(result.ExitStatus())
}
