// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func scriptShells() [][]string { return [][]string{{"bash"}, {"dash"}, {"busybox", "sh"}} }

// TestGoOn has a script fail, and another shell continue at that command with the state of
// the commands before it.
func TestGoOn(t *testing.T) {
	commands := []string{
		`export WEIRD="it's \"quoted\" \$x
of two lines"; plain='a  b'; readonly FIXED=1`,
		`greet() { echo "hello $1 from $plain"; }`,
		`mkdir -p 'a $b'; cd 'a $b'; umask 027; set -f; set -C; set -- "it's '" '*  b' ''; trap 'echo at the end' EXIT`,
		`greet you; echo "$WEIRD, $FIXED, $(umask), $(basename "$PWD"), *, $#: $1, $2."; test -e ../mended && cd .. ; test -e mended; cd sub`,
		"pwd | sed 's,.*/,,'; touch made; ls -l made | cut -c1-10",
		"false; echo never",
	}
	for _, shell := range scriptShells() {
		dir, state := t.TempDir(), t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		run := func(s stage) (string, bool) {
			t.Helper()
			file := filepath.Join(state, "script")
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(s.script(), stateDir, state)), 0o600); err != nil {
				t.Fatal(err)
			}
			// As the first process of a container runs stages.
			out, err := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", `while :; do ( eval "$(cat "$1")" ); exit; done`, "sh", file)...).CombinedOutput()
			return string(out), err == nil
		}
		s := stage{dir: dir, temp: dir, env: [][2]string{{"A", "1"}}, commands: commands, name: "script", keep: true}
		if out, ok := run(s); ok || !strings.Contains(out, "hello you from a  b\nit's \"quoted\" $x\nof two lines, 1, 0027, a $b, *, 3: it's ', *  b.\n") {
			t.Fatalf("%s: %v %s", shell, ok, out)
		}
		if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(state, "steps"))
		if err != nil {
			t.Fatal(err)
		}
		steps := parseSteps(string(data))
		n := steps[len(steps)-1].n
		if n != 4 {
			t.Fatalf("%s: failed in command %d", shell, n)
		}
		rest := s
		rest.commands, rest.first, rest.restored, rest.env = commands[n-1:], n-1, true, [][2]string{{"ADDED", "2"}}
		rest.declare = functionsOf(commands[:n-1])
		out, ok := run(rest)
		want := "$ " + strings.Split(commands[3], "\n")[0] + "\nhello you from a  b\nit's \"quoted\" $x\nof two lines, 1, 0027, a $b, *, 3: it's ', *  b.\n" +
			"$ " + commands[4] + "\nsub\n-rw-r-----\n$ false; echo never\nat the end\n"
		if ok || out != want {
			t.Errorf("%s: went on %v with\n%s\nwant\n%s", shell, ok, out, want)
		}
	}
}

// TestMoreState: what only bash can restore, and what no shell can.
func TestMoreState(t *testing.T) {
	for _, shell := range scriptShells() {
		for _, test := range []struct{ name, before, show, want string }{
			{"previous directory", "cd a; cd ../b", `cd - > /dev/null; echo "${PWD##*/}"`, "a\n"},
			{"directory stack", "pushd 'a b' > /dev/null; pushd ../b > /dev/null", `popd > /dev/null; echo "${PWD##*/}"; popd > /dev/null; test -d a; echo "${#DIRSTACK[@]}"`, "a b\n1\n"},
			{"limits", "ulimit -S -n 77; ulimit -S -c 0", "ulimit -S -n; ulimit -S -c", "77\n0\n"},
			{"export -n", "export -n GIVEN", `echo "$GIVEN"; sh -c 'echo "${GIVEN-no}"'`, "given\nno\n"},
			{"unset", "unset GIVEN", `echo "${GIVEN-no}"`, "no\n"},
			{"nounset", "set -u", `echo "${GIVEN}"`, "given\n"},
			{"open file", "exec 3> file", "echo on", "lcitool: files that the script had opened with exec are closed, and its output is not redirected any more\non\n"},
			{"directory gone", "cd a; rmdir ../a", "echo never", "lcitool: cannot continue: the working directory of the script is gone: "},
		} {
			onlyBash := test.name == "directory stack" || test.name == "limits" || test.name == "export -n" || test.name == "unset"
			if onlyBash && shell[0] != "bash" {
				continue
			}
			out := goOn(t, shell, test.before, test.show)
			if out != test.want && !(test.name == "directory gone" && strings.HasPrefix(out, test.want) && !strings.Contains(out, "never")) {
				t.Errorf("%s: %s: got %q, want %q", shell, test.name, out, test.want)
			}
		}
	}
}

// goOn runs a command and continues with another one in a new shell. It returns the
// output of that shell without the command.
func goOn(t *testing.T, shell []string, before, show string) string {
	t.Helper()
	dir, state := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "b", "a b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	commands := []string{before, show}
	s := stage{dir: dir, temp: dir, commands: commands, name: "script", keep: true}
	rest := s
	rest.commands, rest.first, rest.restored = commands[1:], 1, true
	var out []byte
	for _, s := range []stage{s, rest} {
		file := filepath.Join(state, "script")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(s.script(), stateDir, state)), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), shell[0], append(shell[1:], "-c", `( eval "$(cat "$1")" ); exit`, "sh", file)...)
		cmd.Env = append(os.Environ(), "GIVEN=given")
		out, _ = cmd.CombinedOutput()
	}
	return strings.Replace(string(out), "$ "+show+"\n", "", 1)
}

// TestOwnRead: a script may have a function with the name of a builtin that saves its state.
func TestOwnRead(t *testing.T) {
	out, code, _ := play(t, "bash", t.TempDir(), "read() { :; }", "echo on")
	if want := "$ read() { :; }\n$ echo on\non\n"; out != want || code != 0 {
		t.Errorf("status %d, %q; want %q", code, out, want)
	}
}

func TestFunctionsOf(t *testing.T) {
	got := functionsOf([]string{"a() { echo a; }; b=1", "if [", "function c { :; }\nd()\n(\n  exit\n)\nx() { y() { :; }; }"})
	want := "a() { echo a; }\nfunction c { :; }\nd()\n(\n  exit\n)\nx() { y() { :; }; }\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
