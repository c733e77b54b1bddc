// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func (v *jobVerb) finish(ctx context.Context, engine pipelinerun.Engine, result *pipelinerun.Result) error {
	a := v.app
	for _, err := range result.Errors() {
		errortext.Print(a.Infof, err)
	}
	if len(result.Jobs) == 1 {
		a.Infof("%s", result.Jobs[0].Sentence())
	} else if err := v.table(result.Rows()); err != nil {
		return err
	}
	a.Infos(result.Notes(v.local.Timestamps))
	kept, removed, err := pipelinerun.AfterRun(ctx, engine, result.Run)
	errortext.Print(a.Infof, err)
	if len(kept) > 0 && v.onFailure == "shell" && stdio.IsTerminal(a.Stdin) {
		errortext.Print(a.Infof, pipelinerun.EnterKept(ctx, engine, kept[0], nil, a.Own(), a.messages()))
		errortext.Print(a.Infof, pipelinerun.RemoveKept(ctx, engine, result.Run))
		kept = nil
	}
	a.Infos(pipelinerun.KeptNotes(kept, removed, len(result.Jobs) == 1))
	return status(result.ExitStatus())
}

// table prints the rows of a table, on stderr if stdout has the events.
func (v *jobVerb) table(rows [][]string) error {
	return v.text(func(w io.Writer) error { return termtext.Table(w, rows) })
}

func (v *jobVerb) text(write func(io.Writer) error) error {
	if v.events != "-" {
		return v.app.Text(write)
	}
	var b bytes.Buffer
	err := write(&b)
	v.app.Infos(strings.Split(strings.TrimRight(b.String(), "\n"), "\n"))
	return err
}
