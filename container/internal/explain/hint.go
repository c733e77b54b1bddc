// SPDX-License-Identifier: GPL-2.0-or-later

// Package explain finds the reasons of podman's errors, with hints for users.
package explain

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Hints for checks of package doctor and errors of the engine.
const (
	HintRuntime   = `this machine has cgroups in hybrid mode, which crun refuses: install runc and set runtime = "runc" under [engine] in containers.conf, or boot with cgroup v2`
	HintRlimits   = `the service may not raise its limits: set default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"] under [containers] in containers.conf`
	HintClone     = "user namespaces are switched off or this is a chroot: set user.max_user_namespaces with sysctl, or run as root outside of the chroot"
	HintSubIDs    = "give the user subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then podman system migrate"
	HintRuntimeD  = "export XDG_RUNTIME_DIR as a directory of your own, usually /run/user/UID; su and sudo do not set it"
	HintHome      = "set HOME: podman keeps images of users below it, and this user has no entry in /etc/passwd"
	HintNetavark  = "install netavark and aardvark-dns"
	HintIptables  = "install iptables (or nftables for podman 5)"
	HintNft       = "install nftables: netavark 1.10 and later set up networks with it"
	HintInit      = "install catatonit"
	HintConmon    = "install conmon"
	HintSlirp     = "install slirp4netns or passt"
	HintPasta     = "install passt: podman 5 without root has its networks from pasta, and slirp4netns does not replace it"
	HintLimits    = "the limits of this process or container are above what the service may set: raise them for the service (for example DefaultLimitNPROC= of systemd), or start a private one by leaving the address out"
	HintDelegate  = `the kernel or systemd does not let podman limit this resource: leave the limit out, or delegate it with "systemctl edit user@.service" ([Service] Delegate=cpu cpuset io memory pids)`
	HintOCI       = "the monitor could not start the container: is the runtime there (crun or runc), and does it work? podman info names it"
	HintBus       = `systemd does not answer this user, who has no session: log in by ssh or "machinectl shell", or "loginctl enable-linger USER"; su and sudo open no session`
	HintForeign   = "it may be a program for another architecture: qemu-user-static has the kernel emulate those (lcitool doctor says which)"
	HintNoRuntime = "install crun or runc, whichever containers.conf names"
	HintTun       = "load the kernel's module for tap devices: modprobe tun"
	HintUIDMapCap = "newuidmap and newgidmap have lost their privileges, as in a copied file system: reinstall uidmap"
	HintStorage   = "storage.conf names directories that this user cannot write: leave graphroot and runroot out of /etc/containers/storage.conf"
	HintFuse      = "install fuse-overlayfs, or take mount_program out of storage.conf"
	HintSocket    = "the socket is another user's: use your own (systemctl --user start podman.socket), or leave the address out"
	HintUIDMap    = "install uidmap, which has newuidmap and newgidmap"
	HintShared    = "mount --make-rshared /, if mounts made later must be seen inside containers"
	HintDisk      = "free some space: lcitool container prune, podman image prune; a commit needs its layer's size twice"
	HintDiskWhere = "podman's storage is full (podman info --format '{{.Store.GraphRoot}}' says where it is): " + HintDisk
	HintLocks     = `podman counts containers and volumes of removed storage too: end all containers, then "podman system renumber"`
	HintBase      = `make the base image with "lcitool container bootstrap TARGET", or pull it where a registry can be reached`
	HintOld       = "podman 4.0 is the oldest that works"
	HintUnreach   = `start it with "systemctl --user start podman.socket" (root: "systemctl start podman.socket"), or set no address for a private service`
	HintAptLocked = "another build uses the same cache mount: build one at a time, or use flock in RUN"
)

