// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"os/exec"
	"syscall"
)

// linux is the GOOS on which podman runs containers.
const linux = "linux"

// elsewhereHint returns a hint for users of other systems.
func elsewhereHint(system string) string {
	if system == "darwin" {
		return `start podman's virtual machine with "podman machine start", or name an engine with --connection or --url`
	}
	return "name an engine on Linux with --connection or --url, for example ssh://user@host/run/user/1000/podman/podman.sock"
}

// watchScript runs its arguments until they end or its standard input is closed.
// Then it sends SIGTERM to its process group. It does not use a trap, because a
// forked shell can lose a signal that its parent traps.
const watchScript = `exec 3<&0
{ cat <&3; kill -s TERM 0; } >/dev/null 2>&1 &
watch=$!
"$@" 3<&- </dev/null &
wait "$!"
status=$?
kill "$watch" 2>/dev/null
exit "$status"`

// watched returns a command that runs cmd in a new session and stops it when
// this process ends, because the kernel then closes the pipe to its standard
// input. Wait also closes the pipe. cmd must not have been started.
func watched(cmd *exec.Cmd) *exec.Cmd {
	outer := exec.Command("/bin/sh", append([]string{"-c", watchScript, "sh", cmd.Path}, cmd.Args[1:]...)...) //nolint:gosec // the arguments are passed on as they are
	outer.Env, outer.Dir = cmd.Env, cmd.Dir
	outer.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the script ends its whole group
	outer.Stdout, outer.Stderr = cmd.Stdout, cmd.Stderr
	if _, err := outer.StdinPipe(); err != nil { // Wait closes it
		outer.Err = err
	}
	return outer
}
