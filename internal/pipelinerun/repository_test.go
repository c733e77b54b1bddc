// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGitProcesses limits the number of git processes at the start of a run.
func TestGitProcesses(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, PipelineFile), []byte("t: {script: [x], rules: [{when: always}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"init -q -b main", "remote add origin https://host.example/group/p", "add .", "commit -q -m one", "update-ref refs/remotes/origin/main HEAD"} {
		if out, err := exec.Command(git, append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b.example"}, strings.Fields(args)...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	bin, count := t.TempDir(), filepath.Join(t.TempDir(), "count")
	script := "#!/bin/sh\necho x >>'" + count + "'\nexec '" + git + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	s, err := Open(t.Context(), SourceOptions{Project: dir, Checkouts: filepath.Join(t.TempDir(), "checkouts")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o := EventOptions{Name: "merge-request", Branch: "main"}
	event, err := o.Event(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	e := s.Evaluate(t.Context(), event)
	if event := e.event; event.Project != "p" || event.Predefined["CI_MERGE_REQUEST_DIFF_BASE_SHA"] != event.Commit || event.Commit == "" {
		t.Errorf("event %+v", event)
	}
	p, err := e.Plan(t.Context(), Choice{})
	if err != nil || len(p.Jobs) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	data, err := os.ReadFile(count)
	if n := strings.Count(string(data), "x"); n == 0 || n > 6 {
		t.Errorf("%d processes, %v", n, err)
	}
}
