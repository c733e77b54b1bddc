// SPDX-License-Identifier: GPL-2.0-or-later

// Package workload runs one command in the image of a target.
//
// A Workload says what to run, in which image and with which tree of the
// host. A Runner runs one of them; its Task is what a scheduler runs.
package workload

import (
	"cmp"
	"context"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

// MountPoint is where the tree of a workload appears in its container unless
// its Tree says otherwise, and where the command starts. It is the same on every
// target and in every run, so that compilers' caches and logs agree.
const MountPoint = "/tree"

// A Workload is one command to be run in the image of one target.
type Workload struct {
	Name    string // of the workload in logs and tables, such as its target's; unique in a scheduler
	Image   envimage.Image
	Tree    Tree
	Command []string // with its arguments; the arguments alone if there is a Script
	Script  string   // file of the host to bring along and run, absolute; "" for none
	User    string   // as container.RunOptions has it; "" for root
	Env     []string // NAME=VALUE, or NAME for the value that the host has
	Secrets []container.Secret
	Limits  Limits
	Labels  map[string]string // put on the container
}

// A Tree is the directory that a workload works in.
type Tree struct {
	Dir      string // absolute path of the host
	MountAt  string // absolute path in the container; "" for MountPoint
	Writable bool   // what the workload writes stays; otherwise Dir is only read
	Sent     bool   // a copy is sent, for an engine that cannot see Dir; not with Writable
}

// mountAt is where the container has the tree.
func (t Tree) mountAt() string { return cmp.Or(t.MountAt, MountPoint) }

// pack writes an archive of the tree.
func (t Tree) pack(ctx context.Context, w io.Writer) error {
	return treetar.Pack(ctx, w, t.Dir, treetar.PackOptions{})
}

// Limits are what a workload may use.
type Limits struct {
	Network container.Network
	Memory  int64         // bytes; 0 for no limit
	CPUs    float64       // 0 for no limit
	Timeout time.Duration // wall clock of the command, not of building its image; 0 for none
	Devices []string      // nodes of the host, such as /dev/kvm
}

// grace is how long a workload may take to end after SIGTERM; one
// interrupt is to have an effect soon.
const grace = 2 * time.Second

// options describe the container.
func (w *Workload) options(s scheduler.Streams) container.RunOptions {
	o := container.RunOptions{
		ContainerOptions: container.ContainerOptions{
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
		o.Trees = []container.Tree{{Target: w.Tree.mountAt(), Tar: w.Tree.pack}}
	} else {
		o.Mounts = []container.Mount{{Source: w.Tree.Dir, Target: w.Tree.mountAt(), Overlay: !w.Tree.Writable}}
	}
	if w.Script != "" {
		o.Command = nil // the engine knows where it puts the script
	}
	if w.Script != "" && len(w.Command) > 0 {
		o.Command = append([]string{"/bin/sh", "-c", `exec "$HOME/script" "$@"`, "sh"}, w.Command...)
	}
	return o
}
