// SPDX-License-Identifier: GPL-2.0-or-later

// Package statsrun runs the statistics suite in the containers of targets.
package statsrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Options say what to test in the container of one target.
type Options struct {
	Target     string
	Libvirt    string   // directory of this machine's that is tested, "" for the target's
	QEMU       string   // the same
	Sources    []string // source trees that the two may name, even if they do not look like libvirt's or QEMU's
	Reports    string   // directory for TARGET.json and others, "" for none
	Privileged bool     // the container gets all privileges
	Jobs       int      // cases that run at a time
	Patterns   []string // of ids of cases; none stands for all
	Require    []string // needs that fail a case instead of skipping it

	NewLog func() *Lines     // for what the suite says in a container while it runs
	Warn   func(line string) // called with what the engine warns of
}

// An Engine builds images and runs commands in them. *container.Engine implements it.
type Engine interface {
	envimage.Builder
	TempDir(ctx context.Context, kind string) (dir string, remove func(), err error)
	Run(ctx context.Context, o api.RunOptions) (api.RunResult, error)
}

// A part is the cases that one container runs.
type part struct {
	name     string   // of the container, after the target's; "" for the only or first one
	patterns []string // of the ids; none stands for all
}

// parts gives the cases that disturb others a container with a daemon of their own, beside
// that of all others. If one case runs at a time, one container has them all.
func (o Options) parts() ([]part, error) {
	cases, err := suite.Select(suite.Cases(), o.Patterns...)
	if err != nil {
		return nil, err
	}
	together, apart := suite.Split(cases)
	if o.Jobs < 2 || len(together) == 0 || len(apart) == 0 {
		return []part{{"", o.Patterns}}, nil
	}
	return []part{{"", ids(together)}, {"-alone", ids(apart)}}, nil
}

func ids(cases []suite.Case) []string {
	list := make([]string, len(cases))
	for i, c := range cases {
		list[i] = c.ID
	}
	return list
}

// Run runs this program's "stats check" in the image, in one container or two at the same
// time. It gives a summary, also with an error.
func (o Options) Run(ctx context.Context, engine Engine, image string) (summary string, err error) {
	parts, err := o.parts()
	if err != nil {
		return "", err
	}
	dirs, texts, errs := make([]string, len(parts)), make([]string, len(parts)), make([]error, len(parts))
	for i := range parts {
		dir, remove, err := engine.TempDir(ctx, "stats")
		if err != nil {
			return "", err
		}
		defer remove()
		dirs[i] = dir
	}
	var all sync.WaitGroup
	for i, p := range parts {
		all.Go(func() { texts[i], errs[i] = o.runPart(ctx, engine, image, p, dirs[i]) })
	}
	all.Wait()
	summary, err = o.collect(ctx, parts, dirs, texts)
	return summary, errors.Join(joined(errs), err)
}

// joined is what broke in the containers, or else that cases failed.
func joined(errs []error) error {
	var broke []error
	for _, err := range errs {
		var exit *api.ExitError
		same := func(e error) bool { return e.Error() == err.Error() }
		if err != nil && !errors.As(err, &exit) && !slices.ContainsFunc(broke, same) {
			broke = append(broke, err)
		}
	}
	if len(broke) > 0 {
		errs = broke
	}
	return errors.Join(errs...)
}

// runPart runs the cases of a part and returns what it printed.
func (o Options) runPart(ctx context.Context, engine Engine, image string, p part, dir string) (text string, err error) {
	log := o.NewLog()
	defer log.Close()
	out := stdio.NewBeginning(maxSummary)
	run, err := o.container(image, dir, p)
	if err != nil {
		return "", err
	}
	run.Stdout, run.Stderr = out, log
	result, err := engine.Run(ctx, run)
	for _, warning := range result.Warnings {
		o.Warn(warning)
	}
	return termtext.Text(out.String()), err
}

// maxSummary limits what a part prints, in bytes.
const maxSummary = 1 << 20

// inside is where the container has what it needs of this machine.
const inside = "/run/lcitool"

func (o Options) container(image, dir string, p part) (api.RunOptions, error) {
	self, err := os.Executable()
	if err != nil {
		return api.RunOptions{}, fmt.Errorf("cannot find this program: %w", err)
	}
	binary, reports := inside+"/lcitool", inside+"/reports"
	run := api.RunOptions{
		ContainerOptions: api.ContainerOptions{
			Image:      image,
			Name:       "lcitool-stats-" + o.Target + p.name,
			CapAdd:     []string{"NET_ADMIN", "NET_RAW", "PERFMON"},
			Privileged: o.Privileged,
			AllCalls:   true, // podman's filter keeps performance events from PERFMON as well
			Network:    api.NetworkNone,
			Mounts: []api.Mount{
				{Source: self, Target: binary, ReadOnly: true},
				{Source: dir, Target: reports},
			},
		},
		Command: []string{binary, "stats", "check", "--start-daemon", "--daemon-log", reports + "/log", "--dir", "/var/tmp",
			"--jobs", strconv.Itoa(o.Jobs), "--json", reports + "/json", "--html", reports + "/html", "--junit", reports + "/xml", "--tap", reports + "/tap"},
	}
	for _, device := range []string{"/dev/kvm", "/dev/net/tun"} {
		if f, err := os.OpenFile(device, os.O_RDWR, 0); err == nil {
			run.Devices = append(run.Devices, device)
			// It was opened to see whether that works.
			_ = f.Close()
		}
	}
	for _, tested := range []struct{ flag, dir string }{{"--libvirt", o.Libvirt}, {"--qemu", o.QEMU}} {
		if tested.dir == "" {
			continue
		}
		trees, err := daemon.Needs(tested.dir, o.Sources...)
		if err != nil {
			return api.RunOptions{}, err
		}
		for _, tree := range trees {
			run.Mounts = append(run.Mounts, api.Mount{Source: tree, Target: tree, Overlay: true})
		}
		run.Command = append(run.Command, tested.flag, tested.dir)
	}
	for _, pattern := range p.patterns {
		run.Command = append(run.Command, "--run", pattern)
	}
	for _, n := range o.Require {
		run.Command = append(run.Command, "--require", n)
	}
	return run, nil
}
