// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestReportsAreNoArchive: a later job gets no reports of a job whose artifacts:when does not
// fit its result, even if they are in artifacts:paths.
func TestReportsAreNoArchive(t *testing.T) {
	for when, want := range map[string]bool{"on_failure": false, "on_success": true, "always": true} {
		h := newHarness(t)
		h.writes(0, "out/a.xml")
		makes := job("make", &gitlabci.Artifacts{When: when, Paths: []string{"out"}, Reports: []gitlabci.Report{{Kind: "junit", Paths: []string{"out/a.xml"}}}})
		use := job("use", nil)
		use.ArtifactsFrom = []*Job{makes}
		h.Run(t.Context(), makes, scheduler.Streams{})
		h.engine.stage = nil
		h.Run(t.Context(), use, scheduler.Streams{})
		if _, got := h.engine.last().files[treeDir+"/out/a.xml"]; got != want || h.stored(t, "make") != "out/a.xml" || h.warnings.Len() > 0 {
			t.Errorf("%s: a later job has it: %v; stored %q, %s", when, got, h.stored(t, "make"), h.warnings.String())
		}
	}
}

// TestRefusedReports: most reports take only files, and some only one.
func TestRefusedReports(t *testing.T) {
	for _, c := range []struct {
		kind, paths, files string
		why                string // "" for an accepted report
	}{
		{"junit", "a.xml", "a.xml", ""},
		{"junit", "none.xml", "a.xml", ""},
		{"junit", "r/*.xml a.xml", "r/a.xml r/b.xml a.xml", ""},
		{"junit", "**/*.xml", "r/a.xml r/s/b.xml", ""},
		{"junit", "r", "r/a.xml", `"r" is a directory`},
		{"junit", "r/**", "r/a.xml", `"r" is a directory`},
		{"junit", "r/*", "r/a.xml r/s/b.xml", `"r/s" is a directory`},
		{"junit", ".", "a.xml", `"." is a directory`},
		{"junit", "l.xml", "", `"l.xml" is a symbolic link`},
		{"dotenv", "d", "d/a.env", `"d" is a directory`},
		{"coverage_report", "c", "c/a.xml", `"c" is a directory`},
		{"codequality", "*.json", "a.json", ""},
		{"codequality", "l.xml", "", ""},
		{"codequality", "*.json", "a.json b.json", "more than one file matches"},
		{"codequality", "a.json *.json", "a.json", ""},
		{"terraform", "a.json b.json", "a.json b.json", "more than one file matches"},
		{"sast", "d", "d/a.json", `"d" is a directory`},
		{"lsif", "d", "d/a d/b", ""},
	} {
		for code, want := range []outcome.State{outcome.Passed, outcome.Failed} {
			h := newHarness(t)
			h.writes(code, strings.Fields(c.files)...)
			write := h.engine.stage
			h.engine.stage = func(ctx context.Context, k *memoryContainer, name, status string) error {
				k.links = map[string]string{treeDir + "/l.xml": "a.xml"}
				return write(ctx, k, name, status)
			}
			j := job("x", &gitlabci.Artifacts{When: "on_success", Reports: []gitlabci.Report{{Kind: c.kind, Paths: strings.Fields(c.paths)}}})
			result, _ := h.Run(t.Context(), j, scheduler.Streams{})
			if c.why != "" {
				want = outcome.Failed
			}
			said := h.warnings.String()
			if result.Err != nil {
				said += result.Err.Error()
			}
			if result.State != want || strings.Contains(said, "GitLab refuses the "+c.kind) != (c.why != "") || !strings.Contains(said, c.why) {
				t.Errorf("%s %s with %s, status %d: %s; %s", c.kind, c.paths, c.files, code, result.Text(), said)
			}
		}
	}
}
