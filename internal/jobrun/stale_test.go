// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// TestStaleArtifacts: what an earlier run left of a job that is part of this run
// is given to nobody, whether the job failed, left nothing or never began.
func TestStaleArtifacts(t *testing.T) {
	var warned []string
	r := &Runner{Artifacts: t.TempDir(), Warn: func(_, what string) { warned = append(warned, what) }}
	from := &Job{Job: gitlabci.Job{Name: "make", Artifacts: &gitlabci.Artifacts{Paths: []string{"out"}}}, Runs: true}
	old := filepath.Join(JobDir(r.Artifacts, "make"), "out")
	lay := func() {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(old), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lay()
	if err := r.handOn(t.Context(), &Job{}, from, nil); err != nil || len(warned) != 1 {
		t.Errorf("handed on by a job that never began: %v, %q", err, warned)
	}
	if err := r.removeArtifacts(from); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(old)); err == nil {
		t.Error("the job began, and what an earlier run left is still there")
	}
	lay()
	for _, test := range []struct{ runs, stored, want bool }{
		{true, false, false}, {true, true, true}, {false, false, true},
	} {
		r := &Runner{Artifacts: r.Artifacts}
		from.Runs = test.runs
		if test.stored {
			r.stored(from)
		}
		if has, err := r.hasArtifacts(from); err != nil || has != test.want {
			t.Errorf("%+v: has %v, %v", test, has, err)
		}
	}
}

// TestRemovalFollowsNoLink: a fork's tree does not choose what is removed.
func TestRemovalFollowsNoLink(t *testing.T) {
	for _, link := range []string{".lcitool", ".lcitool/artifacts"} {
		project, elsewhere := t.TempDir(), t.TempDir()
		precious := filepath.Join(elsewhere, "artifacts", "make", "precious")
		target := elsewhere
		if link != ".lcitool" {
			precious = filepath.Join(elsewhere, "make", "precious")
			if err := os.Mkdir(filepath.Join(project, ".lcitool"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.MkdirAll(precious, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(project, link)); err != nil {
			t.Fatal(err)
		}
		r := &Runner{Artifacts: filepath.Join(project, ".lcitool/artifacts")}
		if err := r.removeArtifacts(&Job{Job: gitlabci.Job{Name: "make"}}); err == nil {
			t.Errorf("%s: removing through a link is no error", link)
		}
		if _, err := os.Stat(precious); err != nil {
			t.Errorf("%s: %v", link, err)
		}
	}
}

// TestPackageLines: apk lists a package with its description, blanks and all.
func TestPackageLines(t *testing.T) {
	text := "musl-1.2.5-r0 x86_64 {musl} (MIT)\nname\u00a0with space\r\n\n \nlast"
	want := []string{"musl-1.2.5-r0 x86_64 {musl} (MIT)", "name\u00a0with space", "last"}
	if got := nonEmptyLines(text); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
