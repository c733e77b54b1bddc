// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// statsRun runs the suite in the containers of targets.
type statsRun struct {
	app        *app
	engine     engineFlags
	build      imageFlags
	targets    []string
	jobs       int
	patterns   []string
	required   []string
	libvirt    string
	qemu       string
	reports    string
	privileged bool
}

func newStatsRun(a *app) *cobra.Command {
	s := &statsRun{app: a, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "run -t TARGET",
		Short: "Run the statistics suite in containers",
		Long: `Build an image with libvirt and QEMU for each target, and run the statistics suite
in it, with /dev/kvm and /dev/net/tun where this machine has them. What is missing
is skipped with the reason. Several targets run side by side.

With --libvirt and --qemu, a build tree or an installed prefix of this machine is
tested instead of the distribution's; it is mounted at the same path. The image then
has what such a build needs.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(s.targets) == 0 {
				return &usageError{cmd, errors.New("the following arguments are required: -t/--target")}
			}
			if s.jobs < 1 {
				return &usageError{cmd, fmt.Errorf("argument --jobs: must be positive, got %d", s.jobs)}
			}
			if err := knownNeeds(s.required); err != nil {
				return &usageError{cmd, err}
			}
			return s.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&s.targets, "target", "t", nil, "target to run on; may be repeated (required)")
	f.IntVarP(&s.jobs, "jobs", "j", 2, "number of cases that run at a time on each target")
	f.StringArrayVar(&s.patterns, "run", nil, "pattern of case ids to run, for example BLK-*; may be repeated (default all)")
	f.StringSliceVar(&s.required, "require", nil, "requirements that fail instead of skip when missing, for example kvm,perf")
	f.StringVar(&s.libvirt, "libvirt", "", "directory of the libvirt to test (default the target's)")
	f.StringVar(&s.qemu, "qemu", "", "directory of the QEMU to test (default the target's)")
	f.StringVar(&s.reports, "reports", "", "directory for TARGET.json, .html, .xml and .tap")
	f.BoolVar(&s.privileged, "privileged", false, "run privileged containers, for performance events and control groups")
	s.build.flags(f)
	s.engine.flags(cmd)
	return cmd
}

func (s *statsRun) run(cmd *cobra.Command) error {
	if err := needLinux(runtime.GOOS); err != nil {
		return err
	}
	for _, dir := range []*string{&s.libvirt, &s.qemu} {
		real, err := existing(*dir, "directory", os.FileMode.IsDir)
		if err != nil {
			return err
		}
		*dir = real
	}
	if _, err := findEmulator(s.qemu); err != nil {
		return err
	}
	if _, err := suite.Select(suite.Cases(), s.patterns...); err != nil {
		return &usageError{cmd, fmt.Errorf("argument --run: %w", err)}
	}
	if s.libvirt != "" {
		if err := daemon.Check(s.libvirt); err != nil {
			return err
		}
	}
	if s.reports != "" {
		if err := os.MkdirAll(s.reports, 0o755); err != nil {
			return err
		}
	}
	engine, err := s.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	out := &lockedWriter{w: s.app.stdout}
	var group errgroup.Group
	errs := make([]error, len(s.targets))
	for i, target := range s.targets {
		group.Go(func() error {
			// Each target runs to its end, even if others fail.
			errs[i] = s.runTarget(cmd.Context(), engine, target, out)
			return nil
		})
	}
	return errors.Join(group.Wait(), errors.Join(errs...))
}

// lockedWriter writes what one target says in one piece.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *lockedWriter) write(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.Write(b)
	return err
}

// lines gives a writer whose lines have the target before them.
func (o *lockedWriter) lines(to io.Writer, target string) *targetLines {
	return &targetLines{out: o, to: to, prefix: target + " | "}
}

// targetLines passes whole lines of one target on.
type targetLines struct {
	out    *lockedWriter
	to     io.Writer
	prefix string
	line   []byte
}

// longestLine is where a line without an end is broken, in bytes.
const longestLine = 16 << 10

func (t *targetLines) Write(p []byte) (int, error) {
	for _, c := range p {
		if c != '\n' {
			t.line = append(t.line, c)
		}
		if c == '\n' || len(t.line) == longestLine {
			t.flush()
		}
	}
	return len(p), nil
}

func (t *targetLines) flush() {
	t.out.mu.Lock()
	defer t.out.mu.Unlock()
	fmt.Fprintln(t.to, t.prefix+termtext.LogLine(string(t.line)))
	t.line = t.line[:0]
}

// end passes on what is left.
func (t *targetLines) end() {
	if len(t.line) > 0 {
		t.flush()
	}
}

// runTarget builds the image of a target and runs the suite in it.
func (s *statsRun) runTarget(ctx context.Context, engine *container.Engine, target string, out *lockedWriter) error {
	image, err := s.app.image(ctx, s.build, s.image(target))
	if err != nil {
		return err
	}
	log := out.lines(s.app.stderr, target)
	defer log.end()
	built, err := image.Ensure(ctx, engine, log)
	if err != nil {
		return s.app.adviseBuild(err, s.build, target)
	}
	folder, remove, err := engine.TempDir(ctx, "stats")
	if err != nil {
		return err
	}
	defer remove()
	var text bytes.Buffer
	o, err := s.options(built.ID, folder, target)
	if err == nil {
		o.Stdout, o.Stderr = &text, log
		var result container.RunResult
		result, err = engine.Run(ctx, o)
		for _, warning := range result.Warnings {
			s.app.warnf(target, "%s", warning)
		}
	}
	return errors.Join(err, out.write([]byte(target+"\n"+text.String())), s.collect(folder, target))
}

// image is what a target needs: a libvirt or a QEMU of this machine also needs
// what it was built with.
func (s *statsRun) image(target string) wantedImage {
	want := wantedImage{target: target, projects: "libvirt-stats", tag: "lcitool.stats." + target}
	for _, tested := range []struct{ project, dir string }{{"libvirt", s.libvirt}, {"qemu", s.qemu}} {
		if tested.dir != "" {
			want.projects += "," + tested.project
			want.tag += "." + tested.project
		}
	}
	return want
}

// inside is where the container has what it needs of this machine.
const inside = "/run/lcitool"

// options describe the container.
func (s *statsRun) options(image, folder, target string) (container.RunOptions, error) {
	self, err := os.Executable()
	if err != nil {
		return container.RunOptions{}, fmt.Errorf("cannot find this program: %w", err)
	}
	binary, reports := inside+"/lcitool", inside+"/reports"
	o := container.RunOptions{
		ContainerOptions: container.ContainerOptions{
			Image:      image,
			Name:       "lcitool-stats-" + target,
			CapAdd:     []string{"NET_ADMIN", "NET_RAW", "PERFMON"},
			Privileged: s.privileged,
			AllCalls:   true, // podman's filter keeps performance events from PERFMON, too
			Network:    container.NetworkNone,
			Mounts: []container.Mount{
				{Source: self, Target: binary, ReadOnly: true},
				{Source: folder, Target: reports},
			},
		},
		Command: []string{binary, "stats", "check", "--start-daemon", "--daemon-log", reports + "/log", "--dir", "/var/tmp",
			"--jobs", strconv.Itoa(s.jobs), "--json", reports + "/json", "--html", reports + "/html", "--junit", reports + "/xml", "--tap", reports + "/tap"},
	}
	for _, device := range []string{"/dev/kvm", "/dev/net/tun"} {
		if f, err := os.OpenFile(device, os.O_RDWR, 0); err == nil {
			o.Devices = append(o.Devices, device)
			// It was opened to see whether that works.
			_ = f.Close()
		}
	}
	for _, tested := range []struct{ flag, dir string }{{"--libvirt", s.libvirt}, {"--qemu", s.qemu}} {
		if tested.dir == "" {
			continue
		}
		for _, dir := range daemon.Needs(tested.dir) {
			o.Mounts = append(o.Mounts, container.Mount{Source: dir, Target: dir, Overlay: true})
		}
		o.Command = append(o.Command, tested.flag, tested.dir)
	}
	for _, p := range s.patterns {
		o.Command = append(o.Command, "--run", p)
	}
	for _, n := range s.required {
		o.Command = append(o.Command, "--require", n)
	}
	return o, nil
}

// collect puts the reports where they were asked for.
func (s *statsRun) collect(folder, target string) error {
	if s.reports == "" {
		return nil
	}
	var faults []error
	for _, kind := range []string{"json", "html", "xml", "tap", "log"} {
		data, err := os.ReadFile(filepath.Join(folder, kind))
		if errors.Is(err, os.ErrNotExist) {
			continue // the suite did not come that far
		}
		if err == nil {
			err = writeReport(filepath.Join(s.reports, target+"."+kind), func(w io.Writer) error {
				_, err := w.Write(data)
				return err
			})
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
