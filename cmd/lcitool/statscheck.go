// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/live"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// statsCheck is one run of the suite against a daemon at hand.
type statsCheck struct {
	app    *app
	daemon *daemonFlags

	patterns []string
	required []string
	list     bool
	jobs     int
	format   string
	dir      string
	files    reportFiles

	startDaemon bool
	own         ownDaemon
	qemu        string
}

// reportFiles are where reports are written, "" for not at all.
type reportFiles struct{ tap, junit, json, html string }

func newStatsCheck(a *app) *cobra.Command {
	s := &statsCheck{app: a, daemon: &daemonFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Run the statistics suite against a libvirt daemon",
		Long: `Run the extended statistics suite against the libvirt daemon at hand. Each case
makes its own small guests and removes them; domains that the run did not make
are never touched. What the machine cannot offer is skipped with the reason.

The status is 1 if a case fails. Known deviations of released software are shown
as such and are no failures.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := choice(cmd, "format", s.format, "text", "json", "tap"); err != nil {
				return err
			}
			if s.jobs < 1 {
				return &usageError{cmd, fmt.Errorf("argument --jobs: must be positive, got %d", s.jobs)}
			}
			cases, err := suite.Select(suite.Cases(), s.patterns...)
			if err != nil {
				return &usageError{cmd, fmt.Errorf("argument --run: %w", err)}
			}
			if err := knownNeeds(s.required); err != nil {
				return &usageError{cmd, err}
			}
			if s.list {
				return s.print(cases)
			}
			return s.run(cmd.Context(), cases)
		},
	}
	s.daemon.flags(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&s.patterns, "run", nil, "pattern of case ids to run, for example BLK-*; may be repeated (default all)")
	flags.StringSliceVar(&s.required, "require", nil, "requirements that fail instead of skip when missing, for example kvm,perf")
	flags.BoolVar(&s.list, "list", false, "list the cases with their requirements without running them")
	flags.IntVarP(&s.jobs, "jobs", "j", 2, "number of cases that run at a time")
	flags.StringVar(&s.format, "format", "text", "text, json or tap")
	flags.StringVar(&s.dir, "dir", "", "directory for the guests' disks that QEMU can read (default the system's temporary directory)")
	flags.BoolVar(&s.startDaemon, "start-daemon", false, "start libvirt first; only in a container without one")
	flags.StringVar(&s.own.libvirt, "libvirt", "", "directory of the libvirt to start (default the distribution's)")
	flags.StringVar(&s.own.log, "daemon-log", "", "log file of the started libvirt")
	flags.StringVar(&s.qemu, "qemu", "", "directory of the QEMU to test (default the distribution's)")
	flags.StringVar(&s.files.tap, "tap", "", "file for the results as TAP")
	flags.StringVar(&s.files.junit, "junit", "", "file for the results as JUnit XML")
	flags.StringVar(&s.files.json, "json", "", "file for the whole run as JSON, for lcitool stats diff")
	flags.StringVar(&s.files.html, "html", "", "file for an HTML page with the coverage map")
	return cmd
}

func needs(words []string) []suite.Need {
	out := make([]suite.Need, len(words))
	for i, w := range words {
		out[i] = suite.Need(w)
	}
	return out
}

// knownNeeds checks the words of --require.
func knownNeeds(words []string) error {
	known := map[suite.Need]bool{}
	for _, c := range suite.Cases() {
		for _, n := range c.Needs {
			known[n] = true
		}
	}
	for _, n := range needs(words) {
		if !known[n] {
			return fmt.Errorf("argument --require: no case needs %q (known: %s)", n, strings.Join(slices.Sorted(needWords(known)), ", "))
		}
	}
	return nil
}

func needWords(known map[suite.Need]bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := range known {
			if !yield(string(n)) {
				return
			}
		}
	}
}

// A listedCase is a case as --list shows it.
type listedCase struct {
	ID    string       `json:"id"`
	Title string       `json:"title"`
	Needs []suite.Need `json:"needs"`
}

func (s *statsCheck) print(cases []suite.Case) error {
	listed := make([]listedCase, len(cases))
	lines := make([]string, len(cases))
	for i, c := range cases {
		listed[i] = listedCase{c.ID, c.Title, c.Needs}
		words := make([]string, len(c.Needs))
		for j, n := range c.Needs {
			words[j] = string(n)
		}
		lines[i] = fmt.Sprintf("%-6s  %-45s  %s", c.ID, c.Title, strings.Join(words, " "))
	}
	if s.format == "json" {
		return s.app.json(listed)
	}
	return s.app.lines(lines)
}

func (s *statsCheck) run(ctx context.Context, cases []suite.Case) (err error) {
	if err := needLinux(runtime.GOOS); err != nil {
		return err
	}
	emulator, err := findEmulator(s.qemu)
	if err != nil {
		return err
	}
	if err := daemon.CheckProgram(emulator); err != nil {
		return fmt.Errorf("cannot run %s: %w", emulator, err)
	}
	if s.dir == "" {
		s.dir = os.TempDir()
	}
	if dir := daemon.Borrowed(s.own.libvirt); dir != "" {
		s.app.infof("the libvirt of %s takes its data from %s, which is compiled into it", s.own.libvirt, dir)
	}
	o := s.daemon.options()
	var restart func(context.Context) error
	if s.startDaemon {
		const most = 1000 // deaths that nobody has looked at yet
		s.own.deaths = make(chan string, most)
		again, stop, err := s.own.start(ctx, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		restart = again
	}
	owner, dir, err := s.prepare(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	rep, err := suite.Run(ctx, suite.Options{
		Stack: live.New(live.Options{RPC: o, Dir: dir, Restart: restart}), Cases: cases, Prefix: owner.Prefix(),
		Jobs: s.jobs, Emulator: emulator, Log: s.app.log(), Deaths: s.own.deaths, Require: needs(s.required),
		Done: func(r suite.Result) {
			fmt.Fprintf(s.app.stderr, "%-6s  %5.1f s  %s\n", r.ID, r.Duration.Seconds(), termtext.Line(r.Verdict()))
		},
	})
	if err != nil {
		return err
	}
	return s.finish(ctx, report.New(rep, where(s.daemon.uri)))
}

// prepare removes what dead runs left and makes this run's directory.
func (s *statsCheck) prepare(ctx context.Context, o rpc.Options) (owner live.Owner, dir string, err error) {
	if owner, err = live.Self(); err != nil {
		return owner, "", err
	}
	removed, err := live.Sweep(ctx, &o, s.dir)
	for _, name := range removed {
		s.app.infof("removed %s, which an earlier run left behind", name)
	}
	if err != nil {
		return owner, "", fmt.Errorf("cannot clear away what earlier runs left: %w", err)
	}
	dir, err = owner.MakeDir(s.dir)
	return owner, dir, err
}

// where says on what machine this runs.
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

// finish writes the reports and gives the status. What an interrupted run
// found out is written as well.
func (s *statsCheck) finish(ctx context.Context, r *report.Run) error {
	show := map[string]func(io.Writer) error{"text": r.WriteSummary, "json": r.WriteJSON, "tap": r.WriteTAP}
	err := errors.Join(show[s.format](s.app.stdout), s.files.write(r))
	if err != nil {
		return err
	}
	if r.Failed() {
		return statusError(1)
	}
	return ctx.Err()
}

func (f reportFiles) write(r *report.Run) error {
	var faults []error
	for _, x := range []struct {
		path  string
		write func(io.Writer) error
	}{{f.tap, r.WriteTAP}, {f.junit, r.WriteJUnit}, {f.json, r.WriteJSON}, {f.html, r.WriteHTML}} {
		if x.path != "" {
			faults = append(faults, writeReport(x.path, x.write))
		}
	}
	return errors.Join(faults...)
}

func writeReport(path string, write func(io.Writer) error) (err error) {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("cannot write a report: %w", err)
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := write(f); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return f.CloseAtomicallyReplace()
}
