// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// TestNeeded: a command that is constructed alone has the same name and help as in the whole
// tree.
func TestNeeded(t *testing.T) {
	silent := func() *app { return &app{Streams: stdio.Streams{Stdout: io.Discard, Stderr: io.Discard}} }
	whole := newRoot(silent())
	for _, v := range verbs() {
		list := needed([]string{v.name, "--help"})
		if v.name == configVerb {
			if len(list) != len(verbs()) {
				t.Errorf("%s: made with %d verbs", v.name, len(list))
			}
			continue
		}
		if len(list) != 1 {
			t.Errorf("%s: made with %d verbs", v.name, len(list))
		}
		got, _, err := newRootWith(silent(), list).Find([]string{v.name})
		want, _, err2 := whole.Find([]string{v.name})
		if err != nil || err2 != nil || got.Name() != v.name {
			t.Errorf("%s: found %v, %v, %v", v.name, got, err, err2)
			continue
		}
		if got.UsageString() != want.UsageString() {
			t.Errorf("%s: the help is\n%s\nand among all verbs\n%s", v.name, got.UsageString(), want.UsageString())
		}
	}
	for _, args := range [][]string{nil, {"help", "job"}, {"--debug", "version"}, {"__complete", "version"}, {"completion", "bash"}, {"versoin"}, {""}} {
		if got := needed(args); len(got) != len(verbs()) {
			t.Errorf("%q: made with %d verbs", args, len(got))
		}
	}
}
