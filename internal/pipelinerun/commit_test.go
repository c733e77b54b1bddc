// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// TestVariablesOfCommit: conditions see the variables of the commit and of its tag.
func TestVariablesOfCommit(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, PipelineFile), []byte("t: {script: [x], rules: [{when: always}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-q", "-m", "title\n\nbody"},
		{"tag", "-m", "first\n\nsecond", "v1"}, {"tag", "light"}, {"tag", "-m", "signed\n-----BEGIN PGP SIGNATURE-----\nx", "signed"},
	} {
		if out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b.example"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	s, err := Open(t.Context(), SourceOptions{Project: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		event gitlabci.Event
		want  string
	}{
		{gitlabci.Event{Source: gitlabci.Push, Tag: "v1"}, "first\n\nsecond"},
		{gitlabci.Event{Source: gitlabci.Push, Tag: "light"}, ""},
		{gitlabci.Event{Source: gitlabci.Push, Tag: "signed"}, "signed"},
		{gitlabci.Event{Source: gitlabci.Push, Tag: "none"}, ""},
		{gitlabci.Event{Source: gitlabci.Push}, "unset"},
		{gitlabci.Event{Source: gitlabci.MergeRequest, Tag: "v1"}, "unset"},
	} {
		got := map[string]string{"CI_COMMIT_TAG_MESSAGE": "unset"}
		for v := range s.Evaluate(t.Context(), c.event).Jobs[0].Variables.All() {
			if strings.HasPrefix(v.Name, "CI_COMMIT_") || v.Name == "CI_MERGE_REQUEST_DESCRIPTION" {
				got[v.Name] = v.Value
			}
		}
		if got["CI_COMMIT_TAG_MESSAGE"] != c.want || got["CI_COMMIT_MESSAGE"] != "title\n\nbody\n" || got["CI_COMMIT_TITLE"] != "title" || got["CI_COMMIT_DESCRIPTION"] != "\nbody" {
			t.Errorf("%+v: %q", c.event, got)
		}
		if text := got["CI_MERGE_REQUEST_DESCRIPTION"]; c.event.Source == gitlabci.MergeRequest && text != "body" {
			t.Errorf("the merge request is described by %q", text)
		}
	}
}
