// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// play runs the script of a job in dir with a real shell.
func play(t *testing.T, shell, dir string, commands ...string) (output string, code int, step string) {
	t.Helper()
	state := t.TempDir()
	text := strings.ReplaceAll(stage{dir: dir, commands: commands, name: "script", keep: true}.script(), stateDir, state)
	file := filepath.Join(state, "script")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), shell, file).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(filepath.Join(state, "steps"))
	if steps := parseSteps(string(data)); len(steps) > 0 {
		step = strconv.Itoa(steps[len(steps)-1].n)
	}
	return string(out), code, step
}

func TestScript(t *testing.T) {
	for _, shell := range []string{"bash", "dash"} {
		for _, test := range []struct {
			commands []string
			want     string
			code     int
			step     string
			bashOnly bool
		}{
			{commands: []string{"echo one", "echo two"}, want: "$ echo one\none\n$ echo two\ntwo\n", step: "2"},
			{commands: []string{"false", "echo two"}, want: "$ false\n", code: 1, step: "1"},
			{commands: []string{"cd ..", `test "$PWD" != "$OLDPWD" && echo moved`}, want: "$ cd ..\n$ test \"$PWD\" != \"$OLDPWD\" && echo moved\nmoved\n", step: "2"},
			{commands: []string{"A=1; export A", `sh -c 'echo "$A"'`}, want: "$ A=1; export A\n$ sh -c 'echo \"$A\"'\n1\n", step: "2"},
			{commands: []string{"exit 3 | cat; echo on"}, want: "$ exit 3 | cat; echo on\n", code: 3, step: "1", bashOnly: true},
			{commands: []string{"if true\nthen\n  echo in\nfi"}, want: "$ if true # collapsed multi-line command\nin\n", step: "1"},
			{commands: []string{`echo 'it'\''s' "$((1+1))" \$x`}, want: "$ echo 'it'\\''s' \"$((1+1))\" \\$x\nit's 2 $x\n", step: "1"},
			{commands: []string{"cat <<X\nin $((2*3))\nX"}, want: "$ cat <<X # collapsed multi-line command\nin 6\n", step: "1"},
			{commands: []string{"# only a comment", "echo on"}, want: "$ # only a comment\n$ echo on\non\n", step: "2"},
			{commands: []string{"echo() { :; }; readonly up=1 fd=2", "false"}, want: "$ echo() { :; }; readonly up=1 fd=2\n$ false\n", code: 1, step: "2"},
			{commands: []string{"IFS=:", "false"}, want: "$ IFS=:\n$ false\n", code: 1, step: "2"},
			{commands: []string{"cat"}, want: "$ cat\n", step: "1"}, // nobody types anything
		} {
			if test.bashOnly && shell != "bash" {
				continue
			}
			out, code, step := play(t, shell, t.TempDir(), test.commands...)
			if out != test.want || code != test.code || step != test.step {
				t.Errorf("%s, %q: got %q, status %d, step %s; want %q, %d, %s", shell, test.commands, out, code, step, test.want, test.code, test.step)
			}
		}
	}
}

