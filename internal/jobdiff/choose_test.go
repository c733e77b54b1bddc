// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// stored returns a store with four runs, the last but one of another project.
func stored(t *testing.T) *jobrecord.Store {
	t.Helper()
	s := &jobrecord.Store{Dir: t.TempDir()}
	job := func(name, target string, state outcome.State) jobrecord.Job {
		j := jobrecord.Job{Name: name, Target: target, State: state}
		if state.Ended() && state != outcome.NotRun {
			j.Started = time.Unix(1, 0)
		}
		return j
	}
	for _, r := range []jobrecord.Run{
		{ID: "20260101-000000-1", Project: "/p", Jobs: []jobrecord.Job{job("a", "debian-12", outcome.Passed), job("b: [x]", "debian-13", outcome.Passed)}},
		{ID: "20260102-000000-2", Project: "/p", Jobs: []jobrecord.Job{job("a", "debian-12", outcome.Failed), job("b: [x]", "debian-13", outcome.NotRun), job("c@passed", "", outcome.Failed)}},
		{ID: "20260103-000000-3", Project: "/other", Jobs: []jobrecord.Job{job("a", "debian-12", outcome.Passed)}},
		{ID: "20260103-000001-4", Project: "/p", Jobs: []jobrecord.Job{job("a", "debian-12", outcome.Failed), job("a-clang", "debian-12", outcome.Passed), job("d", "x", outcome.Running)}},
	} {
		store(t, s, r)
	}
	return s
}

// store adds a run to a store.
func store(t *testing.T, s *jobrecord.Store, run jobrecord.Run) {
	t.Helper()
	dir := filepath.Join(s.Dir, run.ID)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := jobrecord.Write(dir, &run); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	c := &Chooser{Store: stored(t), Project: "/p"}
	for _, test := range []struct{ text, want, wantErr string }{
		{"a", "20260103-000001-4 a", ""},
		{"b: [x]", "20260101-000000-1 b: [x]", ""}, // it did not run since
		{"debian-13", "20260101-000000-1 b: [x]", ""},
		{"a@previous", "20260102-000000-2 a", ""},
		{"a@passed", "20260101-000000-1 a", ""},
		{"a@failed", "20260103-000001-4 a", ""},
		{"c@passed", "20260102-000000-2 c@passed", ""}, // a job may be called so
		{"20260101:a", "20260101-000000-1 a", ""},
		{"20260101:debian-13", "20260101-000000-1 b: [x]", ""},
		{"20260103-000000:a", "20260103-000000-3 a", ""}, // of another project
		{"20260102:b: [x]", "", `no job or target "b: [x]" ran in run`},
		{"2026:a", "", "more than one run"},
		{"20250101:a", "", `no run "20250101"`},
		{"debian-12", "", "several jobs for target \"debian-12\", name one: a, a-clang"},
		{"d", "", "no run of /p has a job or target"}, // it never ended
		{"b: [x]@previous", "", "no run of /p"},
		{"b: [x]@failed", "", "no run of /p"},
		{"a@next", "", "no run of /p"},
		{"@previous", "", "no run of /p"},
		{"", "", "no run of /p"},
		{"nobody", "", "no run of /p"},
	} {
		in, err := c.Find(test.text)
		got := ""
		if in != nil {
			got = in.Run.ID + " " + in.Job.Name
		}
		if got != test.want || (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%q: %q, %v; want %q, %q", test.text, got, err, test.want, test.wantErr)
		}
	}
}

// TestFindRepetitions: JOB is the last repetition that fits.
func TestFindRepetitions(t *testing.T) {
	s := stored(t)
	repetition := func(name string, state outcome.State) jobrecord.Job {
		return jobrecord.Job{Name: name, Of: "a", Target: "debian-12", State: state, Started: time.Unix(1, 0)}
	}
	run := jobrecord.Run{ID: "20260105-000000-6", Project: "/p", Jobs: []jobrecord.Job{
		repetition("a #1", outcome.Failed), repetition("a #2", outcome.Passed), repetition("a #3", outcome.Failed), repetition("a #4", outcome.Passed),
		{Name: "a #5", Of: "a", Target: "debian-12", State: outcome.NotRun},
	}}
	store(t, s, run)
	c := &Chooser{Store: s, Project: "/p"}
	for text, want := range map[string]string{
		"a": "a #4", "a@failed": "a #3", "a@passed": "a #4", "debian-12@failed": "a #3", "a #1": "a #1", "20260105:a": "a #4", "a@previous": "a",
	} {
		if in, err := c.Find(text); err != nil || in.Job.Name != want {
			t.Errorf("%s: %+v, %v, want %q", text, in, err, want)
		}
	}
	left, right, err := c.Pair([]string{"a"})
	if err != nil || left.Run.ID != "20260103-000001-4" || right.Job.Name != "a #4" {
		t.Errorf("%+v and %+v, %v", left, right, err)
	}
	left, right, err = c.Pair([]string{"a@passed", "a@failed"})
	if err != nil || left.Job.Name != "a #4" || right.Job.Name != "a #3" {
		t.Errorf("%+v and %+v, %v", left, right, err)
	}
}

