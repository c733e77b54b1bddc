// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

func testEngine(url string) *Engine {
	return &Engine{service: podman.NewService(url, "4.3.1", &podman.Process{})}
}

func TestRunSpec(t *testing.T) {
	e, root := testEngine("unix:///nowhere"), runUser{Home: "/root"}
	o := api.RunOptions{ContainerOptions: api.ContainerOptions{Image: "i", Name: "n", Labels: map[string]string{"a": "b"}, CapAdd: []string{"NET_ADMIN"}, Env: []string{"A=1", "B"}, Network: api.NetworkNone}}
	o.LookupEnv = func(name string) (string, bool) { return "host's " + name, name == "B" || name == "TERM" }
	s, err := e.runSpec(t.Context(), o, root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if s.Image != "i" || !strings.HasPrefix(s.Name, "n-") || s.Labels["a"] != "b" || s.WorkDir != "/root" || s.Command != nil || !s.Init || s.Stdin || s.Terminal {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.CapAdd, []string{"SYS_PTRACE", "NET_ADMIN"}) || s.NetNS.NSMode != specgen.NoNetwork || s.LogConfiguration.Driver != "k8s-file" {
		t.Errorf("capabilities %q, network %v, log %v", s.CapAdd, s.NetNS, s.LogConfiguration)
	}
	if len(s.Env) != 3 || s.Env["HOME"] != "/root" || s.Env["A"] != "1" || s.Env["B"] != "host's B" {
		t.Errorf("environment %q", s.Env) // TERM is for a terminal only
	}
	o.Memory, o.CPUs, o.Pids, o.Stdin = 1<<30, 1.5, 10, strings.NewReader("")
	if s, err = e.runSpec(t.Context(), o, root, t.TempDir()); err != nil || !s.Stdin || *s.ResourceLimits.Memory.Limit != 1<<30 || *s.ResourceLimits.CPU.Quota != 150000 || s.ResourceLimits.Pids.Limit != 10 {
		t.Errorf("%+v, %v", s, err)
	}
	if s.CgroupNS.NSMode != "" {
		t.Errorf("namespace of control groups %v", s.CgroupNS)
	}
	o.Privileged = true
	if s, err = e.runSpec(t.Context(), o, root, t.TempDir()); err != nil || !s.Privileged || s.CgroupNS.NSMode != specgen.Private {
		t.Errorf("privileged: %+v, %v", s, err)
	}
	o.Network = "moon"
	if _, err := e.runSpec(t.Context(), o, root, t.TempDir()); err == nil || !strings.Contains(err.Error(), `unknown network "moon"`) {
		t.Errorf("got %v", err)
	}
}

func TestCommand(t *testing.T) {
	root := runUser{Home: "/root"}
	for _, c := range []struct {
		o    api.RunOptions
		want string
	}{
		{api.RunOptions{}, ""},
		{api.RunOptions{Command: []string{"a", "b"}}, "a b"},
		{api.RunOptions{Script: "/s"}, "./script"},
		{api.RunOptions{Script: "/s", Command: []string{"a"}}, "a"},
		{api.RunOptions{Script: "/s", ContainerOptions: api.ContainerOptions{WorkDir: "/w"}}, "/root/script"},
	} {
		if got := strings.Join(runCommand(c.o, root), " "); got != c.want {
			t.Errorf("%+v: %q", c.o, got)
		}
	}
}

func TestMountsElsewhere(t *testing.T) {
	e, root := testEngine("tcp://host:1"), runUser{Home: "/root"}
	for _, o := range []api.RunOptions{
		{WorkloadDir: "/work"},
		{ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: "/work", Target: "/x"}}}},
	} {
		if _, err := e.runSpec(t.Context(), o, root, ""); err == nil || err.Error() != "cannot mount /work: podman at tcp://host:1 is on another machine" {
			t.Errorf("got %v", err)
		}
	}
}

