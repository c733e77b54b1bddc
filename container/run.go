// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/containers/podman/v4/pkg/specgen"
)

// ContainerOptions describe a container.
type ContainerOptions struct {
	Image   string // reference, passed to the engine unchanged
	User    string // see ResolveUser; empty means root
	WorkDir string // empty means HOME

	Env       []string                         // NAME=VALUE, or NAME for the host's value
	LookupEnv func(name string) (string, bool) // os.LookupEnv in the program; nil ignores NAMEs without a value

	Mounts     []Mount // only if podman is on this machine
	Trees      []Tree  // copied to the container, wherever podman is
	Volumes    []Volume
	Devices    []string // device nodes such as /dev/kvm; users other than root get the node's group
	Groups     []string // additional groups, names in the image or numbers
	CapAdd     []string // in addition to SYS_PTRACE
	Privileged bool
	AllCalls   bool // no seccomp filter; privileged calls still need capabilities
	Network    Network
	Hostname   string            // empty means the engine's default
	Memory     int64             // bytes; 0 means no limit
	CPUs       float64           // 0 means no limit
	Pids       int64             // 0 means the engine's default
	Labels     map[string]string // in addition to lcitool's
	Name       string            // prefix of the container's name, before a random part; empty means lcitool
}

// RunOptions describe a container for one command.
type RunOptions struct {
	ContainerOptions
	Command []string // nil means ./script if Script is set, else the image's command

	Script      string // host file, copied to HOME/script
	WorkloadDir string // host directory, mounted read-write at HOME/datadir

	Stdin  io.Reader // nil means none
	Stdout io.Writer // nil discards
	Stderr io.Writer // nil discards; unused with a terminal
	TTY    bool      // allocate a terminal, only if Stdin and Stdout are terminals

	Signals <-chan os.Signal // forwarded to the workload; nil means none
	Grace   time.Duration    // from TERM to KILL after ctx is cancelled or Timeout is exceeded; 0 means 10 s
	Timeout time.Duration    // wall clock of the workload; 0 means none
}

// StartOptions describe a container that runs until it is removed. The image
// must have /bin/sh and, without a command in Session, sleep.
type StartOptions struct {
	ContainerOptions
	Session Session
	Hosts   []string // NAME:ADDRESS for /etc/hosts
	Join    string   // container whose network and /etc/hosts it shares, instead of Network and Hosts; must be removed before that container
}

// A Session says what the first process of a Container is. The zero value is a
// process that waits.
type Session struct {
	// AsImage creates the container as podman run does: User is passed on
	// unchanged, empty for the image's; HOME and the working directory are those
	// of the image; no capabilities are added; the limits are the engine's.
	AsImage    bool
	Command    []string // arguments of the entrypoint; nil for a process that waits
	Entrypoint []string // used with Command; nil for the image's, empty for none
	Ready      string   // line that Command prints when it waits; empty if Written is not used
	Own        bool     // the first process is that of the image, or of Command and Entrypoint, and does not wait; see Follow
}

// A Mount is a bind mount of a host file or directory.
type Mount struct {
	Source   string // absolute path on the host
	Target   string // absolute path in the container
	ReadOnly bool
	Overlay  bool // writes go to a layer that ends with the container; Source stays as it is

	// Hide is the name of an entry of Source that the container does not see. It
	// requires an overlay, a session and an engine on this machine.
	Hide string

	// Upper is a directory with the initial upper layer over Source, including
	// whiteouts; "" for none. It requires an overlay and a session, and fails
	// with ErrNoUpper if the engine cannot store it.
	Upper string
}

// A Volume is a named volume, created if it does not exist.
type Volume struct {
	Name     string
	Target   string
	ReadOnly bool
}

// A RunResult says how a container ended.
type RunResult struct {
	Container string // name
	Code      int    // exit status, 128+n after signal n
	Warnings  []string
	Duration  time.Duration // from start to the workload's end
}

// Run runs a container until it ends and removes it. A non-zero exit status
// gives *ExitError, a container that cannot be started *EngineError with status
// 125, 126 or 127, and a missing image ErrNoImage. When ctx ends or Timeout is
// exceeded, the workload gets SIGTERM and, after Grace, SIGKILL; the error wraps
// context.Cause(ctx) or ErrTimeout.
func (e *Engine) Run(ctx context.Context, o RunOptions) (RunResult, error) {
	for { // both reasons to do it again are found out before anything was started
		asked := e.rlimits()
		result, err := e.runOnce(ctx, o)
		if !errors.Is(err, errConmonUnreachable) && !e.lowerLimits(asked, err) {
			return result, err
		}
	}
}

func (e *Engine) runOnce(ctx context.Context, o RunOptions) (RunResult, error) {
	if err := e.refuseShortID(ctx, o.Image); err != nil {
		return RunResult{}, err
	}
	dir := "" // another machine does not see it
	if e.service.Local() {
		own, remove, err := e.TempDir(ctx, "run")
		if err != nil {
			return RunResult{}, err
		}
		defer remove()
		dir = own
	}
	u, err := e.resolveUser(ctx, o.Image, o.User)
	if err != nil {
		return RunResult{}, err
	}
	s, err := e.runSpec(ctx, o, u, dir)
	if err != nil {
		return RunResult{}, err
	}
	uploads, err := o.uploads(u, dir != "")
	if err != nil {
		return RunResult{}, err
	}
	if err := ctx.Err(); err != nil {
		return RunResult{}, context.Cause(ctx)
	}
	r := &running{engine: e, options: o, direct: e.useConmonSocket(o), uploads: uploads, name: s.Name, log: e.log.With("container", s.Name)}
	if r.direct {
		s.LogConfiguration = &specgen.LogConfig{Driver: "none"}
	}
	defer r.remove(ctx)
	return r.run(ctx, s)
}

// Shell is Run with /bin/sh, or o.Command if it is set, with a terminal if Stdin
// and Stdout are terminals.
func (e *Engine) Shell(ctx context.Context, o RunOptions) (RunResult, error) {
	o.TTY = true
	if o.Command == nil {
		o.Command = []string{"/bin/sh"}
	}
	return e.Run(ctx, o)
}

// refuseShortID refuses short hexadecimal names such as "de", which podman would
// resolve to any image whose ID begins with them.
func (e *Engine) refuseShortID(ctx context.Context, reference string) error {
	if reference != "" && !shortID.MatchString(reference) {
		return nil // podman itself says whether it is there
	}
	_, err := e.Inspect(ctx, reference)
	return err
}
