// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Paths in a job's container for lcitool's own files. They are outside the tree,
// so that the tree contains only what GitLab would put there.
const (
	stateDir  = "/run/lcitool"
	stepsFile = stateDir + "/steps" // a line for each command that began, as parseSteps has it
	stateFile = stateDir + "/state" // environment at the end of the script

	// ScriptFile is the file in a job's container with its commands.
	ScriptFile = stateDir + "/script"
)

// preamble makes the shell exit at the first command that fails, including
// commands in a pipeline if the shell has pipefail.
const preamble = `case "$(set -o)" in *pipefail*) set -o pipefail;; esac; set -o errexit
set +o noclobber
`

// remember saves the shell's environment and directory at its exit. It uses the
// EXIT trap, so a script that sets its own EXIT trap leaves only the environment
// from the start.
const remember = `trap '{ { export -p; echo "cd \"$PWD\""; } >| ` + stateFile + `; } 2> /dev/null' EXIT
`

// A stage is a list of commands that one shell runs, as in GitLab Runner.
type stage struct {
	dir      string      // to begin in
	temp     string      // for temporary files of the runner's
	env      [][2]string // variables, by name
	commands []string
	prefix   string // of the log sections of multi-line commands
	name     string // of the stage in the steps file; "" to record no steps
	status   bool   // CI_JOB_STATUS is set when it runs
	keep     bool   // save the state, so that a shell can continue at the end or before the last command
	first    int    // number of commands of the script that precede these
	restored bool   // start with the state saved before the first command, with env added
	declare  string // functions that the saved state may lack

	quotes   bool // FF_POSIXLY_CORRECT_ESCAPES is off: the shell must know ANSI-C quotes
	checks   bool // FF_ENABLE_BASH_EXIT_CODE_CHECK
	sections bool // FF_SCRIPT_SECTIONS
	trace    bool // CI_DEBUG_TRACE
}

// script returns the text that a shell runs for a stage. Each command is printed
// before it runs. lcitool's own commands redirect the standard error of their
// group, so that a trace does not show them.
func (s stage) script() string {
	var b strings.Builder
	if s.quotes {
		b.WriteString(knowsQuotes("this image's sh"))
	}
	if s.trace {
		b.WriteString("set -o xtrace\n")
	}
	b.WriteString(preamble)
	if s.keep {
		b.WriteString(remember)
	}
	if s.restored {
		b.WriteString("{ " + strings.TrimSuffix(restoreState(s.declare), "\n") + "\n} 2> /dev/null\n")
	}
	for _, v := range s.env {
		fmt.Fprintf(&b, "export %s=%s\n", word(v[0]), Quote(v[1]))
	}
	if len(s.env) > 0 && !s.restored {
		file := path.Join(s.temp, gitlabEnvFile)
		fmt.Fprintf(&b, "export GITLAB_ENV=%[1]s\nmkdir -p %[2]s\ntouch %[1]s\nwhile read -r line; do export \"$line\"; done < %[1]s\n", Quote(file), Quote(s.temp))
	}
	if s.status {
		b.WriteString("export CI_JOB_STATUS=\"$_lcitool_status\"\n")
	}
	if !s.restored {
		fmt.Fprintf(&b, "cd %s\n", Quote(s.dir))
	}
	for i, command := range s.commands {
		s.command(&b, i, strings.TrimSpace(command))
	}
	return b.String()
}

func (s stage) command(b *strings.Builder, i int, command string) {
	joined := i > 0 && !s.checks && continues(strings.TrimSpace(s.commands[i-1]))
	if joined {
		b.WriteString(echo(shown(command)) + "\n")
	}
	b.WriteString("{ ")
	if s.name != "" {
		b.WriteString(markStep(fmt.Sprintf("%s %d", s.name, s.first+i+1)) + " || :; ")
	}
	if s.keep {
		b.WriteString(saveState() + " || :; ")
	}
	switch {
	case strings.Contains(command, "\n") && s.sections:
		name := fmt.Sprintf("section_%s_%d", s.prefix, i)
		fmt.Fprintf(b, "printf 'section_start:%%s:%s[hide_duration=true,collapsed=true]\\r\\033[0K%%s\\n' \"$(date +%%s)\" %s; ", name, Quote("$ "+command))
		fmt.Fprintf(b, "printf 'section_end:%%s:%s\\r\\033[0K\\n' \"$(date +%%s)\"; ", name)
	case joined:
		b.WriteString(":; ")
	default:
		fmt.Fprintf(b, "printf '%%s\\n' %s; ", Quote(shown(command)))
	}
	b.WriteString("} 2> /dev/null\n" + command + "\n")
	switch {
	case s.checks && continues(command):
		b.WriteString(checkStatus + "\n")
	case s.checks:
		b.WriteString("{ " + checkStatus + "; } 2> /dev/null\n")
	}
}

