// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"os"

	"gitlab.com/lcitool/lcitool/internal/jobevents"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// openEvents gives the writer for the events that --events asks for, nil for
// none. done closes it. On stdout they take the place of what jobs print.
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
	return jobevents.New(file), func() { _ = file.Close() }, nil // what is not written, the run has said
}
