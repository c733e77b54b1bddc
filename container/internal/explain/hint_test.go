// SPDX-License-Identifier: GPL-2.0-or-later

package explain

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// TestHintOfOwnOutput: no engine can help if this program's own output is lost.
func TestHintOfOwnOutput(t *testing.T) {
	for path, want := range map[string]string{os.Stdout.Name(): "", os.Stderr.Name(): "", "/var/tmp/x": HintDisk} {
		if got := Hint(fmt.Errorf("cannot pass on: %w", &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC})); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestHint maps podman's original messages to hints.
func TestHint(t *testing.T) {
	for text, want := range map[string]string{
		"crun: cgroups in hybrid mode not supported: OCI runtime error":                       HintRuntime,
		"runc create failed: error setting rlimit type 7: operation not permitted":            HintRlimits,
		"cannot clone: Operation not permitted":                                               HintClone,
		`no subuid ranges found for user "x" in /etc/subuid`:                                  HintSubIDs,
		"potentially insufficient UIDs or GIDs available in user namespace":                   HintSubIDs,
		`exec: "newuidmap": executable file not found in $PATH`:                               HintUIDMap,
		`XDG_RUNTIME_DIR directory "/run/user/0" is not owned by the current user`:            HintRuntimeD,
		"Failed to obtain podman configuration: lstat /run/user/0: no such file or directory": HintRuntimeD,
		"cannot determine user's homedir":                                                     HintHome,
		"netavark: No such file or directory (os error 2)":                                    HintIptables,
		`could not find "netavark" in one of [/usr/libexec/podman]`:                           HintNetavark,
		"committing container: no space left on device":                                       HintDisk,
		"initializing source docker://x: pinging container registry y: no such host":          HintBase,
		`server API version is too old. Client "4.0.0" server "3.4.4"`:                        HintOld,
		"E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1":              HintAptLocked,
		"dial unix /run/podman/podman.sock: connect: connection refused":                      HintUnreach,
		`"/" is not a shared mount, this could cause issues`:                                  HintShared,
		"dial unix /run/podman/podman.sock: connect: permission denied":                       HintSocket,
		"crun: cannot open sd-bus: No such file or directory":                                 HintBus,
		`exec: "newgidmap": executable file not found in $PATH`:                               HintUIDMap,
		"allocating lock for new container: allocation failed; exceeded num_locks (2048)":     HintLocks,
		"something nobody has seen before":                                                    "",
		"netavark said no":                                                                    "",
		"":                                                                                    "",
	} {
		if got := Hint(errors.New(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if Hint(nil) != "" {
		t.Error("a hint for no error")
	}
}