// TestJobCalledLikeTarget: a job goes before jobs for a target with its name.
func TestJobCalledLikeTarget(t *testing.T) {
	s := stored(t)
	job := func(name, of string) jobrecord.Job {
		return jobrecord.Job{Name: name, Of: of, Target: "debian-12", State: outcome.Passed, Started: time.Unix(1, 0)}
	}
	for _, run := range []jobrecord.Run{
		{ID: "20260105-000000-6", Project: "/p", Jobs: []jobrecord.Job{job("debian-12", ""), job("other", "")}},
		{ID: "20260106-000000-7", Project: "/p", Jobs: []jobrecord.Job{job("debian-12 #1", "debian-12"), job("debian-12 #2", "debian-12"), job("other", "")}},
	} {
		store(t, s, run)
	}
	c := &Chooser{Store: s, Project: "/p"}
	in, err := c.Find("debian-12")
	if err != nil || in.Job.Name != "debian-12 #2" {
		t.Fatalf("%+v, %v", in, err)
	}
	if in, err = c.Previous(in); err != nil || in.Run.ID != "20260105-000000-6" || in.Job.Name != "debian-12" {
		t.Fatalf("before: %+v, %v", in, err)
	}
	if in, err = c.Previous(in); !errors.Is(err, fs.ErrNotExist) { // other jobs for the target are not the job
		t.Errorf("before the first run: %+v, %v", in, err)
	}
}

// TestFindBesideSteps: the steps of a search are not what JOB and JOB@failed mean.
func TestFindBesideSteps(t *testing.T) {
	s := stored(t)
	for _, id := range []string{"20260102-000000-2", "20260103-000001-4"} {
		if err := os.WriteFile(filepath.Join(s.Dir, id, "bisect"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &Chooser{Store: s, Project: "/p"}
	for text, want := range map[string]string{
		"a": "20260101-000000-1", "a@passed": "20260101-000000-1", "a@failed": "20260103-000001-4", "20260102:a": "20260102-000000-2", "a-clang": "20260103-000001-4",
	} {
		if in, err := c.Find(text); err != nil || in.Run.ID != want {
			t.Errorf("%s: %+v, %v, want %s", text, in, err, want)
		}
	}
}

func TestPrevious(t *testing.T) {
	c := &Chooser{Store: stored(t), Project: "/p"}
	in, err := c.Find("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"20260102-000000-2", "20260101-000000-1"} {
		if in, err = c.Previous(in); err != nil || in.Run.ID != want || in.Job.Name != "a" {
			t.Fatalf("%+v, %v; want run %s", in, err, want)
		}
	}
	if in, err = c.Previous(in); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first run: %+v, %v", in, err)
	}
}

func TestText(t *testing.T) {
	left := logged(t, append([]string{"STEP 1"}, append(append([]string{"$ meson test"}, numbered(1, 5)...), "1/1 unit OK 0.1s")...)...)
	right := logged(t, append(append([]string{"$ meson test"}, numbered(1, 5)...), "1/1 unit FAIL 0.2s", "\x1b]0;title\a end")...)
	left.Run.ID, right.Run.ID = "20260101-000000-1", "20260102-000000-2"
	left.Job.Name, left.Job.State, left.Job.Duration, left.Job.Image = "x86_64-debian-12", outcome.Passed, 12.34, "ci/debian-12"
	right.Job.Name, right.Job.State, right.Job.Duration, right.Job.Image = "x86_64-debian-13", outcome.Failed, 3, "ci/debian-13"
	right.Job.Code, right.Job.Line, right.Run.Commit = 1, "1/1 unit FAIL 0.2s\x1b[2J", "abc"
	left.Job.Packages = []string{"gcc_4:12.2.0-3_amd64", "old_1_amd64", "same_1_all"}
	right.Job.Packages = []string{"gcc_4:14.2.0-1_amd64", "new_1_amd64", "same_1_all"}
	left.Job.Env, right.Job.Env = []string{"CC=gcc", "A=1"}, []string{"CC=clang\n", "A=1"}
	d, err := Compare(left, right)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, d *Difference) {
		t.Helper()
		var b strings.Builder
		if err := d.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		golden.File(t, "testdata/"+name, []byte(b.String()))
	}
	check("differs.txt", d)
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, "testdata/differs.json", append(data, '\n'))

	if d, err = Compare(left, left); err != nil {
		t.Fatal(err)
	}
	check("same.txt", d)
	right.Job.Packages = []string{"gcc-14.2.0-1.fc44.x86_64"}
	left.Generic, right.Generic = map[string]string{"gcc": "gcc"}, map[string]string{"gcc": "gcc"}
	if d, err = Compare(left, right); err != nil {
		t.Fatal(err)
	}
	check("formats.txt", d)
	right.Job.Packages = nil
	if d, err = Compare(left, right); err != nil || d.Packages != nil {
		t.Errorf("packages of one side: %+v, %v", d.Packages, err)
	}
}
