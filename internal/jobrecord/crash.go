// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import "cmp"

// A Crash is the record of a process that dumped core in a job.
type Crash struct {
	Signal     string   `json:"signal"`     // for example "SIGSEGV"
	Command    string   `json:"command"`    // the start of its command line
	Executable string   `json:"executable"` // path in the container, or ""
	BuildID    string   `json:"build_id"`   // of the executable, in hex, or ""
	Core       string   `json:"core"`       // path in the container
	Size       int64    `json:"core_size"`  // bytes
	Saved      bool     `json:"core_saved"` // Dir has the core
	Dir        string   `json:"directory"`  // absolute; has crash.txt, and core and executable as far as they are saved
	Debugger   bool     `json:"debugger"`   // the image has gdb
	Frames     []string `json:"frames"`     // innermost frames of the thread that crashed; null without gdb
	Notes      []string `json:"notes"`      // what is not saved, and why
}

// Text describes a crash in one line.
func (c *Crash) Text() string {
	return cmp.Or(c.Signal, "crash") + " in " + cmp.Or(c.Executable, c.Command, "an unknown program")
}

// LastCrashes returns the crashes in the newest job called name, which is in a step
// of a search only if there is no other.
func LastCrashes(runs []Stored, name string) []Crash {
	for _, step := range []bool{false, true} {
		for r := range runs {
			if IsStep(runs[r].Dir) != step {
				continue
			}
			if j := runs[r].Job(name); j != nil {
				return j.Crashes
			}
		}
	}
	return nil
}
