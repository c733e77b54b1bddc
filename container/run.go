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
	LookupEnv func(name string) (string, bool) // os.LookupEnv in the program; nil leaves such NAMEs out

	Mounts     []Mount // for a podman of this machine only
	Trees      []Tree  // sent to wherever podman is
	Volumes    []Volume
	Devices    []string // paths such as /dev/kvm; the node's group is added for other users than root
	Groups     []string // additional groups, names of the image or numbers
	CapAdd     []string // beside SYS_PTRACE
	Privileged bool
	AllCalls   bool // no system call is filtered out; what needs privileges needs them still
	Network    Network
	Hostname   string            // empty means the engine's choice
	Memory     int64             // bytes; 0 means no limit
	CPUs       float64           // 0 means no limit
	Pids       int64             // 0 means the engine's choice
	Labels     map[string]string // beside our own
	Name       string            // prefix of the container's name, a random part is added; empty means lcitool
}

// RunOptions describe a container that lives as long as one command.
type RunOptions struct {
	ContainerOptions
	Command []string // nil means ./script when Script is set, else the image's own

	Script      string // file of the host, copied to HOME/script
	WorkloadDir string // directory of the host, mounted read-write at HOME/datadir

	Stdin  io.Reader // nil means none
	Stdout io.Writer // nil discards
	Stderr io.Writer // nil discards; unused with a terminal
	TTY    bool      // give it a terminal; taken only if Stdin and Stdout are terminals

	Signals <-chan os.Signal // each is sent on to the workload; nil means none
	Grace   time.Duration    // from TERM to KILL after ctx is cancelled or Timeout is over; 0 means 10 s
	Timeout time.Duration    // wall clock of the workload; 0 means none
}

// StartOptions describe a container that stays until it is removed. The image
// must have /bin/sh and, without a command in Session, sleep.
type StartOptions struct {
	ContainerOptions
	Session Session
	Hosts   []string // NAME:ADDRESS for /etc/hosts
	Join    string   // container whose network and /etc/hosts it shares, in place of Network and Hosts; to be removed before that one
}

// A Session says how the first process of a Container starts. The zero value
// is one that waits, whatever the image says.
type Session struct {
	// AsImage makes the container as podman itself would: User is passed on
	// as it is, empty for the image's, HOME and the working directory are what
	// the image says, there are no more capabilities, and the limits are the
	// engine's.
	AsImage    bool
	Command    []string // goes to the entrypoint; nil for a process that waits
	Entrypoint []string // with Command; nil for the image's, empty for none
	Ready      string   // line that Command writes once it waits; empty if nobody asks for what was written before
	Own        bool     // the first process is the image's, or what Command and Entrypoint say, and does not wait; see Follow
}

// A Mount makes a file or directory of the host appear in the container.
type Mount struct {
	Source   string // absolute path on the host
	Target   string // absolute path in the container
	ReadOnly bool
	Overlay  bool // writes go to a layer that ends with the container; Source stays as it is

	// Hide names a file or directory in Source that is not there for the
	// container. It works for overlays of sessions on this machine.
	Hide string

	// Upper is a directory with what lies over Source from the beginning,
	// whiteouts included, "" for nothing. It is for overlays of sessions, which
	// fail with ErrNoUpper where it cannot be put.
	Upper string
}

// A Volume is a named volume of the engine, made when it is not there.
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

// Run runs one container to its end and removes it. A workload that returns
// non-zero gives *ExitError, an engine that cannot start it *EngineError with
// status 125, 126 or 127, an image that is not there ErrNoImage. When ctx ends
// or Timeout is over the workload gets TERM, after Grace KILL, and the error
// wraps context.Cause(ctx) or ErrTimeout.
func (e *Engine) Run(ctx context.Context, o RunOptions) (RunResult, error) {
	result, err := e.runOnce(ctx, o)
	if errors.Is(err, errConmonUnreachable) { // found out once, and before anything was started
		return e.runOnce(ctx, o)
	}
	return result, err
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

// Shell is Run with /bin/sh, or o.Command when set, at a terminal if Stdin and
// Stdout are one.
func (e *Engine) Shell(ctx context.Context, o RunOptions) (RunResult, error) {
	o.TTY = true
	if o.Command == nil {
		o.Command = []string{"/bin/sh"}
	}
	return e.Run(ctx, o)
}

// refuseShortID keeps "de" from running whatever image has an ID beginning so.
func (e *Engine) refuseShortID(ctx context.Context, reference string) error {
	if reference != "" && !shortID.MatchString(reference) {
		return nil // podman itself says whether it is there
	}
	_, err := e.Inspect(ctx, reference)
	return err
}
