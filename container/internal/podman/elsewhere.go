// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import "os/exec"

// linux is the system that podman runs containers on.
const linux = "linux"

// elsewhereHint says how to find podman from another system.
func elsewhereHint(system string) string {
	if system == "darwin" {
		return `start podman's virtual machine with "podman machine start", or name an engine with --connection or --url`
	}
	return "name an engine on Linux with --connection or --url, for example ssh://user@host/run/user/1000/podman/podman.sock"
}

// watchScript runs its arguments until they end, until it is asked to end by
// SIGTERM, or until its own standard input ends. The watch of that input is
// started before the trap is set: a shell that has just been forked loses a
// signal that its parent traps. It signals this shell, which outlives it, and
// never a process number that may belong to somebody else by then.
const watchScript = `exec 3<&0
{ cat <&3; kill -s TERM "$$"; } >/dev/null 2>&1 &
watch=$!
"$@" 3<&- </dev/null &
command=$!
trap 'kill "$command" 2>/dev/null' TERM
exec 3<&- >/dev/null
wait "$command"
status=$?
kill "$watch" 2>/dev/null
exit "$status"`

// watched returns a command that runs cmd and ends it when this process ends:
// the kernel closes the pipe that it reads from. cmd must not have been started.
func watched(cmd *exec.Cmd) *exec.Cmd {
	outer := exec.Command("/bin/sh", append([]string{"-c", watchScript, "sh", cmd.Path}, cmd.Args[1:]...)...) //nolint:gosec // the arguments are passed on as they are
	outer.Env, outer.Dir, outer.SysProcAttr = cmd.Env, cmd.Dir, cmd.SysProcAttr
	outer.Stdout, outer.Stderr = cmd.Stdout, cmd.Stderr
	if _, err := outer.StdinPipe(); err != nil { // Wait closes it
		outer.Err = err
	}
	return outer
}
