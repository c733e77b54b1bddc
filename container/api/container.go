// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"io"
	"os"
	"time"
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
	// of the image; no capabilities are added; the limits are the engine's. As
	// with Docker, all users may listen on all ports, unless the network is the
	// host's.
	AsImage    bool
	Unset      []string // variables that the engine does not set by itself, nor take from the image; only with AsImage
	Command    []string // arguments of the entrypoint; nil for a process that waits
	Entrypoint []string // used with Command; nil for the image's, empty for none
	Ready      string   // line that Command prints when it waits; empty if Container.Follow is not used
	Own        bool     // the first process is that of the image, or of Command and Entrypoint, and does not wait; see Follow
}

// ExecOptions describe a command in a running container.
type ExecOptions struct {
	Command []string      // with its arguments
	User    string        // name in the container, or UID[:GID]; empty means the container's
	WorkDir string        // empty means the container's
	Env     []string      // NAME=VALUE, beside the container's
	Stdin   io.Reader     // nil means none
	Stdout  io.Writer     // nil discards
	Stderr  io.Writer     // nil discards; unused with a terminal
	TTY     bool          // allocate a terminal, only if Stdin and Stdout are this process' own ones and are terminals
	Grace   time.Duration // from TERM to KILL after ctx is cancelled or Timeout is exceeded; 0 means 10 s
	Timeout time.Duration // wall clock; 0 means none

	TimeoutGrace time.Duration // instead of Grace after Timeout is exceeded; 0 means Grace

	// Killer is a command that sends a signal to all processes of the command;
	// the signal number is appended to it. It is for commands whose work is done
	// by other processes. If it is nil, the command's descendants are signalled.
	Killer []string
}

// A RunResult says how a container ended.
type RunResult struct {
	Container string // name
	Code      int    // exit status, 128+n after signal n
	Warnings  []string
	Duration  time.Duration // from start to the workload's end
}
