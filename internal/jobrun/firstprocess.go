// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"strings"

	"gitlab.com/lcitool/lcitool/container"
)

// The runner starts a job's container with its script on standard input, so
// that the script's shell is a child of the container's first process. Here the
// first process waits instead, and runs a stage whenever a command in the
// container asks it to: the container stays up in between. $$ in a script is the
// first process for the same reason as there, which no signal ends.

// shells are those that the runner looks for, in this order.
func shells() []string {
	return []string{"/usr/local/bin/bash", "/usr/bin/bash", "/bin/bash", "/usr/local/bin/sh", "/usr/bin/sh", "/bin/sh", "/busybox/sh"}
}

// findShell runs the first of the shells that there is.
func findShell(arguments string) string {
	return "for s in " + strings.Join(shells(), " ") + `; do if [ -x "$s" ]; then exec "$s" ` + arguments + "; fi; done; echo shell not found; exit 1"
}

// readyLine is what the first process writes when it waits, in a container
// whose entrypoint may write something before.
const readyLine = "lcitool: ready"

// replacedLine is written before readyLine if the entrypoint is gone: it has
// become the shell that waits. Otherwise it goes on after that shell.
const replacedLine = "lcitool: replaced"

// markStep is the command that adds a line to the steps file: what begins, and
// the time since the machine's start. It leaves the shell as it is.
func markStep(what string) string {
	return `( read -r up _ < /proc/uptime; echo "` + what + ` ${up-}" >> ` + stepsFile + ` )`
}

// firstProcess waits for a line that names a process and a stage. The stage has
// the files 3 and 4 of that process as its streams: the shell that writes the
// line has the pipe as file 1 meanwhile. Afterwards nothing is left of it, and its
// status can be read. The pipe for it is open in both directions, so that a
// process that no longer waits for its status holds nothing up.
//
// The runner starts the container once for each of the scripts, with its
// entrypoint. A shell that the entrypoint has become does the same by becoming
// the entrypoint again. One that the entrypoint waits for ends with the script,
// so that the entrypoint decides how the container ends.
func firstProcess() string {
	return `
_lcitool_next=
if [ -s ` + stateDir + `/next ]; then
	read -r _lcitool_next < ` + stateDir + `/next
	: > ` + stateDir + `/next
else
	[ $$ != 1 ] || echo "` + replacedLine + `"
	echo "` + readyLine + `"
fi
exec < /dev/null > /dev/null 2>&1
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
while :; do
	if [ "$_lcitool_next" ]; then
		_lcitool_stage=${_lcitool_next#* }; _lcitool_status=${_lcitool_stage#* }
		_lcitool_pid=${_lcitool_next%% *}; _lcitool_stage=${_lcitool_stage%% *}
		_lcitool_next=
	else
		read -r _lcitool_pid _lcitool_stage _lcitool_status < ` + stateDir + `/todo || continue
		if [ $$ = 1 ] && [ "$_lcitool_stage" = after_script ] && [ -f ` + stateDir + `/again ]; then
			echo "$_lcitool_pid $_lcitool_stage $_lcitool_status" > ` + stateDir + `/next
			exec > "/proc/$_lcitool_pid/fd/3" 2> "/proc/$_lcitool_pid/fd/4"
			. ` + stateDir + `/again
		fi
	fi
	_lcitool_term=
	echo "$_lcitool_spare $_lcitool_pid" > ` + stateDir + `/spare
	( exec 5>&-; trap 'exit 1' TERM; exec > "/proc/$_lcitool_pid/fd/3" 2> "/proc/$_lcitool_pid/fd/4"; eval "$(cat "` + stateDir + `/$_lcitool_stage")" )
	_lcitool_code=$?
	[ -z "$_lcitool_term" ] || _lcitool_code=1
	` + markStep("$_lcitool_stage end") + `
	sh ` + stateDir + `/kill 9
	echo "$_lcitool_pid $_lcitool_code" >&5
	[ $$ = 1 ] || [ "$_lcitool_stage" = pre_get_sources_script ] || [ ! -f ` + stateDir + `/again ] || exit "$_lcitool_code"
done
`
}

// killScript sends a signal to all processes but itself, the first process and
// those above that, and the one that waits for the stage's status. It goes on
// until there are none left that it has not sent it to. It uses nothing but the
// shell.
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
	[ "$new" ] || exit 0
done 2> /dev/null
`

// session is how a job's container starts.
func session(entrypoint []string, hasEntrypoint bool) container.Session {
	s := container.Session{AsImage: true, Entrypoint: entrypoint, Command: firstCommand()}
	if hasEntrypoint {
		s.Ready = readyLine
	}
	return s
}

// firstCommand is what a container runs, after its entrypoint.
func firstCommand() []string {
	return []string{"sh", "-c", findShell("-c " + Quote(firstProcess()) + ` "$s"`)}
}

// runStage is the command that has the first process run a stage, with a value
// for CI_JOB_STATUS.
func runStage(name, status string) []string {
	return []string{"sh", "-c", `exec 3>&1 4>&2; echo "$$ ` + name + " " + status + `" > ` + stateDir + `/todo; while read -r pid code; do [ "$pid" = $$ ] && exit "$code"; done < ` + stateDir + `/done; exit 125`}
}

// killStage is the command that sends a signal to all of a stage.
func killStage() []string { return []string{"sh", stateDir + "/kill"} }

// enterScript is what a user's shell in the container of a job begins with. Its
// argument is a command to be run in place of an interactive shell.
func enterScript() string {
	return `[ -f ` + stateFile + ` ] && . ` + stateFile + ` 2> /dev/null
if [ $# -gt 0 ]; then exec "$@"; fi
i=; [ -t 0 ] && i=-i
` + findShell("$i") + "\n"
}

// enterCommand runs enter with a command.
func enterCommand(command []string) []string {
	return append([]string{"sh", "-c", findShell(`"$@"`), "sh", stateDir + "/enter"}, command...)
}