const checkStatus = `_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi`

// continues reports whether a command goes on in the next line of the script: it
// ends in a backslash. In GitLab Runner's script, that line is the echo of the
// next command, whose words become arguments.
func continues(command string) bool {
	return (len(command)-len(strings.TrimRight(command, `\`)))%2 == 1
}

// echo returns the command with which GitLab Runner prints text.
func echo(text string) string {
	if text == "" {
		return "echo"
	}
	return "echo " + Quote("\x1b[32;1m"+text+"\x1b[0;m")
}

// gitlabEnvFile is the file in the temporary directory whose lines become
// variables of later stages.
const gitlabEnvFile = "gitlab_runner_env"

// shown returns a command as the log shows it. Like GitLab, it shows only the
// first line of a longer command.
func shown(command string) string {
	if command == "" {
		return ""
	}
	first, rest, more := strings.Cut(command, "\n")
	if more && rest != "" {
		return "$ " + first + " # collapsed multi-line command"
	}
	return "$ " + first
}

// word quotes a name unless the shell reads it as one word.
func word(s string) string {
	if s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" {
		return s
	}
	return Quote(s)
}

// Quote quotes text as one word for a POSIX shell.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// stages returns the two scripts of a job: script and after_script.
func (r *Runner) stages(j *Job, env []string) (script, after stage) {
	script = stage{
		dir: j.dir, temp: tempDir(j.dir), commands: j.commands(), prefix: "script_step", name: "script", keep: r.Keep,
		quotes:   !isOn(value(env, "FF_POSIXLY_CORRECT_ESCAPES"), false),
		checks:   isOn(value(env, "FF_ENABLE_BASH_EXIT_CODE_CHECK"), false),
		sections: isOn(value(env, "FF_SCRIPT_SECTIONS"), false),
		trace:    isOn(value(env, "CI_DEBUG_TRACE"), false),
	}
	for _, v := range env {
		name, text, _ := strings.Cut(v, "=")
		script.env = append(script.env, [2]string{name, text})
	}
	after = script
	after.commands, after.prefix, after.name, after.keep, after.status = j.AfterScript, "after_script_step", "after_script", false, true
	return script, after
}

func (r *Runner) packState(j *Job, env []string) func(context.Context, io.Writer) error {
	return func(_ context.Context, to io.Writer) error {
		w := tar.NewWriter(to)
		var errs []error
		name := strings.TrimPrefix(stateDir, "/")
		put := func(h tar.Header, text string) {
			h.Name, h.ModTime = path.Join(name, h.Name), began()
			h.Size = int64(len(text))
			errs = append(errs, w.WriteHeader(&h))
			_, err := io.WriteString(w, text)
			errs = append(errs, err)
		}
		script, after := r.stages(j, env)
		hook := script
		hook.dir, hook.commands, hook.prefix, hook.name, hook.keep = "/", j.PreGetSources, "pre_clone_script", "", false
		put(tar.Header{Typeflag: tar.TypeDir, Mode: 0o1777}, "")
		put(tar.Header{Name: "todo", Typeflag: tar.TypeFifo, Mode: 0o666}, "")
		put(tar.Header{Name: "done", Typeflag: tar.TypeFifo, Mode: 0o666}, "")
		put(tar.Header{Name: pipedOut, Typeflag: tar.TypeFifo, Mode: 0o600}, "")
		put(tar.Header{Name: pipedErr, Typeflag: tar.TypeFifo, Mode: 0o600}, "")
		for _, file := range [][2]string{{"script", script.script()}, {"after_script", after.script()}, {"pre_get_sources_script", hook.script()}, {"enter", enterScript()}, {"kill", killScript}, {"cores", r.coresScript()}} {
			put(tar.Header{Name: file[0], Typeflag: tar.TypeReg, Mode: 0o755}, file[1])
		}
		if r.Keep {
			put(tar.Header{Name: "origin", Typeflag: tar.TypeReg, Mode: 0o600}, r.newOrigin(j, env).text())
		}
		if j.mark != "" {
			put(tar.Header{Name: "mark", Typeflag: tar.TypeReg, Mode: 0o644}, j.mark)
		}
		if j.entrypoint != nil {
			put(tar.Header{Name: "again", Typeflag: tar.TypeReg, Mode: 0o755}, again(j.entrypoint, j.firstCommand(env)))
		}
		return errors.Join(append(errs, w.Close())...)
	}
}

// commands returns before_script followed by script. One shell runs both.
func (j *Job) commands() []string {
	return append(append([]string{}, j.BeforeScript...), j.Script...)
}
