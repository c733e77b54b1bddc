// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

type ran struct {
	status         int
	stdout, stderr string
}

// body is stdout without the header.
func (r ran) body() string {
	_, body, _ := strings.Cut(r.stdout, "\n\n")
	return strings.TrimSuffix(body, "\n")
}

func write(t *testing.T, dir, archive string) {
	t.Helper()
	parsed := txtar.Parse([]byte(archive))
	if len(parsed.Files) == 0 && archive != "" {
		t.Fatalf("no files in %q", archive)
	}
	for _, f := range parsed.Files {
		file := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// lcitool runs a command line in a new directory with the files of a txtar archive. The
// build machine is x86_64 where it matters.
func lcitool(t *testing.T, archive string, args ...string) ran {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, archive)
	t.Chdir(dir)
	return lcitoolHere(t, args...)
}

func lcitoolHere(t *testing.T, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	environment := map[string]string{"HOME": t.TempDir()}
	a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return environment[name] }}}
	status := run(t.Context(), a, args)
	return ran{status, stdout.String(), stderr.String()}
}

func (r ran) ok(t *testing.T) ran {
	t.Helper()
	if r.status != 0 {
		t.Fatalf("status %d\n%s", r.status, r.stderr)
	}
	return r
}

// fails fails the test unless the command had status 1, no stdout, and exactly these lines
// on stderr.
func (r ran) fails(t *testing.T, lines ...string) {
	t.Helper()
	want := strings.Join(lines, "\n") + "\n"
	if r.status != 1 || r.stdout != "" || r.stderr != want {
		t.Errorf("status %d, stdout %q, stderr:\n%swant:\n%s", r.status, r.stdout, r.stderr, want)
	}
}

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func hasNot(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("there is %q in:\n%s", part, text)
		}
	}
}
