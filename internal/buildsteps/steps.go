// SPDX-License-Identifier: GPL-2.0-or-later

// Package buildsteps shows the builds of images, one line for each step.
//
// The complete output of a builder is kept in a log. It is shown only if the
// build fails.
package buildsteps

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// longestText is how much of a step's instruction is shown, in characters.
const longestText = 64

var (
	stepLine = lazyregexp.New(`^(?:\[(\d+)/(\d+)\] )?STEP (\d+)/(\d+): (.*)$`)
	idLine   = lazyregexp.New(`^[0-9a-f]{64}$`)
)

// bootstrapping begins the line that BaseLine returns.
const bootstrapping = "building base image "

// BaseLine is the line of a build whose base image is built first. Like a step,
// it stands for all that follows.
func BaseLine(reference string) string {
	return bootstrapping + reference + " from the distribution's mirror: it cannot be pulled"
}

// Steps reduces the output of builds to one line for each step. Lines that are
// not part of a step are kept. The zero value is ready to use.
type Steps struct {
	Live bool // a step is shown when it begins, and its time added when it ends

	text   string // of the step that runs, "" for none
	begun  time.Time
	cached bool
	last   bool // no step follows
}

// Line adds a line of output and returns the text to show.
func (s *Steps) Line(line string, at time.Time) string {
	if text, last := step(line); text != "" {
		return s.end(at, "") + s.begin(text, last, at)
	}
	switch {
	case s.text == "":
		return termtext.LogLine(line) + "\n"
	case s.last && idLine.MatchString(line):
		return s.end(at, "")
	case strings.HasPrefix(line, "--> Using cache "):
		s.cached = true
	}
	return ""
}

// End ends the build and returns the text to show. The state is NoImage for a
// failed build and Stopped for one that was interrupted.
func (s *Steps) End(state outcome.State, at time.Time) string {
	switch state {
	case outcome.NoImage:
		return s.end(at, "failed after ")
	case outcome.Stopped:
		return s.end(at, "stopped after ")
	}
	return s.end(at, "")
}

// step returns the text of the step that a line begins, "" if it begins none.
func step(line string) (text string, last bool) {
	if strings.HasPrefix(line, bootstrapping) {
		return termtext.Line(line), false
	}
	m := stepLine.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	text = fmt.Sprintf("step %s/%s: %s", m[3], m[4], instruction(m[5]))
	if m[1] != "" {
		text = fmt.Sprintf("stage %s/%s, %s", m[1], m[2], text)
	}
	return text, m[1] == m[2] && m[3] == m[4]
}

// instruction shortens an instruction of a Dockerfile and hides its labels.
func instruction(text string) string {
	text = strings.Join(strings.Fields(termtext.Line(text)), " ")
	if strings.HasPrefix(text, "LABEL ") {
		return "LABEL"
	}
	if runes := []rune(text); len(runes) > longestText {
		return string(runes[:longestText-1]) + "…"
	}
	return text
}

func (s *Steps) begin(text string, last bool, at time.Time) string {
	s.text, s.last, s.begun, s.cached = text, last, at, false
	if s.Live {
		return text
	}
	return ""
}

func (s *Steps) end(at time.Time, how string) string {
	if s.text == "" {
		return ""
	}
	text := s.text
	s.text = ""
	if s.Live {
		text = ""
	}
	if s.cached {
		return text + " (cached)\n"
	}
	return fmt.Sprintf("%s (%s%.1fs)\n", text, how, at.Sub(s.begun).Seconds())
}
