// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// remoteToken must not appear in any output or file.
const remoteToken = "glpat-marker-77c1"

// A remoteJob is a job of the server's pipeline that has ended when it is first polled.
type remoteJob struct {
	name, status, log string
	allowed           bool
}

// A remoteServer answers as GitLab for one project, with one pipeline that exists after a
// push.
type remoteServer struct {
	pushed string // file that a push makes
	commit string
	jobs   []remoteJob
	refuse int // status of all answers, 0 for none

	mu sync.Mutex
}

func (s *remoteServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	if s.refuse != 0 || r.Header.Get("Private-Token") != remoteToken {
		answer(max(s.refuse, http.StatusUnauthorized), map[string]any{"message": "no: " + r.Header.Get("Private-Token")})
		return
	}
	status := "success"
	jobs := []any{}
	for i, j := range s.jobs {
		if j.status == "failed" && !j.allowed {
			status = "failed"
		}
		jobs = append(jobs, map[string]any{
			"id": i + 1, "name": j.name, "stage": "builds", "status": j.status, "allow_failure": j.allowed, "duration": 61.5,
			"started_at": "2026-01-02T03:04:05Z",
		})
	}
	pipeline := map[string]any{"id": 5, "project_id": 1, "sha": s.commit, "ref": "topic", "status": status}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4/projects/group%2Fname/")
	switch {
	case path == "pipelines":
		all := []any{}
		if _, err := os.Stat(s.pushed); err == nil {
			all = append(all, pipeline)
		}
		answer(http.StatusOK, all)
	case path == "pipelines/5":
		answer(http.StatusOK, pipeline)
	case path == "pipelines/5/jobs":
		answer(http.StatusOK, jobs)
	case path == "pipelines/5/bridges":
		answer(http.StatusOK, []any{})
	case strings.HasSuffix(path, "/trace"):
		var n int
		_, _ = fmt.Sscanf(path, "jobs/%d/trace", &n)
		_, _ = w.Write([]byte(s.jobs[n-1].log))
	default:
		answer(http.StatusNotFound, map[string]any{"message": "404 Not Found"})
	}
}

const remoteFiles = `
-- .gitlab-ci.yml --
stages: [containers, builds]
prepare:
  stage: containers
  script: [make image]
x86_64-debian-13:
  stage: builds
  variables: {NAME: debian-13, TARGET_BASE_IMAGE: debian}
  script: [make]
  artifacts: {reports: {junit: build/*.xml}}
lint:
  stage: builds
  needs: []
  script: [make lint]
`

// remote runs the jobs of a checkout whose remote is s.
func remote(t *testing.T, s *remoteServer, args ...string) ran {
	t.Helper()
	return remoteIn(t, s, remoteFiles, append([]string{"--debug", "job", "run", "--remote", "--project", "group/name", "--poll", "1ms"}, args...)...)
}

// remoteIn runs a command line in a checkout of files whose remote is s.
func remoteIn(t *testing.T, s *remoteServer, files string, args ...string) ran {
	t.Helper()
	dir := t.TempDir()
	work, bare := filepath.Join(dir, "work"), filepath.Join(dir, "bare.git")
	write(t, work, files)
	t.Chdir(work)
	for name, value := range map[string]string{
		"HOME": dir, "GIT_CONFIG_GLOBAL": filepath.Join(dir, "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
	} {
		t.Setenv(name, value)
	}
	s.pushed = filepath.Join(dir, "pushed")
	script := fmt.Sprintf(`set -e
git init -q --bare %[1]s
git -C %[1]s config receive.advertisePushOptions true
printf '#!/bin/sh\nenv | grep GIT_PUSH_OPTION_ > %[2]s\n' > %[1]s/hooks/post-receive
chmod +x %[1]s/hooks/post-receive
git init -q -b topic
git add .
git commit -q -m begin
git remote add origin %[1]s
git rev-parse HEAD`, bare, s.pushed)
	out, err := exec.Command("sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.commit = strings.TrimSpace(string(out))
	server := httptest.NewServer(s)
	defer server.Close()
	env := map[string]string{"HOME": dir, "GITLAB_TOKEN": remoteToken, "GITLAB_HOST": server.URL}
	var mu sync.Mutex
	var stdout, stderr strings.Builder // a file takes writes of several goroutines
	a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: lockedBuilder{&mu, &stdout}, Stderr: lockedBuilder{&mu, &stderr}, Getenv: func(name string) string { return env[name] }}}
	got := ran{status: run(t.Context(), a, args), stdout: stdout.String(), stderr: stderr.String()}
	if strings.Contains(got.stdout+got.stderr, remoteToken) {
		t.Errorf("the token was told:\n%s\n%s", got.stdout, got.stderr)
	}
	return got
}

