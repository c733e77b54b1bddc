// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/imageupdates"
)

// The text claims only what the trials showed.
func TestImageBisection(t *testing.T) {
	update := func(name string, missing ...string) imageupdates.Update {
		return imageupdates.Update{Name: name, Packages: []imageupdates.Change{{Name: name, From: "1", To: "2"}}, Missing: missing}
	}
	all := []imageupdates.Update{update("a"), update("b"), update("c"), update("x", "no mirror has x 2")}
	fails := &bisect.Trial{Verdict: bisect.Bad, Why: "failed (1): error"}
	other := &bisect.Trial{Verdict: bisect.Bad, Why: "failed (2): another"}
	for _, test := range []struct {
		name    string
		updates []imageupdates.Update
		result  bisect.UpdateResult
		found   bool
		want    string
	}{
		{"good image", all, bisect.UpdateResult{End: bisect.GoodFails, Last: other}, false, "j does not pass in the good image: failed (2): another"},
		{"bad image", all, bisect.UpdateResult{End: bisect.BadPasses, Last: &bisect.Trial{Why: "passed"}}, false, "j does not fail in the bad image: passed"},
		{"same packages", nil, bisect.UpdateResult{End: bisect.AllPass}, false, "the images have the same packages; something else makes j fail"},
		{"none can be made", all[3:], bisect.UpdateResult{End: bisect.AllPass}, false, `none of the updates can be made
the cause is one of these, which cannot be made separately, or something other than packages:
  x: x 1 -> 2 (no mirror has x 2)`},
		{"no update", all[:3], bisect.UpdateResult{End: bisect.AllPass}, false, `j passes in the good image with all 3 updates that can be made
the images differ in something other than packages: files, variables or what pip installed`},
		{"none fails", all, bisect.UpdateResult{End: bisect.NoneFails}, false, "the search ends: j does not fail with any set of updates that could be installed"},
		{"unclear", all, bisect.UpdateResult{End: bisect.Unclear, Culprits: []string{"a"}}, false, `j failed with these updates among others, but not with them alone; it may fail at random:
  a: a 1 -> 2`},
		{"one", all, bisect.UpdateResult{
			End: bisect.FoundThese, Culprits: []string{"b"}, Passed: []string{"c", "a"}, Last: fails,
			Without: &bisect.Trial{Updates: []string{"a", "c"}, Verdict: bisect.Good},
		}, true, `the update of b breaks j
  b: b 1 -> 2
shown: it passes with the updates of a, c, and fails when b is added
shown: it fails with this update and no other: failed (1): error
shown: it passes with all other 2 updates`},
		{"two, and another cause", all, bisect.UpdateResult{End: bisect.FoundThese, Culprits: []string{"a", "b"}, Last: fails, Without: other}, true, `the update of a together with that of b breaks j
  a: a 1 -> 2
  b: b 1 -> 2
shown: it fails with these updates and no others: failed (1): error
shown: it also fails with all other updates, so there is another cause: failed (2): another`},
		{"another failure, with more", all, bisect.UpdateResult{
			End: bisect.FoundThese, Culprits: []string{"a"}, Brought: []string{"b"}, Last: other, Without: &bisect.Trial{Verdict: bisect.Bad, Also: []string{"a"}},
		}, true, `the update of a breaks j
  a: a 1 -> 2
apt changes these as well, at least in part:
  b: b 1 -> 2
shown: it fails with what is listed here and nothing else: failed (2): another
note: in the bad image it fails differently: failed (1): error
not shown: whether it passes without it; other updates need it`},
		{"undivided", all, bisect.UpdateResult{
			End: bisect.Undivided, Culprits: []string{"a", "b"}, Passed: []string{"c"}, Last: fails, Without: &bisect.Trial{Verdict: bisect.Skip, Why: "cannot be installed: E: x"},
		}, false, `one of these updates, or several together, breaks j; they could not be tried separately:
  a: a 1 -> 2
  b: b 1 -> 2
shown: it fails with these updates and no others: failed (1): error
not shown: whether it passes with all other updates: cannot be installed: E: x`},
	} {
		t.Run(test.name, func(t *testing.T) {
			image := &imageupdates.Image{Manager: imageupdates.Apt}
			b := &imageBisect{ImageBisectOptions: ImageBisectOptions{Job: "j"}, comparison: &imageupdates.Comparison{Good: image, Bad: image, Updates: test.updates}}
			b.search.Steps = []bisect.Trial{{Image: bisect.GoodImage, Verdict: bisect.Good}, {Image: bisect.BadImage, Verdict: bisect.Bad, Why: fails.Why}}
			got := b.result(&test.result)
			if text := strings.Join(got.Text, "\n"); text != test.want {
				t.Errorf("got\n%s\nwant\n%s", text, test.want)
			}
			if got.Found != test.found {
				t.Errorf("found %t", got.Found)
			}
		})
	}
}
