// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"strings"
	"syscall"

	"github.com/containers/podman/v4/pkg/specgen"
	spec "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/term"

	"gitlab.com/lcitool/lcitool/container/api"
)

// cpuPeriod is the kernel's default, in microseconds.
const cpuPeriod = 100000

// spec converts options to podman's container specification. Files that lcitool
// provides are written to dir; if it is "", they are left out and uploaded
// later. own are mounts in addition to those of the options.
func (e *Engine) spec(ctx context.Context, o api.ContainerOptions, u runUser, dir string, own []api.Mount) (*specgen.SpecGenerator, error) {
	s := specgen.NewSpecGenerator(o.Image, false)
	s.Name = o.Name
	if s.Name == "" {
		s.Name = "lcitool"
	}
	s.Name += "-" + randomName()
	s.Labels = ownerLabels(e.owner)
	maps.Copy(s.Labels, o.Labels)
	s.WorkDir, s.CreateWorkingDir = o.WorkDir, true
	if s.WorkDir == "" {
		s.WorkDir = u.Home
	}
	s.Init = true // PID 1 ignores signals without a handler
	s.CapAdd = append([]string{"SYS_PTRACE"}, o.CapAdd...)
	s.Privileged, s.Hostname = o.Privileged, o.Hostname
	if o.Privileged {
		// Otherwise, with version 1 of control groups, /proc/PID/cgroup has paths of
		// the host that do not exist in the container's /sys/fs/cgroup.
		s.CgroupNS = specgen.Namespace{NSMode: specgen.Private}
	}
	if o.AllCalls {
		s.SeccompProfilePath = "unconfined"
	}
	s.Groups = append(s.Groups, o.Groups...)
	s.Rlimits = e.rlimits()
	// k8s-file keeps the output on disk until the container is removed, so that
	// it can be read after the service died.
	s.LogConfiguration = &specgen.LogConfig{Driver: "k8s-file"}
	s.User = u.spec()
	s.Env = proxies(e.options.Variable, environ(o, u)) // the service would add its own
	if err := e.idmap(ctx, s, u); err != nil {
		return nil, err
	}
	if err := applyNetwork(o.Network, s); err != nil {
		return nil, err
	}
	limitResources(o, s)
	if err := e.devices(ctx, o, s, u); err != nil {
		return nil, err
	}
	if err := addStorage(o, s, u, dir, own); err != nil {
		return nil, err
	}
	if err := e.refuseOthers(ctx, s); err != nil {
		return nil, err
	}
	return s, e.label(ctx, s)
}

// devices adds the devices, and refuses mounts that the engine cannot see.
func (e *Engine) devices(ctx context.Context, o api.ContainerOptions, s *specgen.SpecGenerator, u runUser) error {
	if !e.service.Local() {
		if len(o.Mounts) > 0 {
			return e.unseen(o.Mounts[0].Source)
		}
		for _, path := range o.Devices {
			s.Devices = append(s.Devices, spec.LinuxDevice{Path: path})
		}
		return nil
	}
	if len(o.Devices) == 0 {
		return nil
	}
	rootless, err := e.rootless(ctx)
	if err != nil {
		return err
	}
	return addDevices(o, s, u, rootless)
}

func (e *Engine) runSpec(ctx context.Context, o api.RunOptions, u runUser, dir string) (*specgen.SpecGenerator, error) {
	if o.WorkloadDir != "" && !e.service.Local() {
		return nil, e.unseen(o.WorkloadDir)
	}
	own, err := ownMounts(o, u, dir)
	if err != nil {
		return nil, err
	}
	s, err := e.spec(ctx, o.ContainerOptions, u, dir, own)
	if err != nil {
		return nil, err
	}
	s.Command = runCommand(o, u)
	s.Stdin, s.Terminal = o.Stdin != nil, wantsTerminal(o)
	if _, set := s.Env["TERM"]; !set && s.Terminal && o.LookupEnv != nil {
		if value, ok := o.LookupEnv("TERM"); ok {
			s.Env["TERM"] = value
		}
	}
	return s, nil
}

func (e *Engine) startSpec(ctx context.Context, o api.StartOptions, u runUser) (*specgen.SpecGenerator, error) {
	s, err := e.spec(ctx, o.ContainerOptions, u, "", nil)
	if err != nil {
		return nil, err
	}
	// Commands are ended by signals to all processes that the container sees, which
	// must not be those of the host, whatever containers.conf says.
	s.PidNS = specgen.Namespace{NSMode: specgen.Private}
	if o.Session.AsImage {
		applyAsImage(o, s, e.engineLimits())
		if o.Network != api.NetworkHost && o.Join == "" && !e.refusedPorts.Load() {
			s.Sysctl = map[string]string{lowPorts: "0"}
		}
	}
	if s.HostAdd = o.Hosts; o.Join != "" {
		s.HostAdd, s.NetNS = nil, specgen.Namespace{NSMode: specgen.FromContainer, Value: o.Join}
	}
	applySession(o.Session, s)
	return s, nil
}

// sessionUser returns the user of a session. With AsImage, it only matters
// whether it is root.
func (e *Engine) sessionUser(ctx context.Context, o api.StartOptions) (runUser, error) {
	if !o.Session.AsImage {
		return e.resolveUser(ctx, o.Image, o.User)
	}
	if o.User == "" || o.User == "root" || o.User == "0" {
		return runUser{}, nil
	}
	return runUser{Name: o.User, UID: -1, GID: -1}, nil
}

