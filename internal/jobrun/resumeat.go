// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A position says where a job in a kept container is continued.
type position struct {
	origin origin
	ran    []string // commands that ran before the one that failed
	failed string
	was    int // number of the command that failed, from 1
	at     int // number of the command to continue at in the present script, from 1
}

// locate finds where to continue the present script after command n of the
// origin's failed. The command that failed is never left out. If what ran before
// it is unchanged, the rest of the script runs; otherwise the script must have
// exactly one command with its text.
func (o origin) locate(n int, now []string) (position, error) {
	if n > len(o.Commands) || n <= o.First {
		return position{}, fmt.Errorf("the script ended in command %d, which it does not have", n)
	}
	p := position{origin: o, ran: slices.Concat(o.Ran, o.Commands[o.First:n-1]), failed: o.Commands[n-1], was: n}
	rest := o.Commands[n:]
	if left, same := cutPrefix(now, p.ran); same {
		p.at = len(p.ran) + 1
		// A shorter script, or one that goes on with a later command, may have lost it.
		edited := len(left) > len(rest) && !slices.Contains(rest, left[0])
		if slices.Contains(left, p.failed) || edited {
			return p, nil
		}
		return p, fmt.Errorf("the command that failed is not in the script any more: %q", termtext.FirstLine(p.failed))
	}
	if count(o.Commands, p.failed) == 1 && count(now, p.failed) == 1 {
		p.at = slices.Index(now, p.failed) + 1
		return p, nil
	}
	if slices.Contains(now, p.failed) {
		return p, fmt.Errorf("earlier commands of the script have changed, and more than one is the command that failed: %q", termtext.FirstLine(p.failed))
	}
	return p, fmt.Errorf("the command that failed is not in the script any more, and commands before it have changed: %q", termtext.FirstLine(p.failed))
}

func cutPrefix(list, prefix []string) (rest []string, found bool) {
	if len(list) < len(prefix) || !slices.Equal(list[:len(prefix)], prefix) {
		return list, false
	}
	return list[len(prefix):], true
}

func count(list []string, text string) (n int) {
	for _, other := range list {
		if other == text {
			n++
		}
	}
	return n
}

// notes returns lines about differences between the script before the position and
// what has run instead of it.
func (p *position) notes(now []string) []string {
	var lines []string
	if p.at != p.was {
		lines = append(lines, fmt.Sprintf("the command that failed was number %d then", p.was))
	}
	before, left := now[:p.at-1], slices.Clone(p.ran)
	var missing []string
	for _, command := range before {
		if i := slices.Index(left, command); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		missing = append(missing, termtext.FirstLine(command))
	}
	switch {
	case len(missing) > 0:
		lines = append(lines, "commands before it that are new or have changed were not run: "+strings.Join(missing, "; "))
	case !slices.Equal(before, p.ran):
		lines = append(lines, "the commands that ran before it are not those of the script any more")
	}
	return lines
}
