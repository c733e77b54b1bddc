// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// bashRC loads the completion, and C-x prints the command line that stands there.
const bashRC = `PS1='ready> '
. /usr/share/bash-completion/bash_completion
. <(lcitool completion bash%s)
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
show() { printf '\nline<%%s>\n' "$READLINE_LINE"; }
bind -x '"\C-x": show'
`

// TestBashCompletion types in a bash on a terminal. What it has completed is one word,
// which it completes again.
func TestBashCompletion(t *testing.T) {
	const pipeline = `
build: {image: i, script: [x], parallel: {matrix: [{A: [x, y], B: [p, q]}]}}
"it's one": {image: i, script: [x]}
"it's two": {image: i, script: [x]}
"$(touch ran)1": {image: i, script: [x]}
"$(touch ran)2": {image: i, script: [x]}
x86_64-a: {image: i, script: [x]}
x86_64-b: {image: i, script: [x]}
`
	for _, flag := range []string{"", " --no-descriptions"} {
		dir := t.TempDir()
		for name, text := range map[string]string{".gitlab-ci.yml": pipeline, ".rc": fmt.Sprintf(bashRC, flag)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for keys, want := range map[string]string{
			"lcitool job ret\t":               "lcitool job retry ",
			"lcitool job run x8\t":            "lcitool job run x86_64-",
			"lcitool job run b\t":             `lcitool job run build\:\ \[`,
			"lcitool job run b\tx\tq\t":       `lcitool job run build:\ \[x\,\ q\] `,
			"lcitool job run it\t":            `lcitool job run it\'s\ `,
			"lcitool job run it\tt\t":         `lcitool job run it\'s\ two `,
			"lcitool job run $\t":             "lcitool job run $",
			"lcitool job run x86_64-a --ev\t": "lcitool job run x86_64-a --event",
		} {
			if got := typed(t, dir, keys); got != want {
				t.Errorf("%q%s: %q, want %q", keys, flag, got, want)
			}
		}
		if _, err := os.Lstat(filepath.Join(dir, "ran")); err == nil {
			t.Error("bash has run a part of a name")
		}
	}
}

// typed returns the command line after some keys.
func typed(t *testing.T, dir, keys string) string {
	t.Helper()
	cmd := exec.Command("bash", "--noprofile", "--rcfile", ".rc", "-i")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=dumb", "INPUTRC=/dev/null", "HOME="+dir)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 200})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan []byte)
	go func() {
		defer close(seen)
		for {
			part := make([]byte, 4096)
			n, err := terminal.Read(part)
			seen <- part[:n]
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		_ = cmd.Process.Kill()
		_ = terminal.Close()
		for range seen { // until the reader has ended
		}
		_ = cmd.Wait()
	}()
	var all bytes.Buffer
	until := func(text string) (before string) {
		limit := time.After(2 * time.Minute)
		for {
			before, after, found := strings.Cut(all.String(), text)
			if found {
				all.Reset()
				all.WriteString(after)
				return before
			}
			select {
			case part := <-seen:
				all.Write(part)
			case <-limit:
				t.Fatalf("%q: no %q in %q", keys, text, all.String())
			}
		}
	}
	until("ready> ")
	if _, err := io.WriteString(terminal, keys+"\x18"); err != nil {
		t.Fatal(err)
	}
	until("line<")
	return until(">\r\n")
}