// explanations returns hints by priority. An error matches if it contains all
// words.
func explanations() []struct {
	words []string
	hint  string
} {
	return []struct {
		words []string
		hint  string
	}{
		{[]string{"cgroups in hybrid mode not supported"}, HintRuntime},
		{[]string{"error setting rlimit"}, HintRlimits},
		{[]string{"setrlimit", "peration not permitted"}, HintLimits},
		{[]string{"controller `", "is not available"}, HintDelegate},
		{[]string{"memory.max", "o such file"}, HintDelegate},
		{[]string{"memory.swap.max", "o such file"}, HintDelegate},
		{[]string{"cpu.max", "o such file"}, HintDelegate},
		{[]string{"pids.max", "o such file"}, HintDelegate},
		{[]string{"opening file `", "` for writing: No such file"}, HintDelegate},
		{[]string{"sd-bus"}, HintBus},
		{[]string{"OCI runtime", "not found: invalid argument"}, HintNoRuntime},
		{[]string{"cannot clone: Operation not permitted"}, HintClone},
		{[]string{"xec format error"}, HintForeign},
		{[]string{"no subuid ranges found"}, HintSubIDs},
		{[]string{"no subgid ranges found"}, HintSubIDs},
		{[]string{"insufficient UIDs or GIDs"}, HintSubIDs},
		{[]string{"newuidmap", "executable file not found"}, HintUIDMap},
		{[]string{"newgidmap", "executable file not found"}, HintUIDMap},
		{[]string{"write to uid_map failed"}, HintUIDMapCap},
		{[]string{"write to gid_map failed"}, HintUIDMapCap},
		{[]string{"RunRoot is pointing to a path", "not writable"}, HintStorage},
		{[]string{"cannot evaluate symlinks on DB run root path"}, HintStorage},
		{[]string{"fuse-overlayfs", "executable file not found"}, HintFuse},
		{[]string{"/dev/net/tun"}, HintTun},
		{[]string{"is not owned by the current user"}, HintRuntimeD},
		{[]string{"cannot determine user's homedir"}, HintHome},
		{[]string{"obtain podman configuration", "lstat /run/user/"}, HintRuntimeD},
		{[]string{"netavark", "nftables"}, HintNft},
		{[]string{"netavark", "unable to execute", "nft"}, HintNft},
		{[]string{"netavark", "iptables"}, HintIptables},
		{[]string{"netavark: No such file or directory"}, HintIptables},
		{[]string{"could not find \"netavark\""}, HintNetavark},
		{[]string{"catatonit"}, HintInit},
		{[]string{"container-init binary not found"}, HintInit},
		{[]string{"conmon failed: exit status 1"}, HintOCI},
		{[]string{"could not find a working conmon"}, HintConmon},
		{[]string{"slirp4netns", "not found"}, HintSlirp},
		{[]string{"pasta", "not found"}, HintPasta},
		{[]string{"is not a shared mount"}, HintShared},
		{[]string{"no space left on device"}, HintDisk},
		{[]string{"database or disk is full"}, HintDiskWhere},
		{[]string{"exceeded num_locks"}, HintLocks},
		{[]string{"pinging container registry"}, HintBase},
		{[]string{"initializing source docker://"}, HintBase},
		{[]string{"server API version is too old"}, HintOld},
		{[]string{"Could not get lock /var/lib/apt"}, HintAptLocked},
		{[]string{"podman.sock", "permission denied"}, HintSocket},
		{[]string{"podman.sock", "connection refused"}, HintUnreach},
		{[]string{"podman.sock", "no such file or directory"}, HintUnreach},
	}
}

// Hint returns a one-line hint for an error of the engine, or "".
func Hint(err error) string {
	if err == nil || ofOwnOutput(err) {
		return ""
	}
	text := err.Error()
next:
	for _, e := range explanations() {
		for _, word := range e.words {
			if !strings.Contains(text, word) {
				continue next
			}
		}
		return e.hint
	}
	return ""
}

// ofOwnOutput reports whether writing to stdout or stderr of this program failed,
// which no engine can help.
func ofOwnOutput(err error) bool {
	failed, ok := errors.AsType[*fs.PathError](err)
	return ok && failed.Op == "write" && (failed.Path == os.Stdout.Name() || failed.Path == os.Stderr.Name())
}
