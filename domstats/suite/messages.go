// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"regexp"
)

// messages are what a case has to say. The same text counts, and of many that
// differ in numbers and names of statistics only, a few stand for the rest.
type messages struct {
	texts []string
	times map[string]int
	kinds map[string]int
}

// Bounds of what one case may say.
const (
	mostOfKind   = 3
	mostMessages = 60
)

func (m *messages) add(text string) {
	if m.times == nil {
		m.times, m.kinds = map[string]int{}, map[string]int{}
	}
	if m.times[text]++; m.times[text] > 1 {
		return
	}
	k := kind(text)
	if m.kinds[k]++; m.kinds[k] <= mostOfKind && len(m.texts) < mostMessages {
		m.texts = append(m.texts, text)
	}
}

func (m *messages) any() bool { return len(m.texts) > 0 }

// kind is a message without numbers and names.
func kind(text string) string {
	text = regexp.MustCompile(`[a-z]+(\.[A-Za-z0-9_-]+)+`).ReplaceAllString(text, "N")
	return regexp.MustCompile(`[0-9][0-9.]*[mµn]?s?`).ReplaceAllString(text, "#")
}

// lines are the messages in the order in which they came first.
func (m *messages) lines() []string {
	var out []string
	left := map[string]int{}
	for k, n := range m.kinds {
		left[k] = n
	}
	for _, text := range m.texts {
		k := kind(text)
		left[k]--
		line := text
		if n := m.times[text]; n > 1 {
			line += fmt.Sprintf(" (%d times)", n)
		}
		out = append(out, line)
	}
	for _, text := range m.texts {
		if k := kind(text); left[k] > 0 {
			out = append(out, fmt.Sprintf("… and %d more like: %s", left[k], text))
			left[k] = 0
		}
	}
	return out
}
