// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// TestLocate: a job is continued where the command that failed is, and never behind it.
func TestLocate(t *testing.T) {
	for _, c := range []struct {
		then string // commands, separated by blanks
		n    int
		now  string
		want string // number, or a part of the error
		note string // a part of the notes
	}{
		{"A B C", 2, "A B C", "2", ""},
		{"A B C", 2, "A B2 C", "2", ""},
		{"A B C", 2, "A B C2 D", "2", ""},
		{"A B C", 2, "B C", "1", "the command that failed was number 2 then\nthe commands that ran before it are not those of the script any more"},
		{"A B C", 2, "X A B C", "3", "the command that failed was number 2 then\ncommands before it that are new or have changed were not run: X"},
		{"A B C", 2, "A X B C", "2", ""},
		{"A B C", 2, "A2 B C", "2", "were not run: A2"},
		{"A B C", 2, "A2 B2 C", "commands before it have changed", ""},
		{"A B C", 2, "A C", `not in the script any more: "B"`, ""},
		{"A B C", 2, "A C2", `not in the script any more: "B"`, ""},
		{"A B C", 2, "A", `not in the script any more: "B"`, ""},
		{"A B C", 2, "C", "commands before it have changed", ""},
		{"A B C", 2, "", "commands before it have changed", ""},
		{"A B C", 2, "A B1 B2 C", "2", ""},
		{"A B", 2, "A C D", "2", ""},
		{"A B", 1, "X B", "1", ""},
		{"A B", 1, "B", `not in the script any more: "A"`, ""},
		{"A B B", 2, "B B", `more than one is the command that failed: "B"`, ""},
		{"A B B", 2, "B", `more than one is the command that failed: "B"`, ""},
		{"A B C", 2, "A2 B B", `more than one is the command that failed: "B"`, ""},
		{"A B C", 3, "B A C", "3", "are not those of the script any more"},
		{"A B C", 4, "A B C", "which it does not have", ""},
		{"A B\nC D", 2, "B\nC D", "1", "was number 2 then"},
	} {
		p, err := origin{Commands: strings.Split(c.then, " ")}.locate(c.n, strings.Split(c.now, " "))
		got, note := fmt.Sprint(p.at), ""
		if err != nil {
			got = err.Error()
		} else {
			note = strings.Join(p.notes(strings.Split(c.now, " ")), "\n")
		}
		if !strings.Contains(got, c.want) || !strings.Contains(note, c.note) || c.note == "" && note != "" {
			t.Errorf("%q, %d, %q: %s, %q; want %s, %q", c.then, c.n, c.now, got, note, c.want, c.note)
		}
	}
}

// TestLocateAgain: what ran before the first attempt counts at the second one.
func TestLocateAgain(t *testing.T) {
	p, err := origin{Commands: []string{"A", "B", "C", "D"}}.locate(3, []string{"A", "C", "D"})
	if err != nil || p.at != 2 {
		t.Fatal(p, err)
	}
	again := p.origin.at(p, []string{"A", "C", "D"}, nil, nil)
	for _, c := range []struct{ n, at int }{{2, 2}, {3, 3}} {
		if p, err := again.locate(c.n, []string{"A", "C", "D"}); err != nil || p.at != c.at {
			t.Errorf("after command %d: at %d, %v", c.n, p.at, err)
		}
	}
	if _, err := again.locate(1, []string{"A", "C", "D"}); err == nil {
		t.Error("located in a command that was not run")
	}
}

// TestCheckImage: the result in a kept container is not that of a job with another image.
func TestCheckImage(t *testing.T) {
	h := newHarness(t)
	started := &Job{Job: gitlabci.Job{Image: &gitlabci.Image{User: "u"}}, Image: Image{Reference: "image", Alternatives: []string{"other"}}, imageID: "id of image"}
	was := started.imageOrigin()
	for name, c := range map[string]struct {
		change func(j *Job, was *imageOrigin)
		want   string
	}{
		"same":        {func(*Job, *imageOrigin) {}, ""},
		"alternative": {func(_ *Job, was *imageOrigin) { was.Reference, was.ID = "other", "id of other" }, ""},
		"name":        {func(j *Job, _ *imageOrigin) { j.Image.Reference = "new" }, "its image is new now, and its kept container has image"},
		"moved":       {func(_ *Job, was *imageOrigin) { was.ID = "old" }, "image image is not the one of its kept container any more"},
		"Dockerfile":  {func(_ *Job, was *imageOrigin) { was.Built = "old" }, "the Dockerfile of image image has changed"},
		"user":        {func(_ *Job, was *imageOrigin) { was.User = "" }, "the user, the platform or the entrypoint"},
		"entrypoint":  {func(_ *Job, was *imageOrigin) { was.Entrypoint = []string{"x"} }, "the user, the platform or the entrypoint"},
	} {
		now, then := *started, was
		c.change(&now, &then)
		err := h.checkImage(t.Context(), &now, then)
		if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
