// SPDX-License-Identifier: GPL-2.0-or-later

// Package doctor checks whether a machine can run containers.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/buildrisk"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// State is the result of a check.
type State string

const (
	OK   State = "ok"
	Warn State = "warn" // works, but not everything or not well
	Fail State = "fail" // containers will not work
)

// A Check is the result of one check.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Found string `json:"found"`
	Hint  string `json:"hint,omitempty"` // what to do; empty when State is OK
}

// Options say what Run checks.
type Options struct {
	Connect container.ConnectOptions // how the program would connect; a private service is started and ends by itself
	Images  []string                 // base images that should be there
	Offline bool                     // do not ask registries
}

// Run performs all checks in a fixed order. If the engine is on another machine,
// checks of that machine use what the engine reports. podman need not be
// installed; then that is the result of a check.
func Run(ctx context.Context, o Options) []Check {
	m := thisMachine(o.Connect)
	store := storeInfo{}
	engine, err := container.Connect(ctx, o.Connect)
	if err == nil {
		info, infoErr := engine.Info(ctx)
		m.setInfo(info)
		store = storeInfo{driver: info.Store.GraphDriverName, root: info.Store.GraphRoot, buildah: info.Host.BuildahVersion, err: infoErr, asked: true}
	}
	here := runtime.GOOS == "linux" && !o.Connect.Elsewhere()
	if err == nil {
		here = engine.Local()
	}
	var checks []Check
	if here {
		checks = append(checks, podmanCheck(ctx, o.Connect))
	}
	checks = append(checks, serviceCheck(engine, err))
	if here {
		checks = append(checks, m.cgroups(), m.rlimits(), m.namespaces(), m.subordinateIDs(), m.runtimeDir())
	}
	checks = append(checks, store.check())
	if here {
		checks = append(checks, m.helpers(), m.sharedMounts(), diskCheck("disk for images", store.root, freeSpace))
		checks = append(checks, diskCheck("disk for builds", o.Connect.BuildTempParent(), freeSpace), m.kvm(), m.foreignArches())
	}
	if err != nil {
		return checks
	}
	checks = append(checks, m.info.runtimeCheck(), builderCheck(store.buildah), m.info.selinux())
	checks = append(checks, o.registryChecks(ctx, engine.AskRegistry)...)
	return append(checks, imageChecks(ctx, engine, o.Images)...)
}

func podmanCheck(ctx context.Context, o container.ConnectOptions) Check {
	program := o.Podman
	if program == "" {
		program = "podman"
	}
	out, err := exec.CommandContext(ctx, program, "--version").Output() //nolint:gosec // the user's choice
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		said := explain.LogMessage(string(exit.Stderr))
		return Check{"podman", Warn, fmt.Sprintf("cannot be run: %v: %s", err, said), explain.Hint(errors.New(said))}
	}
	if err != nil {
		return Check{"podman", Warn, "not installed", "install podman; a service elsewhere can be used with --url"}
	}
	return versionCheck(strings.TrimSpace(string(out)))
}

// versionCheck checks the output of "podman --version".
func versionCheck(text string) Check {
	var major, minor int
	if _, err := fmt.Sscanf(text[strings.LastIndexByte(text, ' ')+1:], "%d.%d", &major, &minor); err != nil {
		return Check{"podman", Warn, fmt.Sprintf("%q", text), "is this podman?"}
	}
	if major < 4 {
		return Check{"podman", Fail, text, explain.HintOld}
	}
	return Check{"podman", OK, text, ""}
}

func serviceCheck(e *container.Engine, err error) Check {
	if err != nil {
		return Check{"service", Fail, err.Error(), api.Hint(err)}
	}
	found := fmt.Sprintf("podman %s at %s (%s)", e.Version(), e.Address(), e.Source())
	if c := versionCheck(e.Version()); c.State == Fail {
		return Check{"service", Fail, found, c.Hint}
	}
	if !e.Local() {
		found += "; it has files of its own, and yours are sent to it"
	}
	return Check{"service", OK, found, ""}
}

type storeInfo struct {
	driver, root, buildah string
	err                   error
	asked                 bool
}

func (s storeInfo) check() Check {
	const name = "storage driver"
	switch {
	case !s.asked:
		return Check{name, Warn, "unknown", "no service could be asked"}
	case s.err != nil:
		return Check{name, Warn, s.err.Error(), api.Hint(s.err)}
	case s.driver == "vfs":
		return Check{name, Warn, "vfs, which copies every layer", `set driver = "overlay" in storage.conf, then podman system reset, which removes all images`}
	}
	return Check{name, OK, fmt.Sprintf("%s in %s", s.driver, s.root), ""}
}

// An image with a few hundred packages has 1.3 GB, which a commit needs twice,
// and about 40,000 files.
const (
	minimumFree   = 4 << 30
	minimumInodes = 200_000
)

func diskCheck(name, dir string, free func(dir string) (room, error)) Check {
	if dir == "" {
		return Check{name, Warn, "unknown", "no service could be asked"}
	}
	r, err := free(dir)
	if err != nil {
		return Check{name, Warn, fmt.Sprintf("%s: %v", dir, err), ""}
	}
	found := fmt.Sprintf("%.1f GiB free in %s", float64(r.bytes)/(1<<30), dir)
	if r.countsInodes && r.inodes < minimumInodes {
		return Check{name, Warn, fmt.Sprintf("%s, and only %d inodes", found, r.inodes), explain.HintDisk}
	}
	if r.bytes < minimumFree {
		return Check{name, Warn, found, explain.HintDisk}
	}
	return Check{name, OK, found, ""}
}

func imageChecks(ctx context.Context, e *container.Engine, references []string) []Check {
	var checks []Check
	for _, reference := range references {
		name := "base image " + reference
		there, err := e.Exists(ctx, reference)
		switch {
		case err != nil:
			checks = append(checks, Check{name, Warn, err.Error(), api.Hint(err)})
		case !there:
			checks = append(checks, Check{name, Warn, "not in the local store", explain.HintBase})
		default:
			checks = append(checks, Check{name, OK, "in the local store", ""})
		}
	}
	return checks
}

func thisMachine(o container.ConnectOptions) machine {
	return machine{
		root: os.DirFS("/"), uid: os.Getuid(), user: o.Variable("USER"), runtime: o.Variable("XDG_RUNTIME_DIR"),
		lookPath: helperPath, open: openDevice, conf: podman.OCIRuntime(o.Variable, os.Getuid(), helperPath), defaultLimits: podman.DefaultLimits(o.Variable, os.Getuid()), hardProcs: podman.HardLimit(rlimitProcs), hardFiles: podman.HardLimit(rlimitFiles),
	}
}

// builderCheck reports the known vulnerabilities of the service's builder.
func builderCheck(version string) Check {
	const name = "builder"
	known := buildrisk.Known(version)
	found := "buildah " + cmp.Or(version, "of unknown version")
	if len(known) == 0 {
		return Check{name, OK, found, ""}
	}
	return Check{
		name, Warn, found + " lacks the fix of " + strings.Join(known, ", "),
		"committed Dockerfiles that could use them are refused, see docs/trust.md; install a newer podman, or, where the distribution has fixed this one, give --allow-unsafe-build",
	}
}
