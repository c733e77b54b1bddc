// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"os"

	"gitlab.com/lcitool/lcitool/internal/jobevents"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// openEvents returns the writer for --events, or nil without it. The caller must
// call done. With "-", events replace the output of jobs on stdout.
func (v *jobVerb) openEvents(console *progress.Console) (_ *jobevents.Writer, done func(), err error) {
	switch v.events {
	case "":
		return nil, func() {}, nil
	case "-":
		console.Stdout = io.Discard
		return jobevents.New(v.app.Stdout), func() {}, nil
	}
	file, err := os.Create(v.events)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write events: %w", err)
	}
	return jobevents.New(file), func() { _ = file.Close() }, nil // the run has reported write errors
}
