// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// TestRetriesOfRepetitions: names of repetitions are accepted, as by the other commands.
func TestRetriesOfRepetitions(t *testing.T) {
	run := &jobrecord.Stored{Run: jobrecord.Run{ID: "r", Jobs: []jobrecord.Job{
		{Name: "fl #1", Of: "fl", State: outcome.Passed, Image: "i"},
		{Name: "fl #2", Of: "fl", State: outcome.Failed, Image: "i", Container: "two"},
		{Name: "fl #3", Of: "fl", State: outcome.Failed, Image: "i"},
		{Name: "b #1", State: outcome.Failed, Image: "i"}, // a name of its own
	}}}
	for _, test := range []struct {
		patterns, want []string
		failure        string
		kept           string // container in which fl continues; "" if none does
	}{
		{patterns: []string{"fl #2"}, want: []string{"fl"}, kept: "two"},
		{patterns: []string{"fl #3"}, want: []string{"fl"}},
		{patterns: []string{"fl #1", "fl #2", "fl"}, want: []string{"fl"}, kept: "two"},
		{patterns: []string{"fl #*"}, want: []string{"fl"}, kept: "two"},
		{patterns: []string{"fl"}, want: []string{"fl"}, kept: "two"},
		{patterns: []string{"b #1"}, want: []string{"b #1"}},
		{patterns: nil, want: []string{"fl", "b #1"}, kept: "two"},
		{patterns: []string{"fl #4"}, failure: `run r has no job "fl #4"`},
		{patterns: []string{"fl", "b"}, failure: `run r has no job "b"`},
	} {
		names, err := Retries(run, test.patterns)
		if test.failure != "" {
			if err == nil || !strings.Contains(err.Error(), test.failure) {
				t.Errorf("%q: %q, %v", test.patterns, names, err)
			}
			continue
		}
		if err != nil || !slices.Equal(names, test.want) {
			t.Errorf("%q: %q, %v, want %q", test.patterns, names, err, test.want)
		}
		kept, err := Resumable(run, names, test.patterns, nil)
		if kept["fl"].Container != test.kept || (err != nil) != (test.kept == "") {
			t.Errorf("%q continues in %+v, %v, want %q", test.patterns, kept, err, test.kept)
		}
	}
}
