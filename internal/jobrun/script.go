// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
)

// Where a job's container has what the scripts need. It is not below the tree,
// so that a job sees nothing there that GitLab would not show it.
const (
	stateDir  = "/run/lcitool"
	stepFile  = stateDir + "/step"  // number of the command that is running, from 1
	stateFile = stateDir + "/state" // environment at the end of the script

	// ScriptFile is where a job's container has its commands.
	ScriptFile = stateDir + "/script"
)

// findShell runs bash where there is one, as the runner does.
const findShell = `for s in /usr/local/bin/bash /usr/bin/bash /bin/bash; do [ -x "$s" ] && exec "$s" "$@"; done; exec sh "$@"`

// shell is the command that runs a script of the state directory.
func shell(name string) []string {
	return []string{"sh", "-c", findShell, "sh", stateDir + "/" + name}
}

// preamble makes the shell end with the first command that fails, also within
// a pipe where the shell knows that.
const preamble = `if set -o | grep pipefail > /dev/null; then set -o pipefail; fi; set -o errexit
set +o noclobber
`

// remember writes down what a shell of the user's needs to go on from here. It
// is put in place of nothing: a script that traps EXIT itself has only the
// environment that it began with.
const remember = `trap '{ export -p; echo "cd \"$PWD\""; } > ` + stateFile + ` 2> /dev/null' EXIT
`

// script is the text that a shell runs for a list of commands, each of which
// is shown first. Numbered ones can be told from the step file.
func script(dir string, commands []string, numbered bool) string {
	var b strings.Builder
	b.WriteString(preamble)
	if numbered {
		b.WriteString(remember)
	}
	fmt.Fprintf(&b, "cd %s\n", Quote(dir))
	for i, command := range commands {
		if numbered {
			fmt.Fprintf(&b, "echo %d > %s\n", i+1, stepFile)
		}
		fmt.Fprintf(&b, "printf '%%s\\n' %s\n%s\n", Quote(shown(command)), command)
	}
	return b.String()
}

// shown is a command as the log has it: GitLab too shows the first line of a
// longer one.
func shown(command string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(command), "\n")
	if more && rest != "" {
		return "$ " + first + " # collapsed multi-line command"
	}
	return "$ " + first
}

// Quote makes one word of the shell's out of any text.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// enter is what a user's shell in the container of a job begins with. Its
// argument is a command to be run in place of an interactive shell.
const enter = `[ -f ` + stateFile + ` ] && . ` + stateFile + ` 2> /dev/null
if [ $# -gt 0 ]; then exec "$@"; fi
i=; [ -t 0 ] && i=-i
for s in /usr/local/bin/bash /usr/bin/bash /bin/bash; do [ -x "$s" ] && exec "$s" $i; done; exec sh $i
`

// scripts packs what goes to the state directory.
func (j *Job) scripts(dir string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	name := strings.TrimPrefix(stateDir, "/run/")
	if err := w.WriteHeader(&tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: 0o1777}); err != nil {
		return nil, err
	}
	for _, file := range []struct{ name, text string }{
		{"script", script(dir, j.commands(), true)},
		{"after_script", script(dir, j.AfterScript, false)},
		{"enter", enter},
	} {
		h := &tar.Header{Name: name + "/" + file.name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(file.text))}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(file.text)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// commands are those of before_script, then those of script: one shell runs
// both.
func (j *Job) commands() []string {
	return append(append([]string{}, j.BeforeScript...), j.Script...)
}
