// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

const (
	hybridMounts = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw\n2 1 0:1 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n3 2 0:2 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n4 2 0:3 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n"
	newMounts    = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw\n2 1 0:1 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"
	oldMounts    = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:1 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n4 2 0:3 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n"
)

// good is an ordinary user's machine without problems.
func good() machine {
	return machine{
		root: fstest.MapFS{
			"proc/self/mountinfo":               {Data: []byte(newMounts)},
			"proc/self/status":                  {Data: []byte("Name:\tx\nCapEff:\t0000000000000000\n")},
			"proc/sys/kernel/pid_max":           {Data: []byte("4194304\n")},
			"proc/sys/user/max_user_namespaces": {Data: []byte("96365\n")},
			"etc/subuid":                        {Data: []byte("other:100:5\nme:100000:65536\n")},
			"etc/subgid":                        {Data: []byte("1000:100000:65536\n")},
			"run/user/1000/x":                   {},
		},
		uid: 1000, user: "me", conf: "crun", runtime: "",
		lookPath: func(string) bool { return true }, open: func(string) error { return nil },
		hardProcs: math.MaxUint64, hardFiles: math.MaxUint64,
	}
}

func (m machine) with(name, text string) machine {
	tree := fstest.MapFS{}
	for k, v := range m.root.(fstest.MapFS) {
		tree[k] = v
	}
	delete(tree, name)
	if text != "" {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	m.root = tree
	return m
}

func lacking(programs ...string) func(string) bool {
	return func(program string) bool { return !slices.Contains(programs, program) }
}

func TestMachineChecks(t *testing.T) {
	root := good()
	root.uid = 0
	dir := good()
	dir.root = os.DirFS("/")
	set := func(m machine, change func(*machine)) machine {
		change(&m)
		return m
	}
	for name, c := range map[string]struct {
		got   Check
		state State
		found string
		hint  string
	}{
		"cgroups 2":                {good().cgroups(), OK, "version 2, runtime crun", ""},
		"cgroups 1":                {good().with("proc/self/mountinfo", oldMounts).cgroups(), OK, "version 1", ""},
		"hybrid with crun":         {good().with("proc/self/mountinfo", hybridMounts).cgroups(), Fail, "hybrid, runtime crun", explain.HintRuntime},
		"hybrid with crun's path":  {set(good().with("proc/self/mountinfo", hybridMounts), func(m *machine) { m.conf = "/usr/bin/crun" }).cgroups(), Fail, "hybrid", explain.HintRuntime},
		"hybrid with runc":         {set(good().with("proc/self/mountinfo", hybridMounts), func(m *machine) { m.conf = "runc" }).cgroups(), OK, "hybrid, runtime runc", ""},
		"no cgroups":               {good().with("proc/self/mountinfo", "").cgroups(), Warn, "unknown", "mounted?"},
		"runtime missing":          {set(good(), func(m *machine) { m.lookPath = lacking("crun") }).cgroups(), Fail, "not installed", "install crun"},
		"limits":                   {good().rlimits(), OK, "unlimited processes", ""},
		"limits, low processes":    {set(good(), func(m *machine) { m.hardProcs = 96365 }).rlimits(), Warn, "96365 processes", explain.HintRlimits},
		"limits, low files":        {set(good(), func(m *machine) { m.hardFiles = 20000 }).rlimits(), Warn, "20000 files", explain.HintRlimits},
		"limits, configured":       {set(good(), func(m *machine) { m.hardFiles, m.defaultLimits = 20000, []string{"nofile", "nproc"} }).rlimits(), OK, "has default_ulimits", ""},
		"limits, half configured":  {set(good(), func(m *machine) { m.hardFiles, m.defaultLimits = 20000, []string{"nofile"} }).rlimits(), Warn, "20000 files", explain.HintRlimits},
		"limits, capable":          {set(good(), func(m *machine) { m.hardFiles = 1 }).with("proc/self/status", "CapEff:\t0000000001000000\n").rlimits(), OK, "CAP_SYS_RESOURCE", ""},
		"limits, no status":        {set(good(), func(m *machine) { m.hardFiles = 1 }).with("proc/self/status", "").rlimits(), Warn, "1 files", explain.HintRlimits},
		"limits, odd status":       {set(good(), func(m *machine) { m.hardFiles = 1 }).with("proc/self/status", "CapEff: zz\n").rlimits(), Warn, "1 files", explain.HintRlimits},
		"namespaces":               {good().namespaces(), OK, "96365", ""},
		"namespaces, none":         {good().with("proc/sys/user/max_user_namespaces", "0").namespaces(), Fail, "= 0", explain.HintClone},
		"namespaces, none, root":   {root.with("proc/sys/user/max_user_namespaces", "0").namespaces(), Warn, "= 0", explain.HintClone},
		"namespaces, no file":      {good().with("proc/sys/user/max_user_namespaces", "").namespaces(), Fail, "not in this kernel", explain.HintClone},
		"namespaces, odd file":     {good().with("proc/sys/user/max_user_namespaces", "many").namespaces(), Fail, "not in this kernel", explain.HintClone},
		"namespaces, only root":    {good().with("proc/sys/kernel/unprivileged_userns_clone", "0").namespaces(), Fail, "only for root", "unprivileged_userns_clone=1"},
		"ids":                      {good().subordinateIDs(), OK, "65536 uids, 65536 gids for me", ""},
		"ids, root":                {root.subordinateIDs(), OK, "not needed", ""},
		"ids, others only":         {good().with("etc/subuid", "other:1:65536\n").subordinateIDs(), Fail, "0 uids", "me"},
		"ids, too few":             {good().with("etc/subgid", "me:1:1000\n").subordinateIDs(), Warn, "1000 gids", "me"},
		"ids, no file":             {good().with("etc/subgid", "").subordinateIDs(), Fail, "0 gids", "usermod"},
		"ids, broken file":         {good().with("etc/subuid", "me\nme:x\nme:1:x\nme:1:-5\n::::\n").subordinateIDs(), Fail, "0 uids", "usermod"},
		"ids, two ranges":          {good().with("etc/subuid", "me:1:65000\n1000:70000:1000\n").subordinateIDs(), OK, "66000 uids", ""},
		"ids, no newuidmap":        {set(good(), func(m *machine) { m.lookPath = lacking("newuidmap") }).subordinateIDs(), Fail, "not installed", explain.HintUIDMap},
		"runtime dir unset":        {good().runtimeDir(), Warn, "not set", explain.HintRuntimeD},
		"runtime dir unset, root":  {root.runtimeDir(), OK, "not needed", ""},
		"runtime dir relative":     {set(good(), func(m *machine) { m.runtime = "run/user/1000" }).runtimeDir(), Fail, "is not an absolute path", explain.HintRuntimeD},
		"runtime dir gone":         {set(good(), func(m *machine) { m.runtime = "/run/user/1" }).runtimeDir(), Fail, "does not exist", explain.HintRuntimeD},
		"runtime dir a file":       {set(good(), func(m *machine) { m.runtime = "/run/user/1000/x" }).runtimeDir(), Fail, "is no directory", explain.HintRuntimeD},
		"runtime dir of another":   {set(dir, func(m *machine) { m.runtime, m.uid = "/proc/1", os.Getuid()+1 }).runtimeDir(), Fail, "belongs to user 0", explain.HintRuntimeD},
		"runtime dir":              {set(dir, func(m *machine) { m.runtime, m.uid = t.TempDir(), os.Getuid() }).runtimeDir(), OK, "/", ""},
		"runtime dir with a slash": {set(dir, func(m *machine) { m.runtime, m.uid = t.TempDir()+"/", os.Getuid() }).runtimeDir(), OK, "/", ""},
		"helpers":                  {good().helpers(), OK, "all", ""},
		"helpers, conmon":          {set(good(), func(m *machine) { m.lookPath = lacking("conmon", "slirp4netns") }).helpers(), Fail, "conmon", explain.HintConmon},
		"helpers, network":         {set(good(), func(m *machine) { m.lookPath = lacking("netavark", "iptables", "nft") }).helpers(), Warn, "netavark or aardvark-dns, iptables", explain.HintIptables},
		"helpers, slirp and pasta": {set(good(), func(m *machine) { m.lookPath = lacking("slirp4netns", "pasta") }).helpers(), Warn, "slirp4netns or pasta", explain.HintSlirp},
		"helpers, pasta only":      {set(good(), func(m *machine) { m.lookPath = lacking("slirp4netns") }).helpers(), OK, "all", ""},
		"helpers, root":            {set(root, func(m *machine) { m.lookPath = lacking("slirp4netns", "pasta") }).helpers(), OK, "all", ""},
		"shared":                   {good().sharedMounts(), OK, "is shared", ""},
		"not shared":               {good().with("proc/self/mountinfo", oldMounts).sharedMounts(), Warn, "not a shared mount", explain.HintShared},
		"mounts unknown":           {good().with("proc/self/mountinfo", "").sharedMounts(), Warn, "not a shared mount", explain.HintShared},
		"kvm":                      {good().kvm(), OK, "can be opened", ""},
		"kvm, none":                {set(good(), func(m *machine) { m.open = func(string) error { return fs.ErrNotExist } }).kvm(), Warn, "not there", "virtualization"},
		"kvm, not allowed":         {set(good(), func(m *machine) { m.open = func(string) error { return fs.ErrPermission } }).kvm(), Warn, "permission denied", "usermod"},
		"version":                  {versionCheck("podman version 4.3.1"), OK, "4.3.1", ""},
		"version, development":     {versionCheck("podman version 6.0.0-dev"), OK, "6.0.0", ""},
		"version, old":             {versionCheck("podman version 3.4.4"), Fail, "3.4.4", explain.HintOld},
		"version, odd":             {versionCheck("hello"), Warn, "hello", "podman?"},
		"version, none":            {versionCheck(""), Warn, `""`, "podman?"},
		"driver":                   {storeInfo{driver: "overlay", root: "/g", asked: true}.check(), OK, "overlay in /g", ""},
		"driver, vfs":              {storeInfo{driver: "vfs", asked: true}.check(), Warn, "vfs", "storage.conf"},
		"driver, unknown":          {storeInfo{}.check(), Warn, "unknown", "no service"},
		"driver, error":            {storeInfo{err: errors.New("no subuid ranges found"), asked: true}.check(), Warn, "subuid", explain.HintSubIDs},
		"disk":                     {diskCheck("d", "/x", space(10<<30)), OK, "10.0 GiB free in /x", ""},
		"disk, full":               {diskCheck("d", "/x", space(1<<30)), Warn, "1.0 GiB", explain.HintDisk},
		"disk, gone":               {diskCheck("d", "/nosuch", freeSpace), Warn, "no such file", ""},
		"disk, no inodes":          {diskCheck("d", "/x", inodes(10)), Warn, "only 10 inodes", explain.HintDisk},
		"disk, inodes":             {diskCheck("d", "/x", inodes(1<<20)), OK, "10.0 GiB", ""},
		"arches, none":             {good().foreignArches(), OK, "none", ""},
		"arches":                   {good().with("proc/sys/fs/binfmt_misc/qemu-s390x", "enabled\ninterpreter /usr/libexec/qemu-binfmt/s390x\nflags: POCF\noffset 0\n").foreignArches(), OK, "s390x, emulated", ""},
		"arches, not for all":      {good().with("proc/sys/fs/binfmt_misc/qemu-s390x", "enabled\ninterpreter /usr/bin/qemu-s390x\nflags: OC\n").foreignArches(), Warn, "do not find: s390x", "qemu-user-static"},
		"arches, switched off":     {good().with("proc/sys/fs/binfmt_misc/qemu-s390x", "disabled\nflags: F\n").foreignArches(), OK, "none", ""},
		"runtime, old":             {withRuntime("runc", "runc version 1.1.5+ds1\ncommit: x\nspec: 1\n", "runc_1.1.5+ds1-1+deb12u1_amd64").runtimeCheck(), Warn, "runc 1.1.5+ds1 lets containers out: CVE-2024-21626, CVE-2025-31133", "changes of runc_1.1.5"},
		"runtime, fixed":           {withRuntime("runc", "runc version 1.2.8\n", "").runtimeCheck(), OK, "runc 1.2.8", ""},
		"runtime, half fixed":      {withRuntime("runc", "runc version 1.3.2\n", "Unknown").runtimeCheck(), Warn, "out: CVE-2025-31133, CVE-2025-52565, CVE-2025-52881", "newer runc"},
		"runtime, candidate":       {withRuntime("runc", "runc version 1.4.0-rc.2\n", "").runtimeCheck(), Warn, "CVE-2025-31133", "newer runc"},
		"runtime, crun":            {withRuntime("crun", "crun version 1.21\ncommit: x\n", "").runtimeCheck(), OK, "crun 1.21", ""},
		"runtime, odd":             {withRuntime("runc", "", "").runtimeCheck(), OK, "runc", ""},
		"runtime, not asked":       {engineInfo{}.runtimeCheck(), Warn, "unknown", "no service"},
		"selinux, off":             {engineInfo{}.selinux(), OK, "not enabled", ""},
		"disk, unknown":            {diskCheck("d", "", space(0)), Warn, "unknown", "no service"},
		"service":                  {serviceCheck(nil, &api.EngineError{Op: "x", Hint: "do y", Err: errors.New("z")}), Fail, "cannot x: z", "do y"},
	} {
		if c.got.State != c.state || !strings.Contains(c.got.Found, c.found) || !strings.Contains(c.got.Hint, c.hint) || (c.state == OK) != (c.got.Hint == "" && c.state == OK) {
			t.Errorf("%s: got %+v, want %s, %q, %q", name, c.got, c.state, c.found, c.hint)
		}
	}
}

func space(n uint64) func(string) (room, error) {
	return func(string) (room, error) { return room{bytes: n}, nil }
}

func inodes(n uint64) func(string) (room, error) {
	return func(string) (room, error) { return room{10 << 30, n, true}, nil }
}

func withRuntime(name, version, pack string) engineInfo {
	var i engineInfo
	i.Host.OCIRuntime.Name, i.Host.OCIRuntime.Version, i.Host.OCIRuntime.Package = name, version, pack
	return i
}

func TestRegistryChecks(t *testing.T) {
	asked := make(chan string, 9)
	ask := func(ctx context.Context, reference string) error {
		asked <- reference
		if _, limited := ctx.Deadline(); !limited {
			t.Error("nothing bounds the wait")
		}
		if strings.HasPrefix(reference, "registry.example.org/") {
			return &api.EngineError{Op: "ask", Err: errors.New("connection refused"), Hint: "is it up?"}
		}
		return nil
	}
	got := Options{Images: []string{"docker.io/library/debian:12", "registry.example.org/a:1", "docker.io/library/debian:13", "localhost/mine:1"}}.registryChecks(t.Context(), ask)
	close(asked)
	if len(got) != 2 || len(asked) != 2 || got[0].State != OK || got[0].Name != "registry docker.io" ||
		got[1].State != Warn || !strings.Contains(got[1].Found, "connection refused") || !strings.Contains(got[1].Hint, "is it up?; without it: make the base image") {
		t.Errorf("got %+v", got)
	}
	asked = make(chan string, 9)
	if got := (Options{}).registryChecks(t.Context(), ask); len(got) != 1 || <-asked != usualImage {
		t.Errorf("got %+v", got)
	}
	for _, o := range []Options{{Images: []string{"localhost/mine:1"}}, {Offline: true}, {Images: []string{usualImage}, Offline: true}} {
		if got := o.registryChecks(t.Context(), ask); len(got) != 0 || len(asked) != 0 {
			t.Errorf("%q, offline %v: got %+v", o.Images, o.Offline, got)
		}
	}
}

func TestChecksOfAnEngineElsewhere(t *testing.T) {
	o := Options{Connect: container.ConnectOptions{URL: "tcp://127.0.0.1:1", RuntimeDir: t.TempDir()}}
	var names []string
	for _, c := range Run(t.Context(), o) {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, ", "); got != "service, storage driver" {
		t.Errorf("got %s", got)
	}
}

func TestChecksWithoutPodman(t *testing.T) {
	o := Options{Connect: container.ConnectOptions{Podman: "nosuchpodman", Private: true, RuntimeDir: t.TempDir()}, Images: []string{"x"}}
	var names []string
	for _, c := range Run(t.Context(), o) {
		names = append(names, c.Name)
		if (c.Name == "podman" || c.Name == "service") && (c.State == OK || c.Hint == "") {
			t.Errorf("%+v", c)
		}
		if c.State == OK && c.Hint != "" || c.Found == "" {
			t.Errorf("%+v", c)
		}
	}
	want := "podman, service, runtime and cgroups, resource limits, user namespaces, subordinate ids, XDG_RUNTIME_DIR, storage driver, helpers, shared mounts, disk for images, disk for builds, /dev/kvm, other architectures"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got %s", got)
	}
}

// TestPodmanCheck: a podman that fails is reported differently from a missing one.
func TestPodmanCheck(t *testing.T) {
	refuses := t.TempDir() + "/podman"
	if err := os.WriteFile(refuses, []byte("#!/bin/sh\ncat >&2 <<'E'\ntime=\"x\" level=error msg=\"cannot determine user's homedir\"\nE\nexit 1\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	for program, want := range map[string]Check{
		refuses:        {"podman", Warn, "cannot be run: exit status 1: cannot determine user's homedir", explain.HintHome},
		"/nosuch/here": {"podman", Warn, "not installed", "install podman; a service elsewhere can be used with --url"},
	} {
		if got := podmanCheck(t.Context(), container.ConnectOptions{Podman: program}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