// TestLowPorts: all users of a job's container may listen on all ports, as with Docker, but not
// in the host's network, and not if the runtime refuses it.
func TestLowPorts(t *testing.T) {
	e := testEngine("unix:///nowhere")
	e.log = slog.New(slog.DiscardHandler)
	set := func(o api.StartOptions, session api.Session) bool {
		t.Helper()
		o.Image, o.User, o.Session = "i", "me", session
		s, err := e.startSpec(t.Context(), o, runUser{Name: "me", UID: -1, GID: -1})
		if err != nil {
			t.Fatal(err)
		}
		return s.Sysctl["net.ipv4.ip_unprivileged_port_start"] == "0"
	}
	job := api.Session{AsImage: true}
	for network, want := range map[api.Network]bool{api.NetworkDefault: true, api.NetworkNone: true, api.NetworkBridge: true, api.NetworkHost: false} {
		o := api.StartOptions{ContainerOptions: api.ContainerOptions{Network: network}}
		if set(o, job) != want || set(o, api.Session{}) {
			t.Errorf("network %q", network)
		}
		o.Join = "job"
		if set(o, job) {
			t.Errorf("joined, network %q", network)
		}
	}
	for words, want := range map[string]bool{
		"sysctl net.ipv4.ip_unprivileged_port_start=0 can't be set since Network Namespace set to host: invalid argument":                                               true,
		"runc create failed: unable to start container process: error during container init: open /proc/sys/net/ipv4/ip_unprivileged_port_start: read-only file system": true,
		"crun: open /proc/sys/net/ipv4/ip_unprivileged_port_start: No such file or directory":                                                                           true,
		"crun: setrlimit `RLIMIT_NPROC`: Operation not permitted":                                                                                                       false,
	} {
		e.refusedPorts.Store(false)
		if got := e.refusesPorts(errors.New(words)); got != want || set(api.StartOptions{}, job) == want {
			t.Errorf("%s: %v", words, got)
		}
	}
	if e.refusesPorts(nil) {
		t.Error("no error, but a refusal")
	}
}

// TestOwnProcesses: commands of a session are ended by signals to all processes in the container,
// so that it must have none of the host.
func TestOwnProcesses(t *testing.T) {
	for _, session := range []api.Session{{}, {AsImage: true}} {
		s, err := testEngine("unix:///nowhere").startSpec(t.Context(), api.StartOptions{ContainerOptions: api.ContainerOptions{Image: "i"}, Session: session}, runUser{})
		if err != nil || s.PidNS.NSMode != specgen.Private {
			t.Errorf("%+v: %q, %v", session, s.PidNS.NSMode, err)
		}
	}
}

// TestDefaultsOfPodman: the limit on processes and the seccomp profile of jobs are podman's.
func TestDefaultsOfPodman(t *testing.T) {
	s, err := testEngine("unix:///nowhere").startSpec(t.Context(), api.StartOptions{ContainerOptions: api.ContainerOptions{Image: "i"}, Session: api.Session{AsImage: true}}, runUser{})
	if err != nil || s.ResourceLimits != nil || s.SeccompProfilePath != "" || s.SeccompPolicy != "" || s.Privileged {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestStartSpec(t *testing.T) {
	e := testEngine("unix:///nowhere")
	o := api.StartOptions{ContainerOptions: api.ContainerOptions{Image: "i", Network: api.NetworkHost}, Hosts: []string{"a:1.2.3.4"}}
	s, err := e.startSpec(t.Context(), o, runUser{Home: "/root"})
	if err != nil || s.Init || s.NetNS.NSMode != specgen.Host || len(s.HostAdd) != 1 || s.LogConfiguration.Driver != "none" || !slices.Equal(s.Entrypoint, []string{"/bin/sh", "-c", idle}) {
		t.Errorf("%+v, %v", s, err)
	}
	o.Join = "job"
	if s, err = e.startSpec(t.Context(), o, runUser{Home: "/root"}); err != nil || s.NetNS.NSMode != specgen.FromContainer || s.NetNS.Value != "job" || s.HostAdd != nil {
		t.Errorf("%+v, %v", s, err)
	}
	o.Session = api.Session{AsImage: true, Unset: []string{"TERM"}, Command: []string{"c"}, Entrypoint: []string{"e"}, Ready: "ready"}
	o.User, o.Env = "me", []string{"X=1"}
	if s, err = e.startSpec(t.Context(), o, runUser{Name: "me", UID: -1, GID: -1}); err != nil || s.User != "me" || s.WorkDir != "" || s.CapAdd != nil || s.Env["HOME"] != "" || s.Env["X"] != "1" {
		t.Errorf("%+v, %v", s, err)
	}
	if !slices.Equal(s.UnsetEnv, []string{"TERM"}) {
		t.Errorf("unset %q", s.UnsetEnv)
	}
	if s.LogConfiguration.Driver != "k8s-file" || !slices.Equal(s.Entrypoint, []string{"e", "c"}) {
		t.Errorf("log %v, entrypoint %q", s.LogConfiguration, s.Entrypoint)
	}
}
