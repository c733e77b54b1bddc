// SPDX-License-Identifier: GPL-2.0-or-later

package buildsteps

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// build returns what is shown of a build in a directory, with times as T.
func build(t *testing.T, dir, text string, state outcome.State) (path, out string, err error) {
	t.Helper()
	var b strings.Builder
	l := NewLog(&b, false, dir, "x")
	for _, part := range strings.SplitAfter(text, " ") {
		if n, err := io.WriteString(l, part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	path, err = l.Close(state)
	return path, regexp.MustCompile(`\d+\.\ds`).ReplaceAllString(b.String(), "T"), err
}

func TestLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[builds", "below") // the name is no pattern
	for _, test := range []struct {
		text  string
		state outcome.State
		want  string
	}{
		{"STEP 1/2: FROM x\nsaid\r\nSTEP 2/2: RUN y\n", "", "step 1/2: FROM x (T)\nstep 2/2: RUN y (T)\n"},
		{"STEP 1/2: FROM z\nno \x1b[31mend", outcome.NoImage, "step 1/2: FROM z (failed after T)\nSTEP 1/2: FROM z\nno \x1b[31mend"},
		{"Trying x\n", outcome.NoImage, "Trying x\n"},
		{"Trying x\r\n", outcome.NoImage, "Trying x\n"},
		{"Trying x\nno end", outcome.NoImage, "Trying x\nTrying x\nno end"},
		{"Trying \x1b[31mx\n", outcome.NoImage, "Trying x\nTrying \x1b[31mx\n"},
		{strings.Repeat("x", maxLine) + "end\n", outcome.NoImage, strings.Repeat("x", maxLine) + "\n" + strings.Repeat("x", maxLine) + "end\n"},
		{strings.Repeat("x", maxLine) + "end\ny\n", outcome.NoImage, strings.Repeat("x", maxLine) + "\ny\n" + strings.Repeat("x", maxLine) + "end\ny\n"},
		{strings.Repeat("x", maxLine) + "\n", outcome.NoImage, strings.Repeat("x", maxLine) + "\n"},
		{"STEP 1/2: FROM z\n", outcome.Stopped, "step 1/2: FROM z (stopped after T)\n"},
	} {
		path, out, err := build(t, dir, test.text, test.state)
		if err != nil || out != test.want || path != filepath.Join(dir, "x.log") {
			t.Errorf("%s, %q, %v; want %q", path, out, err, test.want)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != test.text {
			t.Errorf("kept %q, %v; want %q", data, err, test.text)
		}
	}
	if path, out, err := build(t, dir, "", outcome.NoImage); path != "" || out != "" || err != nil {
		t.Errorf("of nothing: %q, %q, %v", path, out, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("left %v, %v", list, err)
	}
}

func TestLongLogLine(t *testing.T) {
	var b strings.Builder
	l := NewLog(&b, false, t.TempDir(), "x")
	for range 4 {
		_, _ = io.WriteString(l, strings.Repeat("x", maxLine))
	}
	if _, err := l.Close(outcome.NoImage); err != nil || len(l.line) > maxLine || b.Len() != 4*maxLine {
		t.Errorf("%d bytes kept, %d shown, %v", len(l.line), b.Len(), err)
	}
}

// TestAbandoned removes logs of killed builds, and no other files.
func TestAbandoned(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"old.1.part": 25 * time.Hour, "new.1.part": time.Hour, "old.log": 25 * time.Hour} {
		file, at := filepath.Join(dir, name), time.Now().Add(-age)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := build(t, dir, "STEP 1/1: FROM x\n", ""); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(dir)
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	if want := "new.1.part old.log x.log"; err != nil || strings.Join(names, " ") != want {
		t.Errorf("%v, %v; want %s", names, err, want)
	}
}

func TestLogThatCannotBeKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	text := "STEP 1/1: FROM x\nsaid\n"
	if path, out, err := build(t, file, text, ""); path != "" || out != text || err == nil {
		t.Errorf("%q, %q, %v", path, out, err)
	}
}
