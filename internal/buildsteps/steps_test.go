// SPDX-License-Identifier: GPL-2.0-or-later

package buildsteps

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// shown returns what is shown of lines one second apart.
func shown(s *Steps, end outcome.State, lines ...string) string {
	var b strings.Builder
	at := time.Unix(0, 0)
	for _, line := range lines {
		b.WriteString(s.Line(line, at))
		at = at.Add(time.Second)
	}
	b.WriteString(s.End(end, at))
	return b.String()
}

func TestSteps(t *testing.T) {
	id := strings.Repeat("0f", 32)
	for _, test := range []struct {
		name  string
		live  bool
		end   outcome.State
		lines []string
		want  string
	}{
		{"nothing", false, "", nil, ""},
		{
			"whole", false, "",
			[]string{"delta 1 of 5", "STEP 1/3: FROM x", "Trying to pull x", "STEP 2/3: RUN a &&     b", "Get:1 http://x", id, "--> 1", `STEP 3/3: LABEL lcitool.digest="1"`, "COMMIT", "--> 2", id, "after"},
			"delta 1 of 5\nstep 1/3: FROM x (2.0s)\nstep 2/3: RUN a && b (4.0s)\nstep 3/3: LABEL (3.0s)\nafter\n",
		},
		{"terminal", true, "", []string{"STEP 1/2: FROM x", "STEP 2/2: RUN y", id}, "step 1/2: FROM x (1.0s)\nstep 2/2: RUN y (1.0s)\n"},
		{"cached", false, "", []string{"STEP 1/2: FROM x", "STEP 2/2: RUN y", "--> Using cache " + id, "--> " + id[:11], id}, "step 1/2: FROM x (1.0s)\nstep 2/2: RUN y (cached)\n"},
		{"stages", false, "", []string{"[1/2] STEP 1/1: FROM x", id, "[2/2] STEP 1/1: FROM y", id}, "stage 1/2, step 1/1: FROM x (2.0s)\nstage 2/2, step 1/1: FROM y (1.0s)\n"},
		{"two images", false, "", []string{"STEP 1/1: FROM x", id, "STEP 1/1: FROM y", id}, "step 1/1: FROM x (1.0s)\nstep 1/1: FROM y (1.0s)\n"},
		{"failed", false, outcome.NoImage, []string{"STEP 1/2: RUN x", "no"}, "step 1/2: RUN x (failed after 2.0s)\n"},
		{"failed on a terminal", true, outcome.NoImage, []string{"STEP 1/2: RUN x", "no"}, "step 1/2: RUN x (failed after 2.0s)\n"},
		{"stopped", false, outcome.Stopped, []string{"STEP 1/2: RUN x"}, "step 1/2: RUN x (stopped after 1.0s)\n"},
		{"failed before", false, outcome.NoImage, []string{"Trying to pull x"}, "Trying to pull x\n"},
		{
			"base image", false, "", []string{BaseLine("docker.io/x"), "I: apt", "STEP 1/1: FROM x", id},
			"building base image docker.io/x from the distribution's mirror: it cannot be pulled (2.0s)\nstep 1/1: FROM x (1.0s)\n",
		},
		{"long", false, "", []string{"STEP 1/1: RUN " + strings.Repeat("é", 1400), id}, "step 1/1: RUN " + strings.Repeat("é", longestText-5) + "… (1.0s)\n"},
		{"hostile", false, "", []string{"\x1b[2Ja\u202e", "STEP 1/1: RUN \x1b]0;t\a\u202e", id}, "a\uFFFD\nstep 1/1: RUN \uFFFD]0;t\uFFFD\uFFFD (1.0s)\n"},
	} {
		if got := shown(&Steps{Live: test.live}, test.end, test.lines...); got != test.want {
			t.Errorf("%s:\n%q, want\n%q", test.name, got, test.want)
		}
	}
}

func TestLive(t *testing.T) {
	s := &Steps{Live: true}
	if got := s.Line("STEP 1/2: FROM x", time.Time{}); got != "step 1/2: FROM x" {
		t.Errorf("%q", got)
	}
}