func TestRemoteJobs(t *testing.T) {
	good := remoteJob{name: "x86_64-debian-13", status: "success", log: "fine\n"}
	bad := remoteJob{name: "x86_64-debian-13", status: "failed",
		log: "section_start:1:x\r\x1b[0Kgcc\nmain.c:1: error: no such thing\nmake: *** [all] Error 1\nERROR: Job failed: exit code 2\n"}
	lint := remoteJob{name: "lint", status: "success", log: "clean\n"}
	cases := []struct {
		name   string
		jobs   []remoteJob
		refuse int
		args   []string
		status int
		stdout []string
		stderr []string
	}{
		{name: "all pass", jobs: []remoteJob{lint, good}, stdout: []string{"lint | clean", "x86_64-debian-13  passed"}, stderr: []string{"pushed topic", "pipeline: http"}},
		{name: "one fails", jobs: []remoteJob{lint, bad}, status: 1,
			stdout: []string{"failed (2)", "main.c:1: error: no such thing"}, stderr: []string{"(failed)", "logs: "}},
		{name: "one may fail", jobs: []remoteJob{{name: "lint", status: "failed", allowed: true}}, stdout: []string{"failed (1), allowed"}},
		{name: "another one fails", jobs: []remoteJob{lint, bad}, args: []string{"lint"}, stdout: []string{"lint", "passed"}},
		{name: "by target", jobs: []remoteJob{lint, good}, args: []string{"--target", "debian-13"}, stdout: []string{"x86_64-debian-13  passed"}},
		{name: "no such job", jobs: []remoteJob{lint}, args: []string{"nosuch"}, status: 1, stderr: []string{"no such job in the pipeline"}},
		{name: "no such target", jobs: []remoteJob{lint}, args: []string{"--target", "beos"}, status: 1, stderr: []string{"no job"}},
		{name: "refused", refuse: http.StatusForbidden, status: 1, stderr: []string{"cannot look for pipelines: 403 Forbidden", "nothing is pushed"}},
		{name: "with another option", args: []string{"--writable"}, status: 2, stderr: []string{"argument --writable: not allowed with argument --remote"}},
		{name: "polling too seldom", args: []string{"--poll", "2h"}, status: 2, stderr: []string{"argument --poll"}},
		{name: "offline", args: []string{"--offline"}, status: 2, stderr: []string{"not allowed with argument --offline"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := remote(t, &remoteServer{jobs: c.jobs, refuse: c.refuse}, c.args...)
			if got.status != c.status {
				t.Errorf("status %d, want %d", got.status, c.status)
			}
			for _, want := range c.stdout {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("stdout lacks %q", want)
				}
			}
			for _, want := range c.stderr {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("stderr lacks %q", want)
				}
			}
			if t.Failed() {
				t.Logf("stdout:\n%s\nstderr:\n%s", got.stdout, got.stderr)
			}
		})
	}
}

// TestRemoteProject: the token is used for the project that the user names, on the command
// line, in the environment or in the user's settings. The settings of the checkout name none.
func TestRemoteProject(t *testing.T) {
	const victim = "\n-- .lcitool.yml --\nproject: group/name\n" // the remote is no server, so nothing confirms it
	for _, c := range []struct {
		name, project string
		status        int
	}{
		{"of the checkout", "", 1},
		{"of the user's settings", "project: group/name\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings := filepath.Join(t.TempDir(), "config.yml")
			if err := os.WriteFile(settings, []byte(c.project), 0o600); err != nil {
				t.Fatal(err)
			}
			got := remoteIn(t, &remoteServer{jobs: []remoteJob{{name: "lint", status: "success"}}}, remoteFiles+victim, "--config", settings, "job", "run", "--remote", "--poll", "1ms")
			refused := strings.Contains(got.stderr, `.lcitool.yml:1: project: no git remote of this checkout is that of "group/name"`)
			if got.status != c.status || refused != (c.status != 0) {
				t.Errorf("status %d, want %d\n%s", got.status, c.status, got.stderr)
			}
		})
	}
}

func TestRemoteReports(t *testing.T) {
	got := remote(t, &remoteServer{jobs: []remoteJob{{name: "lint", status: "failed", log: "E: unhappy\n"}}},
		"--var", "RUN_PIPELINE=0", "--var", "V=1", "--report", "json=../report.json", "--report", "html=../report.html")
	if got.status != 1 {
		t.Errorf("status %d\n%s", got.status, got.stderr)
	}
	for _, file := range []string{"../report.json", "../report.html"} {
		data, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(data, []byte("E: unhappy")) || bytes.Contains(data, []byte(remoteToken)) {
			t.Errorf("%s: %v\n%s", file, err, data)
		}
	}
	pushed, err := os.ReadFile("../pushed")
	if err != nil || !strings.Contains(string(pushed), "=ci.variable=RUN_PIPELINE=0\n") || !strings.Contains(string(pushed), "=ci.variable=V=1\n") {
		t.Errorf("push options %q, %v", pushed, err)
	}
}

func TestRemoteOptionsAlone(t *testing.T) {
	got := lcitool(t, remoteFiles, "job", "run", "lint", "--no-push")
	if got.status != 2 || !strings.Contains(got.stderr, "argument --no-push: not allowed without argument --remote") {
		t.Errorf("status %d\n%s", got.status, got.stderr)
	}
}
