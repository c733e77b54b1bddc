// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"os/exec"
	"syscall"
)

// linux is the system that podman runs containers on.
const linux = "linux"

// elsewhereHint says how to find podman from another system.
func elsewhereHint(system string) string {
	if system == "darwin" {
		return `start podman's virtual machine with "podman machine start", or name an engine with --connection or --url`
	}
	return "name an engine on Linux with --connection or --url, for example ssh://user@host/run/user/1000/podman/podman.sock"
}

// watchScript runs its arguments until they end, or until its own standard
// input ends: then all of its process group gets SIGTERM. There is no trap,
// since a shell that has just been forked loses a signal that its parent traps.
const watchScript = `exec 3<&0
{ cat <&3; kill -s TERM 0; } >/dev/null 2>&1 &
watch=$!
"$@" 3<&- </dev/null &
wait "$!"
status=$?
kill "$watch" 2>/dev/null
exit "$status"`

// watched returns a command that runs cmd, in a session of its own, and ends it
// when this process ends: the kernel closes the pipe that it reads from. So does
// Wait when only the watch was asked to end. cmd must not have been started.
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
