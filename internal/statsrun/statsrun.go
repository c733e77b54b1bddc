// SPDX-License-Identifier: GPL-2.0-or-later

// Package statsrun runs the statistics suite in the containers of targets.
package statsrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/internal/envimage"
)

// Options say what to test in the container of one target.
type Options struct {
	Target     string
	Libvirt    string   // directory of this machine's that is tested, "" for the target's
	QEMU       string   // the same
	Reports    string   // directory for TARGET.json and others, "" for none
	Privileged bool     // the container gets all privileges
	Jobs       int      // cases that run at a time
	Patterns   []string // of ids of cases; none stands for all
	Require    []string // needs that fail a case instead of skipping it

	Log  io.Writer         // what the suite says while it runs
	Warn func(line string) // called with what the engine warns of
}

// An Engine builds images and runs commands in them. *container.Engine implements it.
type Engine interface {
	envimage.Builder
	TempDir(ctx context.Context, kind string) (dir string, remove func(), err error)
	Run(ctx context.Context, o api.RunOptions) (api.RunResult, error)
}

// Run runs this program's "stats check" in the image. It gives the summary
// that it printed, also with an error.
func (o Options) Run(ctx context.Context, engine Engine, image string) (summary string, err error) {
	dir, remove, err := engine.TempDir(ctx, "stats")
	if err != nil {
		return "", err
	}
	defer remove()
	var text bytes.Buffer
	run, err := o.container(image, dir)
	if err == nil {
		run.Stdout, run.Stderr = &text, o.Log
		var result api.RunResult
		result, err = engine.Run(ctx, run)
		for _, warning := range result.Warnings {
			o.Warn(warning)
		}
	}
	return text.String(), errors.Join(err, o.collect(dir))
}

// inside is where the container has what it needs of this machine.
const inside = "/run/lcitool"

func (o Options) container(image, dir string) (api.RunOptions, error) {
	self, err := os.Executable()
	if err != nil {
		return api.RunOptions{}, fmt.Errorf("cannot find this program: %w", err)
	}
	binary, reports := inside+"/lcitool", inside+"/reports"
	run := api.RunOptions{
		ContainerOptions: api.ContainerOptions{
			Image:      image,
			Name:       "lcitool-stats-" + o.Target,
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
		for _, tree := range daemon.Needs(tested.dir) {
			run.Mounts = append(run.Mounts, api.Mount{Source: tree, Target: tree, Overlay: true})
		}
		run.Command = append(run.Command, tested.flag, tested.dir)
	}
	for _, p := range o.Patterns {
		run.Command = append(run.Command, "--run", p)
	}
	for _, n := range o.Require {
		run.Command = append(run.Command, "--require", n)
	}
	return run, nil
}

// collect puts the reports where they were asked for.
func (o Options) collect(dir string) error {
	if o.Reports == "" {
		return nil
	}
	var errs []error
	for _, kind := range []string{"json", "html", "xml", "tap", "log"} {
		data, err := os.ReadFile(filepath.Join(dir, kind))
		if errors.Is(err, os.ErrNotExist) {
			continue // the suite did not come that far
		}
		if err == nil {
			err = check.WriteFile(filepath.Join(o.Reports, o.Target+"."+kind), func(w io.Writer) error {
				_, err := w.Write(data)
				return err
			})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
