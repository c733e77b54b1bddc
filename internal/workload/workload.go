// SPDX-License-Identifier: GPL-2.0-or-later

// Package workload runs one command in the image of a target.
//
// A Workload says what to run, in which image and with which host directory. A
// Runner runs it, directly or as a task of a scheduler.
package workload

import (
	"cmp"
	"context"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

// MountPoint is the default path of a workload's tree in its container, where
// the command starts. It is the same for all targets and runs, so that compiler
// caches hit and logs can be compared.
const MountPoint = "/tree"

// A Workload is a command to run in the image of a target.
type Workload struct {
	Name    string // of the workload in logs and tables, such as its target's; unique in a scheduler
	Image   envimage.Image
	Tree    Tree
	Command []string // with its arguments; the arguments alone if there is a Script
	Script  string   // absolute path of a host file to copy in and run; "" for none
	User    string   // see api.RunOptions; "" for root
	Env     []string // NAME=VALUE, or NAME to pass the host's value
	Secrets []api.Secret
	Limits  Limits
	Labels  map[string]string // of the container
}

// A Tree is the host directory that a workload uses.
type Tree struct {
	Dir      string // absolute path of the host
	MountAt  string // absolute path in the container; "" for MountPoint
	Writable bool   // what the workload writes stays; otherwise Dir is only read
	Sent     bool   // a copy is sent, for an engine that cannot see Dir; not with Writable
}

func (t Tree) mountAt() string { return cmp.Or(t.MountAt, MountPoint) }

func (t Tree) pack(ctx context.Context, w io.Writer) error {
	return treetar.Pack(ctx, w, t.Dir, treetar.PackOptions{})
}

// Limits restrict the resources of a workload.
type Limits struct {
	Network api.Network
	Memory  int64         // bytes; 0 for no limit
	CPUs    float64       // 0 for no limit
	Timeout time.Duration // wall clock of the command, not of building its image; 0 for none
	Devices []string      // device nodes of the host, for example /dev/kvm
}

// grace is the time from SIGTERM to SIGKILL; short, so that one interrupt stops
// the workload soon.
const grace = 2 * time.Second

func (w *Workload) options(s scheduler.Streams) api.RunOptions {
	o := api.RunOptions{
		ContainerOptions: api.ContainerOptions{
			Image:   w.Image.Build.Tag,
			User:    w.User,
			WorkDir: w.Tree.mountAt(),
			Env:     w.Env,
			Devices: w.Limits.Devices,
			Network: w.Limits.Network,
			Memory:  w.Limits.Memory,
			CPUs:    w.Limits.CPUs,
			Labels:  w.Labels,
		},
		Command: w.Command,
		Script:  w.Script,
		Stdin:   s.Stdin,
		Stdout:  s.Stdout,
		Stderr:  s.Stderr,
		TTY:     s.TTY,
		Grace:   grace,
		Timeout: w.Limits.Timeout,
	}
	if w.Tree.Sent {
		o.Trees = []api.Tree{{Target: w.Tree.mountAt(), Tar: w.Tree.pack}}
	} else {
		o.Mounts = []api.Mount{{Source: w.Tree.Dir, Target: w.Tree.mountAt(), Overlay: !w.Tree.Writable}}
	}
	if w.Script != "" {
		o.Command = nil // the engine adds the path of the script
	}
	if w.Script != "" && len(w.Command) > 0 {
		o.Command = append([]string{"/bin/sh", "-c", `exec "$HOME/script" "$@"`, "sh"}, w.Command...)
	}
	return o
}
