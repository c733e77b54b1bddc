// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// GitLab Runner starts a job's container with the script on standard input, so
// the script's shell is the container's first process or its child. Here the
// first process waits and runs a stage when lcitool asks for it, so the
// container stays up between stages. In both cases $$ in a script is the first
// process, which ignores signals without a handler.

// shells returns the shells that GitLab Runner looks for, in its order.
func shells() []string {
	return []string{"/usr/local/bin/bash", "/usr/bin/bash", "/bin/bash", "/usr/local/bin/sh", "/usr/bin/sh", "/bin/sh", "/busybox/sh"}
}

// findShell returns a command that executes the first shell that exists.
func findShell(arguments string) string {
	return "for s in " + strings.Join(shells(), " ") + `; do if [ -x "$s" ]; then exec "$s" ` + arguments + "; fi; done; echo shell not found; exit 1"
}

// readyLine is what the first process prints when it waits for stages. The
// entrypoint may print other lines before it.
const readyLine = "lcitool: ready"

// replacedLine precedes readyLine if the entrypoint has replaced itself with the
// shell by exec. Otherwise the entrypoint waits for the shell.
const replacedLine = "lcitool: replaced"

// markStep returns a command that appends a line to the steps file: what begins
// and the machine's uptime. With a mark file it also writes the line as a mark to
// both output streams of the stage, which the script may have redirected. It runs
// in a subshell, so the shell's state does not change. The script may have set IFS,
// or functions with names of builtins.
func markStep(what string) string {
	return `( _lcitool_up=; command read -r _lcitool_up < /proc/uptime; _lcitool_up=${_lcitool_up%% *}; command echo "` + what + ` $_lcitool_up" >> ` + stepsFile +
		`; ! command read -r _lcitool_mark < ` + markFile +
		` || for _lcitool_fd in 3 4; do command printf '` + markFormat + `' "$_lcitool_mark" "` + what + `" "$_lcitool_up" > "/proc/$_lcitool_pid/fd/$_lcitool_fd"; done )`
}

// firstProcess returns the script of the container's first process. It reads
// lines with a process ID and a stage from a pipe. The stage uses file
// descriptors 3 and 4 of that process as its output; the process that writes the
// line has the pipe as descriptor 1 meanwhile. Instead of a process ID the line
// may name a request of a pipedStage: then the first process itself opens FIFOs
// as these descriptors. After the stage, it kills the processes that are left and
// writes the status to another pipe. That pipe is open in both directions, so that
// a reader that is gone does not block the writer. The stage endStage makes it exit.
//
// GitLab Runner starts the container once per script, with its entrypoint. If
// the entrypoint has replaced itself with this shell, the shell executes the
// entrypoint again for the next script. If the entrypoint waits for the shell,
// the shell exits after the script, and the entrypoint decides how the container
// ends.
func firstProcess() string {
	return `
_lcitool_next=
if [ -s ` + stateDir + `/next ]; then
	read -r _lcitool_next < ` + stateDir + `/next
	: > ` + stateDir + `/next
else
	` + copyPackages() + `
	[ $$ != 1 ] || echo "` + replacedLine + `"
	echo "` + readyLine + `"
fi
exec < /dev/null > /dev/null 2>&1
[ ! -f ` + coresFile + ` ] || . ` + coresFile + `
_lcitool_spare="1 $$"; _lcitool_up=$PPID
while [ "${_lcitool_up:-0}" -gt 1 ]; do
	_lcitool_spare="$_lcitool_spare $_lcitool_up"
	while read -r _lcitool_key _lcitool_value; do
		case $_lcitool_key in PPid:) _lcitool_above=$_lcitool_value;; esac
	done < "/proc/$_lcitool_up/status"
	_lcitool_up=$_lcitool_above
done
unset _lcitool_key _lcitool_value _lcitool_above _lcitool_up
exec 5<> ` + stateDir + `/done
trap '_lcitool_term=1' TERM
if [ "${BASH_VERSION-}" ]; then while :; do ` + serveStage("continue") + `
done; fi
_lcitool_serve=` + Quote(serveStage(serveAgain)) + `
` + serveAgain + `
`
}

const serveAgain = `eval "$_lcitool_serve"`

