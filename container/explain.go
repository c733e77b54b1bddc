// SPDX-License-Identifier: GPL-2.0-or-later

package container

import "strings"

// Hints that a check of Checks and an error of the engine share.
const (
	hintRuntime   = `this machine has cgroups in hybrid mode, which crun refuses: install runc and set runtime = "runc" under [engine] in containers.conf, or boot with cgroup v2`
	hintRlimits   = `the service may not raise its limits: set default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"] under [containers] in containers.conf`
	hintClone     = "user namespaces are switched off or this is a chroot: set user.max_user_namespaces with sysctl, or run as root outside of the chroot"
	hintSubIDs    = "give the user subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then podman system migrate"
	hintRuntimeD  = "export XDG_RUNTIME_DIR as a directory of your own, usually /run/user/UID; su and sudo do not set it"
	hintNetavark  = "install netavark and aardvark-dns"
	hintIptables  = "install iptables (or nftables for podman 5)"
	hintNft       = "install nftables: netavark 1.10 and later set up networks with it"
	hintInit      = "install catatonit"
	hintConmon    = "install conmon"
	hintSlirp     = "install slirp4netns or passt"
	hintPasta     = "install passt: podman 5 without root has its networks from pasta, and slirp4netns does not replace it"
	hintLimits    = "the limits of this process or container are above what the service may set: raise them for the service (for example DefaultLimitNPROC= of systemd), or start a private one by leaving the address out"
	hintDelegate  = `the kernel or systemd does not let podman limit this resource: leave the limit out, or delegate it with "systemctl edit user@.service" ([Service] Delegate=cpu cpuset io memory pids)`
	hintOCI       = "the monitor could not start the container: is the runtime there (crun or runc), and does it work? podman info names it"
	hintUIDMap    = "install uidmap, which has newuidmap and newgidmap"
	hintShared    = "mount --make-rshared /, if mounts made later must be seen inside containers"
	hintDisk      = "free some space: lcitool container prune, podman image prune; a commit needs its layer's size twice"
	hintDiskWhere = "podman's storage is full (podman info --format '{{.Store.GraphRoot}}' says where it is): " + hintDisk
	hintBase      = `make the base image with "lcitool container bootstrap TARGET", or pull it where a registry can be reached`
	hintOld       = "podman 4.0 is the oldest that works"
	hintUnreach   = `start it with "systemctl --user start podman.socket" (root: "systemctl start podman.socket"), or set no address for a private service`
	hintAptLocked = "another build uses the same cache mount: build one at a time, or use flock in RUN"
)

// explanations are looked through in order; all words of one must be there.
func explanations() []struct {
	words []string
	hint  string
} {
	return []struct {
		words []string
		hint  string
	}{
		{[]string{"cgroups in hybrid mode not supported"}, hintRuntime},
		{[]string{"error setting rlimit"}, hintRlimits},
		{[]string{"setrlimit", "peration not permitted"}, hintLimits},
		{[]string{"controller `", "is not available"}, hintDelegate},
		{[]string{"memory.max", "o such file"}, hintDelegate},
		{[]string{"memory.swap.max", "o such file"}, hintDelegate},
		{[]string{"cpu.max", "o such file"}, hintDelegate},
		{[]string{"pids.max", "o such file"}, hintDelegate},
		{[]string{"cannot clone: Operation not permitted"}, hintClone},
		{[]string{"no subuid ranges found"}, hintSubIDs},
		{[]string{"no subgid ranges found"}, hintSubIDs},
		{[]string{"insufficient UIDs or GIDs"}, hintSubIDs},
		{[]string{"newuidmap", "executable file not found"}, hintUIDMap},
		{[]string{"is not owned by the current user"}, hintRuntimeD},
		{[]string{"netavark", "nftables"}, hintNft},
		{[]string{"netavark", "unable to execute", "nft"}, hintNft},
		{[]string{"netavark", "iptables"}, hintIptables},
		{[]string{"netavark: No such file or directory"}, hintIptables},
		{[]string{"could not find \"netavark\""}, hintNetavark},
		{[]string{"catatonit"}, hintInit},
		{[]string{"container-init binary not found"}, hintInit},
		{[]string{"conmon failed: exit status 1"}, hintOCI},
		{[]string{"could not find a working conmon"}, hintConmon},
		{[]string{"slirp4netns", "not found"}, hintSlirp},
		{[]string{"pasta", "not found"}, hintPasta},
		{[]string{"is not a shared mount"}, hintShared},
		{[]string{"no space left on device"}, hintDisk},
		{[]string{"database or disk is full"}, hintDiskWhere},
		{[]string{"pinging container registry"}, hintBase},
		{[]string{"initializing source docker://"}, hintBase},
		{[]string{"server API version is too old"}, hintOld},
		{[]string{"Could not get lock /var/lib/apt"}, hintAptLocked},
		{[]string{"podman.sock", "connection refused"}, hintUnreach},
		{[]string{"podman.sock", "no such file or directory"}, hintUnreach},
	}
}

// Explain returns one line saying what to do about an error of the engine, or
// "" when its own words are all there is.
func Explain(err error) string {
	if err == nil {
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
