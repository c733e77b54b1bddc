// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/imageupdates"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// An ImageBisection is the result of BisectImages.
type ImageBisection struct {
	Job         string                `json:"job"`
	Good        string                `json:"good"` // ID of the image
	Bad         string                `json:"bad"`
	Found       bool                  `json:"found"`
	End         bisect.End            `json:"end"`
	Updates     []imageupdates.Update `json:"updates"`     // that break the job together if Found, otherwise candidates
	Brought     []imageupdates.Update `json:"brought"`     // that the package manager makes with them
	Unavailable []imageupdates.Update `json:"unavailable"` // that cannot be made separately
	Steps       []bisect.Trial        `json:"steps"`
	Text        []string              `json:"text"` // the result in words
}

func (b *imageBisect) result(r *bisect.UpdateResult) *ImageBisection {
	c := b.comparison
	out := &ImageBisection{
		Job: b.Job, Good: c.Good.ID, Bad: c.Bad.ID, Found: r.End == bisect.FoundThese, End: r.End,
		Updates: c.Select(r.Culprits), Brought: c.Select(r.Brought), Unavailable: c.Missing(), Steps: b.search.Steps,
	}
	switch r.End {
	case bisect.GoodFails:
		out.Text = []string{fmt.Sprintf("%s does not pass in the good image: %s", b.Job, r.Last.Why)}
	case bisect.BadPasses:
		out.Text = []string{fmt.Sprintf("%s does not fail in the bad image: %s", b.Job, r.Last.Why)}
	case bisect.AllPass:
		out.Text = b.notUpdates(out)
	case bisect.NoneFails:
		out.Text = []string{fmt.Sprintf("the search ends: %s does not fail with any set of updates that could be installed", b.Job)}
	case bisect.Unclear:
		out.Text = []string{fmt.Sprintf("%s failed with these updates among others, but not with them alone; it may fail at random:", b.Job)}
		out.Text = append(out.Text, lines(out.Updates)...)
	default:
		out.Text = b.culprits(r, out)
	}
	return out
}

// notUpdates describes a job that passes with all updates that can be made.
func (b *imageBisect) notUpdates(out *ImageBisection) []string {
	if len(b.comparison.Updates) == 0 {
		return []string{fmt.Sprintf("the images have the same packages; something else makes %s fail", b.Job)}
	}
	text := []string{fmt.Sprintf("%s passes in the good image with all %s that can be made", b.Job, plural(len(b.comparison.Names()), "update"))}
	if len(b.comparison.Names()) == 0 {
		text = []string{"none of the updates can be made"}
	}
	if len(out.Unavailable) == 0 {
		return append(text, "the images differ in something other than packages: files, variables or what pip installed")
	}
	text = append(text, "the cause is one of these, which cannot be made separately, or something other than packages:")
	return append(text, lines(out.Unavailable)...)
}

// culprits describes the updates that make the job fail, and what shows it.
func (b *imageBisect) culprits(r *bisect.UpdateResult, out *ImageBisection) []string {
	title := fmt.Sprintf("the update of %s breaks %s", strings.Join(r.Culprits, " together with that of "), b.Job)
	if !out.Found {
		title = fmt.Sprintf("one of these updates, or several together, breaks %s; they could not be tried separately:", b.Job)
	}
	text := append([]string{title}, lines(out.Updates)...)
	if len(out.Brought) > 0 {
		text = append(text, string(b.comparison.Good.Manager)+" changes these as well, at least in part:")
		text = append(text, lines(out.Brought)...)
	}
	if len(r.Passed) > 0 && out.Found {
		text = append(text, fmt.Sprintf("shown: it passes with the %s, and fails when %s is added", names(slices.Sorted(slices.Values(r.Passed)), "update"), r.Culprits[0]))
	}
	text = append(text, fmt.Sprintf("shown: it fails %s: %s", alone(out), r.Last.Why))
	if bad := b.search.Steps[1]; bad.Why != r.Last.Why {
		text = append(text, "note: in the bad image it fails differently: "+bad.Why)
	}
	return append(text, without(r)...)
}

// alone says with what the job fails at least.
func alone(out *ImageBisection) string {
	which := "with this update and no other"
	if len(out.Updates) > 1 {
		which = "with these updates and no others"
	}
	if len(out.Brought) > 0 {
		which = "with what is listed here and nothing else"
	}
	return which
}

// without says what happens with all other updates.
func without(r *bisect.UpdateResult) []string {
	t := r.Without
	switch {
	case t == nil:
		return nil
	case slices.ContainsFunc(t.Also, func(name string) bool { return slices.Contains(r.Culprits, name) }):
		return []string{"not shown: whether it passes without it; other updates need it"}
	case t.Verdict == bisect.Good:
		return []string{fmt.Sprintf("shown: it passes with all other %s", plural(len(t.Updates), "update"))}
	case t.Verdict == bisect.Bad:
		return []string{"shown: it also fails with all other updates, so there is another cause: " + t.Why}
	}
	return []string{"not shown: whether it passes with all other updates: " + t.Why}
}

func (b *imageBisect) describe(t *bisect.Trial) string {
	switch {
	case t.Image == bisect.GoodImage:
		return "the good image"
	case t.Image == bisect.BadImage:
		return "the bad image"
	case len(t.Updates) == len(b.comparison.Names()):
		return fmt.Sprintf("the good image with all %s", plural(len(t.Updates), "update"))
	}
	return "the good image with the " + names(t.Updates, "update")
}

func (b *imageBisect) line(t *bisect.Trial) string {
	why := t.Why
	if len(t.Also) > 0 {
		why += "; also updated: " + strings.Join(t.Also, ", ")
	}
	if len(t.Other) > 0 {
		why += "; as in neither image: " + strings.Join(t.Other, ", ")
	}
	return fmt.Sprintf("%-4s %s (%s)", t.Verdict, b.describe(t), termtext.Line(why))
}

// shownNames limits how many names a line has.
const shownNames = 5

func names(list []string, what string) string {
	if len(list) == 1 {
		return what + " of " + list[0]
	}
	if n := len(list) - shownNames; n > 1 {
		return fmt.Sprintf("%ss of %s and %d more", what, strings.Join(list[:shownNames], ", "), n)
	}
	return what + "s of " + strings.Join(list, ", ")
}

func lines(updates []imageupdates.Update) []string {
	var all []string
	for i := range updates {
		line := "  " + updates[i].String()
		if len(updates[i].Missing) > 0 {
			line += " (" + strings.Join(updates[i].Missing, "; ") + ")"
		}
		all = append(all, termtext.Line(line))
	}
	return all
}
