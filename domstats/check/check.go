// SPDX-License-Identifier: GPL-2.0-or-later

// Package check runs the statistics suite against one libvirt daemon.
package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/live"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// Options say what to run and against what.
type Options struct {
	Cases   []suite.Case
	Jobs    int          // cases that run at a time
	Require []suite.Need // that fail a case instead of skipping it
	RPC     rpc.Options  // how to reach the daemon
	Dir     string       // for the guests' disks; QEMU can read it
	QEMU    string       // directory of the QEMU to test, "" for the distribution's
	Daemon  *Daemon      // to start first; nil if one is there

	Log    *slog.Logger
	Notice func(line string)  // about leftovers of other runs and the like
	Done   func(suite.Result) // called with each result as it comes
}

// Run returns a report even with an error of what follows the cases: the daemon
// did not stop, or a directory cannot be removed.
func Run(ctx context.Context, o Options) (found *report.Run, err error) {
	emulator, err := FindEmulator(o.QEMU)
	if err != nil {
		return nil, err
	}
	if err := daemon.CheckProgram(emulator); err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", emulator, err)
	}
	stack := live.Options{RPC: o.RPC}
	var deaths chan string
	if d := o.Daemon; d != nil {
		if dir := daemon.Borrowed(d.Libvirt); dir != "" {
			o.Notice(fmt.Sprintf("the libvirt of %s takes its data from %s, which is compiled into it", d.Libvirt, dir))
		}
		const most = 1000 // deaths that no case has read yet
		deaths = make(chan string, most)
		running, stop, failed := d.start(ctx, o.RPC, deaths)
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, stop()) }()
		stack.Restart, stack.ErrorsSince = running.Restart, running.ErrorsSince
	}
	owner, dir, err := o.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stack.Dir = dir
	result, err := suite.Run(ctx, suite.Options{
		Stack: live.New(stack), Cases: o.Cases, Prefix: owner.Prefix(),
		Jobs: o.Jobs, Emulator: emulator, Log: o.Log, Deaths: deaths, Require: o.Require, Done: o.Done,
	})
	if err != nil {
		return nil, err
	}
	return report.New(result, where(o.RPC.URI)), nil
}

// prepare removes what dead runs left and makes this run's directory.
func (o Options) prepare(ctx context.Context) (owner live.Owner, dir string, err error) {
	if owner, err = live.Self(); err != nil {
		return owner, "", err
	}
	removed, err := live.Sweep(ctx, &o.RPC, o.Dir)
	for _, name := range removed {
		o.Notice(fmt.Sprintf("removed %s, which an earlier run left behind", name))
	}
	if err != nil {
		return owner, "", fmt.Errorf("cannot clear away what earlier runs left: %w", err)
	}
	dir, err = owner.MakeDir(o.Dir)
	return owner, dir, err
}

// where describes the machine.
func where(uri string) report.Where {
	w := report.Where{URI: uri}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		w.Kernel = strings.TrimSpace(string(kernel))
	}
	if name, err := os.Hostname(); err == nil {
		w.Machine = name
	}
	return w
}

// Needs splits a comma-separated list.
func Needs(words []string) []suite.Need {
	out := make([]suite.Need, len(words))
	for i, w := range words {
		out[i] = suite.Need(w)
	}
	return out
}

// CheckNeeds refuses words that no case needs.
func CheckNeeds(words []string) error {
	var known []string
	for _, c := range suite.Cases() {
		for _, n := range c.Needs {
			known = append(known, string(n))
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, word := range words {
		if !slices.Contains(known, word) {
			return fmt.Errorf("no case needs %q (known: %s)", word, strings.Join(known, ", "))
		}
	}
	return nil
}
