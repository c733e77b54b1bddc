// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"fmt"
	"time"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/junit"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// Measures of the drawing, in its own units.
const (
	labels    = 270 // columns of names
	bars      = 620 // the time of the run
	room      = 170 // for the result after the longest bar
	rowHeight = 24
	barHeight = 14
	top       = 26 // the scale
)

// longest limits the time that is drawn. A record without a start would take
// more than a Duration can hold.
const longest = 100 * 365 * 24 * time.Hour

// maxArrows limits the needs that are drawn.
const maxArrows = 300

// A drawing shows the jobs of a run as bars over time.
type drawing struct {
	Width, Height int
	Ticks         []tick
	Bars          []bar
	Arrows        []arrow
	Kinds         []kind
}

// A tick is a line of the scale.
type tick struct {
	X    float64
	Text string
}

type bar struct {
	Class         string
	Label         string // its name, cut to the room there is
	Title         string // all there is to say
	Y, Middle     int
	X, W, TextX   float64
	Text          string // how it ended
	Began, Failed bool
	Segments      []segment
}

// An arrow leads from a job to one that needs it.
type arrow struct {
	FromX, ToX float64
	FromY, ToY int
}

// A kind is an entry of the legend.
type kind struct{ Class, Text string }

func draw(r *jobrecord.Run) drawing {
	d := drawing{Width: labels + bars + room, Height: top + rowHeight*len(r.Jobs) + 4}
	begin := r.Started
	for i := range r.Jobs {
		if s := r.Jobs[i].Started; !s.IsZero() && (begin.IsZero() || s.Before(begin)) {
			begin = s
		}
	}
	whole := min(max(ended(r).Sub(begin), time.Millisecond), longest)
	x := func(t time.Duration) float64 {
		return labels + bars*min(1, max(0, float64(t)/float64(whole)))
	}
	for t, s := time.Duration(0), step(whole); t <= whole; t += s {
		d.Ticks = append(d.Ticks, tick{x(t), scale(t)})
	}
	byName := map[string]int{}
	for i := range r.Jobs {
		j := &r.Jobs[i]
		byName[j.Name] = i
		d.Bars = append(d.Bars, newBar(j, i, begin, x))
	}
	for i := range r.Jobs {
		for _, need := range r.Jobs[i].Needs {
			from, ok := byName[need]
			if !ok || !d.Bars[from].Began || !d.Bars[i].Began || len(d.Arrows) == maxArrows {
				continue
			}
			a, b := d.Bars[from], d.Bars[i]
			d.Arrows = append(d.Arrows, arrow{FromX: a.X + max(0, a.W-1.5), FromY: a.Middle, ToX: max(b.X, a.X+a.W), ToY: b.Middle})
		}
	}
	d.Kinds = legend(d.Bars)
	return d
}

func newBar(j *jobrecord.Job, i int, begin time.Time, x func(time.Duration) float64) bar {
	b := bar{
		Class: class(j), Label: middle(j.Name, 36), Title: j.Name + ": " + result(j),
		Y: top + rowHeight*i + (rowHeight-barHeight)/2, Middle: top + rowHeight*i + rowHeight/2,
		X: labels, Text: result(j), Began: !j.Started.IsZero(),
	}
	if j.Allowed {
		b.Text = outcome.Result{State: j.State, Code: j.Code}.Text() + ", allowed"
	}
	if b.Began {
		start := j.Started.Sub(begin)
		b.X = x(start)
		b.W = max(2, x(start+length(j))-b.X)
		b.Text += " " + outcome.Elapsed(length(j))
		b.Segments = segments(j, b)
		b.Title += fmt.Sprintf(", after %s for %s", outcome.Elapsed(start), outcome.Elapsed(length(j)))
	}
	b.TextX = b.X + b.W + 6
	return b
}

// legend explains the classes of bars that occur.
func legend(bars []bar) []kind {
	all := []kind{
		{"passed", "passed"}, {"failed", "failed"}, {"allowed", "failed, allowed"}, {"timeout", "timed out"},
		{"broken", "no image, engine error"}, {"stopped", "stopped"},
	}
	var out []kind
	for _, k := range all {
		for _, b := range bars {
			if b.Began && b.Class == k.Class {
				out = append(out, k)
				break
			}
		}
	}
	return out
}

// step returns the distance of the scale's lines. There are at most ten lines.
func step(whole time.Duration) time.Duration {
	const s, m, h = time.Second, time.Minute, time.Hour
	for _, t := range []time.Duration{
		s / 1000, s / 100, s / 10, s / 5, s / 2, s, 2 * s, 5 * s, 10 * s, 20 * s, 30 * s, m, 2 * m, 5 * m, 10 * m, 20 * m, 30 * m, h, 2 * h, 6 * h, 12 * h,
	} {
		if whole <= 10*t {
			return t
		}
	}
	return max(24*h, (whole/10).Round(24*h)+24*h)
}

func scale(t time.Duration) string {
	switch {
	case t < time.Second && t > 0:
		return t.String()
	case t < time.Minute:
		return fmt.Sprintf("%gs", t.Seconds())
	case t < time.Hour && t%time.Minute == 0:
		return fmt.Sprintf("%dm", t/time.Minute)
	case t%time.Hour == 0:
		return fmt.Sprintf("%dh", t/time.Hour)
	}
	return t.Round(time.Second).String()
}

// middle shortens a name in its middle, because names of jobs differ at both
// ends.
func middle(name string, most int) string {
	name = junit.Clean(name)
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	runes := []rune(name)
	half := (most - 1) / 2
	return string(runes[:most-1-half]) + "…" + string(runes[len(runes)-half:])
}
