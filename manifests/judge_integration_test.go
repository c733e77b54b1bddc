// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package manifests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestAnotherProgramListsTheSameJobs has gitlab-ci-local read pipelines, which checks them
// against GitLab's schema, and compares its decisions with the evaluator of these tests.
func TestAnotherProgramListsTheSameJobs(t *testing.T) {
	path, err := exec.Command("../ci/node-tools").Output()
	if err != nil {
		t.Fatalf("cannot install gitlab-ci-local: %v", err)
	}
	tool := strings.TrimSpace(string(path))
	for name, fill := range map[string]func(*testing.T, string){
		"ours":        copied("..", ".gitlab-ci.yml", "ci/gitlab.yml", "ci/gitlab", "ci/containers"),
		"hello":       copied("../examples/hello", ".gitlab-ci.yml", "ci/gitlab.yml", "ci/gitlab", "ci/containers"),
		"all kinds":   fromManifest(rulesManifest),
		"podman":      fromManifest(strings.Replace(head, "project: p", "project: p, container-builder: podman, jobs: {black: true}", 1) + "targets: {alpine-323: x86_64, debian-12: {jobs: [{arch: x86_64, builds: false}, {arch: s390x, suffix: -x}]}}\n"),
		"checks only": fromManifest(strings.Replace(head, "project: p", "project: p, jobs: {flake8: true}", 1) + "targets: {}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir)
			makeRepository(t, dir)
			compareJobs(t, tool, dir)
		})
	}
}

func copied(from string, parts ...string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		for _, part := range parts {
			to := filepath.Join(dir, part)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("cp", "-R", filepath.Join(from, part), to).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
}

func fromManifest(text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		_, files := mustGenerate(t, text)
		tree, err := OpenTree(dir, "ci")
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
		syncTree(t, tree, files)
		lines := "stages: [containers, sanity_checks, builds]\ninclude: [{local: /ci/gitlab.yml}]\n"
		for _, kind := range []string{"native", "cross"} {
			if slices.ContainsFunc(files, func(f File) bool { return strings.Contains(string(f.Data), ".gitlab_"+kind+"_build_job:") }) {
				lines += "." + kind + "_build_job: {extends: .gitlab_" + kind + "_build_job, script: [make]}\n"
			}
		}
		writeFile(t, dir, ".gitlab-ci.yml", lines)
	}
}

func makeRepository(t *testing.T, dir string) {
	t.Helper()
	for _, args := range []string{"init -q -b topic .", "add -A",
		"-c user.name=a -c user.email=a@example.org commit -q -m x",
		"remote add origin git@gitlab.example.org:me/repo.git",
		"update-ref refs/remotes/origin/main HEAD", "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main"} {
		cmd := exec.Command("git", strings.Fields(args)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
}

func compareJobs(t *testing.T, tool, dir string) {
	t.Helper()
	p := readTree(t, dir)
	for _, s := range []situation{
		{event: "merge_request_event", place: "fork", branch: "default", rp: "unset", rpu: "unset", change: "none", builds: "unset"},
		{event: "push", place: "upstream", branch: "default", rp: "unset", rpu: "unset", change: "none", builds: "unset"},
		{event: "push", place: "fork", branch: "other", rp: "0", rpu: "unset", change: "none", builds: "unset"},
		{event: "push", place: "fork", branch: "other", rp: "unset", rpu: "1", change: "none", builds: "unset"},
		{event: "push", place: "fork", branch: "other", rp: "unset", rpu: "unset", change: "none", builds: "unset"},
		{event: "schedule", place: "upstream", branch: "default", rp: "unset", rpu: "unset", change: "none", builds: "1"},
	} {
		env, changed := s.env("")
		// gitlab-ci-local always sets this namespace.
		env["CI_PROJECT_NAMESPACE"] = "me"
		env["RUN_UPSTREAM_NAMESPACE"] = map[string]string{"upstream": "me", "fork": "up"}[s.place]
		got := listJobs(t, tool, dir, env)
		if len(got) == 0 {
			t.Fatalf("%+v: no jobs", s)
		}
		for name, decided := range got {
			want := strings.TrimSuffix(strings.TrimSuffix(outcome(t, p.job(t, name), env, changed), " prebuilt"), " base")
			if decided != want {
				t.Errorf("%+v: %s: %s there, %s here", s, name, decided, want)
			}
		}
		for name, job := range p {
			if job["rules"] != nil && !strings.HasPrefix(name, ".") && name != "workflow" && got[name] == "" {
				t.Errorf("%+v: %s is not listed", s, name)
			}
		}
	}
}

func readTree(t *testing.T, dir string) pipeline {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "ci/gitlab/*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	p := pipeline{}
	for _, name := range append(files, filepath.Join(dir, "ci/gitlab.yml"), filepath.Join(dir, ".gitlab-ci.yml")) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		for key, v := range doc {
			if job, ok := v.(map[string]any); ok {
				if list, ok := job["extends"].([]any); ok { // ours has our template last
					job["extends"] = list[len(list)-1]
				}
				p[key] = job
			}
		}
	}
	return p
}

// listJobs returns the decisions of gitlab-ci-local by job, in the format of outcome.
func listJobs(t *testing.T, tool, dir string, env vars) map[string]string {
	t.Helper()
	args := []string{"--list-json", "--home", t.TempDir()}
	for name, value := range env {
		args = append(args, "--variable", name+"="+value)
	}
	for _, name := range []string{"CI_COMMIT_BRANCH", "RUN_PIPELINE", "RUN_PIPELINE_UPSTREAM_ENV", "RUN_CONTAINER_BUILDS"} {
		if _, set := env[name]; !set {
			args = append(args, "--unset-variable", name)
		}
	}
	var stderr bytes.Buffer
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gitlab-ci-local: %v\n%s%s", err, stderr.String(), out)
	}
	_, list, _ := bytes.Cut(out, []byte("\n[")) // warnings stand before the list
	if bytes.HasPrefix(out, []byte("[")) {
		list = out[1:]
	}
	var jobs []struct {
		Name  string `json:"name"`
		When  string `json:"when"`
		Allow any    `json:"allow_failure"`
	}
	if err := json.Unmarshal(append([]byte("["), list...), &jobs); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	decided := map[string]string{}
	for _, j := range jobs {
		word := map[string]string{"on_success": "auto", "never": "-"}[j.When]
		if word == "" {
			word = j.When
		}
		if j.When == "manual" && fmt.Sprint(j.Allow) != "true" {
			word += "!"
		}
		decided[j.Name] = word
	}
	return decided
}