// TestTrailingBackslash: as in GitLab Runner, a backslash at the end of a command makes the
// echo of the next one its arguments, and has no effect at the end of the script.
func TestTrailingBackslash(t *testing.T) {
	const green, reset = "\x1b[32;1m", "\x1b[0;m"
	for _, c := range []struct {
		commands []string
		checks   bool
		want     string
	}{
		{[]string{`printf '<%s>' a \`}, false, `$ printf '<%s>' a \` + "\n<a>"},
		{[]string{`printf '<%s>' a \ `, "echo b"}, false, `$ printf '<%s>' a \` + "\n<a><echo><" + green + "$ echo b" + reset + ">b\n"},
		{[]string{"printf '<%s>' a \\\n  b \\", "echo b\necho c"}, false, `$ printf '<%s>' a \ # collapsed multi-line command` +
			"\n<a><b><echo><" + green + "$ echo b # collapsed multi-line command" + reset + ">b\nc\n"},
		{[]string{`printf '<%s>' a \`, "", "echo c"}, false, `$ printf '<%s>' a \` + "\n<a><echo>$ echo c\nc\n"},
		{[]string{`printf '<%s>' \\`, "echo b"}, false, `$ printf '<%s>' \\` + "\n<\\>$ echo b\nb\n"},
		{[]string{`# nothing \`, "echo b"}, false, `$ # nothing \` + "\n" + green + "$ echo b" + reset + "\nb\n"},
		{[]string{"true", `printf '<%s>' a \`, "echo b"}, true, "$ true\n" + `$ printf '<%s>' a \` + "\n<a><_runner_exit_code=0>$ echo b\nb\n"},
	} {
		for _, shell := range scriptShells() {
			file := filepath.Join(t.TempDir(), "script")
			text := strings.ReplaceAll(stage{dir: t.TempDir(), commands: c.commands, checks: c.checks}.script(), stateDir, filepath.Dir(file))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", "( "+evaluate(file)+" )")...).CombinedOutput()
			if err != nil || string(out) != c.want {
				t.Errorf("%s, %q: got %q, %v; want %q", shell[0], c.commands, out, err, c.want)
			}
		}
	}
}

// TestUnreadableScript: a script that cannot be read does not pass.
func TestUnreadableScript(t *testing.T) {
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte("echo on\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, shell := range scriptShells() {
		without := 127
		if shell[0] == "busybox" {
			without = 0 // it has a cat of its own
		}
		for command, want := range map[string]int{evaluate(file): 0, "PATH=/nowhere; " + evaluate(file): without, evaluate(file + "x"): 127} {
			out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", "( "+command+" )")...).Output()
			code := 0
			if exit := new(exec.ExitError); errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if code != want || string(out) != map[bool]string{true: "on\n"}[want == 0] {
				t.Errorf("%s, %s: status %d, %q", shell[0], command, code, out)
			}
		}
	}
}

// TestStateGoesOn: a user's shell has the state that a failed script left.
func TestStateGoesOn(t *testing.T) {
	for _, shell := range []string{"bash", "dash"} {
		dir, state := t.TempDir(), t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "a b"), 0o700); err != nil {
			t.Fatal(err)
		}
		localize := func(text string) string { return strings.ReplaceAll(text, stateDir, state) }
		commands := []string{"set -C", `export WEIRD="it's \"quoted\" \$x"`, "cd 'a b'", "false"}
		for name, text := range map[string]string{"state": "export WEIRD=old", "script": stage{dir: dir, commands: commands, name: "script", keep: true}.script(), "enter": enterScript()} {
			if err := os.WriteFile(filepath.Join(state, name), []byte(localize(text)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_ = exec.CommandContext(t.Context(), shell, filepath.Join(state, "script")).Run() // it is to fail
		out, err := exec.CommandContext(t.Context(), shell, filepath.Join(state, "enter"), "sh", "-c", `echo "$WEIRD"; pwd`).Output()
		if want := "it's \"quoted\" $x\n" + filepath.Join(dir, "a b") + "\n"; err != nil || string(out) != want {
			t.Errorf("%s: got %q, %v; want %q", shell, out, err, want)
		}
	}
}

func TestCommandsOfBothScripts(t *testing.T) {
	j := &Job{Job: gitlabci.Job{BeforeScript: []string{"a"}, Script: []string{"b", "c"}}}
	if got := strings.Join(j.commands(), " "); got != "a b c" {
		t.Errorf("got %s", got)
	}
}

// TestLineNumbers: as with the runner, line numbers in the shell's messages include the
// lines before the commands.
func TestLineNumbers(t *testing.T) {
	out, _, _ := play(t, "bash", t.TempDir(), "true", "nosuchcommand")
	var n int
	if _, rest, ok := strings.Cut(out, ": line "); !ok {
		t.Fatalf("no line in %q", out)
	} else if _, err := fmt.Sscanf(rest, "%d: nosuchcommand: command not found", &n); err != nil || n <= 2 {
		t.Errorf("line %d, %v: %q", n, err, out)
	}
}