// serveStage returns the commands with which the first process runs one stage and
// then serves the next one by again. In dash and busybox there is no loop around a
// stage: break in a script would end it, and the script with it. In bash there is
// one, because each eval around a stage would add a character to its trace.
func serveStage(again string) string {
	return `
if [ "$_lcitool_next" ]; then
	_lcitool_stage=${_lcitool_next#* }; _lcitool_status=${_lcitool_stage#* }
	_lcitool_pid=${_lcitool_next%% *}; _lcitool_stage=${_lcitool_stage%% *}
	_lcitool_next=
else
	until read -r _lcitool_pid _lcitool_stage _lcitool_status < ` + stateDir + `/todo; do :; done
	[ "$_lcitool_stage" != ` + endStage + ` ] || exit 1
	if [ $$ = 1 ] && [ "$_lcitool_stage" = after_script ] && [ -f ` + stateDir + `/again ]; then
		echo "$_lcitool_pid $_lcitool_stage $_lcitool_status" > ` + stateDir + `/next
		exec > "/proc/$_lcitool_pid/fd/3" 2> "/proc/$_lcitool_pid/fd/4"
		. ` + stateDir + `/again
	fi
fi
_lcitool_term=; _lcitool_id=$_lcitool_pid
case $_lcitool_id in ` + pipedPrefix + `*)
	[ -w ` + stateDir + `/` + pipedOut + ` ] && [ -w ` + stateDir + `/` + pipedErr + ` ] || { echo "$_lcitool_id ` + pipedRefused + `" >&5; ` + again + `; }
	_lcitool_pid=$$; exec 3> ` + stateDir + `/` + pipedOut + ` 4> ` + stateDir + `/` + pipedErr + `;;
esac
echo "$_lcitool_spare $_lcitool_pid" > ` + stateDir + `/spare
( exec 5>&-; unset _lcitool_id; trap 'exit 1' TERM; exec > "/proc/$_lcitool_pid/fd/3" 2> "/proc/$_lcitool_pid/fd/4" 3>&- 4>&-; ` + evaluate(stateDir+"/$_lcitool_stage") + ` )
_lcitool_code=$?
[ -z "$_lcitool_term" ] || _lcitool_code=1
` + markStep("$_lcitool_stage end") + `
sh ` + stateDir + `/kill 9
exec 3>&- 4>&-
echo "$_lcitool_id $_lcitool_code" >&5
[ $$ = 1 ] || [ "$_lcitool_stage" = pre_get_sources_script ] || [ ! -f ` + stateDir + `/again ] || exit "$_lcitool_code"
` + again + `
`
}

// evaluate returns the command that runs a file in the current shell. It adds the
// newline that $(...) drops, which can continue the last command. An image without
// cat must not pass with nothing done.
func evaluate(file string) string { return `eval "$(cat "` + file + `" || echo exit 127)` + "\n\"" }

// killScript sends a signal to all processes except itself, the first process
// and its ancestors, and the process that waits for the stage's status. With
// SIGKILL, it repeats until no process is left that has not received it. Other
// signals are sent once, as by GitLab Runner: a script's trap starts processes. It
// uses only shell builtins, because an image may have no other tools.
const killScript = `
signal=$1
read -r spare < ` + stateDir + `/spare
seen=" $spare $$ "
while :; do
	new=
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $seen in *" $pid "*) continue;; esac
		new=yes; seen="$seen$pid "
		kill -"$signal" "$pid"
	done
	[ "$new" ] && [ "$signal" = 9 ] || exit 0
done 2> /dev/null
`

func session(entrypoint []string, hasEntrypoint bool, command []string) api.Session {
	s := api.Session{AsImage: true, Entrypoint: entrypoint, Command: command}
	if hasEntrypoint {
		s.Ready = readyLine
	}
	return s
}

// firstCommand returns the command that the container's entrypoint gets. posix is
// FF_POSIXLY_CORRECT_ESCAPES.
//
// GitLab Runner's command is sh -c and a script that looks for bash. An entrypoint
// such as /bin/sh -c executes only the first word. That shell reads the job's
// script from standard input, unless it is one that does not know the runner's
// quotes.
func firstCommand(entrypoint []string, posix bool) []string {
	if !takesOneWord(entrypoint) {
		return []string{"sh", "-c", findShell("-c " + Quote(firstProcess()) + ` "$s"`)}
	}
	text := firstProcess()
	if !posix {
		text = knowsQuotes("the entrypoint runs this image's sh, which") + text
	}
	return []string{"sh -c " + Quote(text) + " sh"}
}

// knowsQuotes returns commands that make a shell exit that does not know ANSI-C
// quotes, with the status that it has in GitLab Runner. shell names it.
func knowsQuotes(shell string) string {
	return `case $'x' in x) ;; *) echo "lcitool: ` + shell + ` cannot read the script of GitLab Runner; bash can, and FF_POSIXLY_CORRECT_ESCAPES: \"true\" helps"; exit 2;; esac
`
}

// commandFlag matches flags of a shell with -c among them.
var commandFlag = lazyregexp.New(`^-[A-Za-z]*c[A-Za-z]*$`)

// takesOneWord reports whether an entrypoint is a shell that executes its next
// argument alone.
func takesOneWord(entrypoint []string) bool {
	last := len(entrypoint) - 1
	return last > 0 && commandFlag.MatchString(entrypoint[last]) && slices.ContainsFunc(entrypoint[:last], func(word string) bool {
		return slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh"}, path.Base(word))
	})
}

// runStage returns the command that makes the first process run a stage with
// status in CI_JOB_STATUS.
func runStage(name, status string) []string {
	return []string{"sh", "-c", `exec 3>&1 4>&2; echo "$$ ` + name + " " + status + `" > ` + stateDir + `/todo; while read -r pid code; do [ "$pid" = $$ ] && exit "$code"; done < ` + stateDir + `/done; exit 125`}
}

// killStage returns the command that sends a signal to all processes of a stage.
func killStage() []string { return []string{"sh", stateDir + "/kill"} }

// enterScript returns the script that starts a user's shell in a job's
// container. If it has arguments, it runs them as a command instead.
func enterScript() string {
	return `[ ! -f ` + coresFile + ` ] || . ` + coresFile + `
[ ! -t 0 ] || [ "${TERM:-dumb}" != dumb ] || export TERM=xterm
[ -f ` + stateFile + ` ] && . ` + stateFile + ` 2> /dev/null
if [ $# -gt 0 ]; then exec "$@"; fi
i=; [ -t 0 ] && i=-i
` + findShell("$i") + "\n"
}

func enterCommand(command []string) []string {
	return append([]string{"sh", "-c", findShell(`"$@"`), "sh", stateDir + "/enter"}, command...)
}