// applyAsImage removes the settings in which lcitool's containers differ from those
// of podman run.
func applyAsImage(o api.StartOptions, s *specgen.SpecGenerator, limits []spec.POSIXRlimit) {
	s.User, s.WorkDir, s.CapAdd, s.UnsetEnv = o.User, o.WorkDir, o.CapAdd, o.Session.Unset
	delete(s.Env, "HOME")
	for _, v := range o.Env {
		if home, ok := strings.CutPrefix(v, "HOME="); ok {
			s.Env["HOME"] = home
		}
	}
	s.Rlimits = limits
}

// runCommand returns the container's command, nil for the image's.
func runCommand(o api.RunOptions, u runUser) []string {
	switch {
	case o.Command != nil || o.Script == "":
		return o.Command
	case o.WorkDir != "":
		return []string{u.Home + "/script"}
	}
	return []string{"./script"}
}

// wantsTerminal reports whether to allocate a terminal: TTY is set, and Stdin and
// Stdout are terminals.
func wantsTerminal(o api.RunOptions) bool {
	return o.TTY && isTerminal(o.Stdin) && isTerminal(o.Stdout)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && f != nil && term.IsTerminal(int(f.Fd()))
}

// environ returns the workload's variables: HOME, then the caller's. A NAME
// without a value takes the host's value, if any.
func environ(o api.ContainerOptions, u runUser) map[string]string {
	env := map[string]string{"HOME": u.Home}
	for _, v := range o.Env {
		name, value, ok := strings.Cut(v, "=")
		if !ok && o.LookupEnv != nil {
			value, ok = o.LookupEnv(name)
		}
		if ok && name != "" {
			env[name] = value
		}
	}
	return env
}

// proxies adds the caller's proxy variables to env, as podman's command line
// does for builds and containers. Variables in env take precedence.
func proxies(getenv func(string) string, env map[string]string) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"http_proxy", "https_proxy", "ftp_proxy", "no_proxy"} {
		for _, name := range []string{name, strings.ToUpper(name)} {
			if value := getenv(name); value != "" {
				all[name] = value
			}
		}
	}
	maps.Copy(all, env)
	return all
}

// idmap maps the calling user to u in a rootless container, where the user's
// files would otherwise belong to root. Rootful podman refuses the mapping and
// does not need it.
func (e *Engine) idmap(ctx context.Context, s *specgen.SpecGenerator, u runUser) error {
	if u.UID <= 0 { // root, or left to the image
		return nil
	}
	rootless, err := e.rootless(ctx)
	if err != nil || !rootless {
		return err
	}
	s.UserNS = specgen.Namespace{NSMode: specgen.KeepID}
	if u.UID != os.Getuid() || !e.service.Local() { // the user's UID there is not known
		gid := u.GID
		if gid < 0 {
			gid = u.UID
		}
		s.UserNS.Value = fmt.Sprintf("uid=%d,gid=%d", u.UID, gid)
	}
	return nil
}

// Rootless reports whether the service runs as an ordinary user.
func (e *Engine) Rootless(ctx context.Context) (bool, error) { return e.rootless(ctx) }

// rootless reports whether the service runs as an ordinary user. It checks the
// owner of a local socket, and asks a service on another machine.
func (e *Engine) rootless(ctx context.Context) (bool, error) {
	if e.service.Local() {
		info, err := os.Stat(e.service.Socket())
		if err != nil {
			return false, &api.EngineError{Op: "look at " + e.service.URL(), Code: 125, Err: err}
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		return ok && stat.Uid != 0, nil
	}
	about, err := e.Info(ctx)
	return about.Host.Security.Rootless, err
}

func applyNetwork(n api.Network, s *specgen.SpecGenerator) error {
	switch n {
	case api.NetworkDefault:
	case api.NetworkNone:
		s.NetNS = specgen.Namespace{NSMode: specgen.NoNetwork}
	case api.NetworkHost:
		s.NetNS = specgen.Namespace{NSMode: specgen.Host}
	case api.NetworkBridge:
		s.NetNS = specgen.Namespace{NSMode: specgen.Bridge}
	default:
		return fmt.Errorf("unknown network %q", n)
	}
	return nil
}

func limitResources(o api.ContainerOptions, s *specgen.SpecGenerator) {
	if o.Memory == 0 && o.CPUs == 0 && o.Pids == 0 {
		return
	}
	r := &spec.LinuxResources{}
	if o.Memory > 0 {
		r.Memory = &spec.LinuxMemory{Limit: &o.Memory}
	}
	if o.CPUs > 0 {
		quota, period := int64(o.CPUs*cpuPeriod), uint64(cpuPeriod)
		r.CPU = &spec.LinuxCPU{Quota: &quota, Period: &period}
	}
	if o.Pids > 0 {
		r.Pids = &spec.LinuxPids{Limit: o.Pids}
	}
	s.ResourceLimits = r
}

func randomName() string {
	random := make([]byte, 5)
	_, _ = rand.Read(random) // documented never to fail
	return hex.EncodeToString(random)
}
