// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"cmp"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

const (
	maxLongest  = 10  // commands of the run that are listed
	maxCommands = 200 // commands of a job that are listed
)

// A command is a command of a job with its duration.
type command struct {
	Job      string
	Stage    string
	Text     string
	Time     string
	Duration float64
}

// A breakdown shows how long the parts of one job took.
type breakdown struct {
	Name     string
	Parts    []part
	Commands []command
	Left     int // commands that are not listed
}

type part struct{ Name, Time string }

// breakdowns returns the breakdown of each job, as far as known, and the
// commands that took longest.
func breakdowns(r *jobrecord.Run) (jobs []breakdown, longest []command) {
	for i := range r.Jobs {
		j := &r.Jobs[i]
		if len(j.Phases) == 0 && len(j.Commands) == 0 {
			continue
		}
		b := breakdown{Name: j.Name}
		for _, p := range j.Phases {
			b.Parts = append(b.Parts, part{p.Name, seconds(p.Duration)})
		}
		for _, c := range j.Commands {
			row := command{Job: j.Name, Stage: c.Stage, Text: shorten(c.Command), Time: seconds(c.Duration), Duration: c.Duration}
			if longest = append(longest, row); len(b.Commands) < maxCommands {
				b.Commands = append(b.Commands, row)
			} else {
				b.Left++
			}
		}
		jobs = append(jobs, b)
	}
	slices.SortStableFunc(longest, func(a, b command) int { return cmp.Compare(b.Duration, a.Duration) })
	return jobs, longest[:min(maxLongest, len(longest))]
}

func seconds(s float64) string {
	return outcome.Elapsed(time.Duration(s * float64(time.Second)))
}

// A segment is a part of a bar outside of the job's commands. It is drawn
// lighter.
type segment struct {
	X, W  float64
	Title string
}

func segments(j *jobrecord.Job, b bar) []segment {
	var all []segment
	total := max(j.Duration, 0.001)
	x := b.X
	for _, p := range j.Phases {
		w := min(max(0, p.Duration)/total*b.W, b.X+b.W-x)
		if p.Name != "script" && w >= 1 {
			all = append(all, segment{X: x, W: w, Title: p.Name + ": " + seconds(p.Duration)})
		}
		x += w
	}
	return all
}
