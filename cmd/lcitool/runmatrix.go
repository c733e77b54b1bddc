// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobs"
)

// keptRuns is how many directories with logs stay, the newest.
const keptRuns = 20

// matrix runs several workloads and says how they ended.
func (r *runVerb) matrix(ctx context.Context, runner *jobs.Runner, workloads []jobs.Workload) error {
	logs, err := r.logs()
	if err != nil {
		return err
	}
	m := &jobs.Matrix{
		Parallel: cmp.Or(r.parallel, jobs.DefaultParallel(runtime.NumCPU(), availableMemory(), r.limits.Memory)),
		FailFast: r.failFast,
		LogDir:   logs,
		Stdout:   r.app.stdout,
		Stderr:   r.app.stderr,
	}
	var tasks []jobs.Task
	for _, w := range workloads {
		tasks = append(tasks, runner.Task(w))
	}
	results, err := m.Run(ctx, tasks)
	if err != nil {
		return err
	}
	failed := false
	for _, result := range results {
		failed = failed || result.State != jobs.Passed
		if result.State == jobs.NoImage || result.State == jobs.Broken {
			r.app.complain(r.advise(result))
		}
	}
	if err := r.print(results); err != nil {
		return err
	}
	r.app.tell("logs: %s", logs)
	if failed {
		return statusError(1)
	}
	return nil
}

// print writes the table of how workloads ended.
func (r *runVerb) print(results []jobs.Result) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "TARGET\tRESULT\tTIME\tFIRST FAILING LINE")
	for _, result := range results {
		line := strings.ReplaceAll(printable(result.Line), "\t", " ")
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", printable(result.Workload), result.Text(), duration(result.Duration), cmp.Or(line, "-"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return r.app.write(b.Bytes())
}

// duration has tenths of seconds below a minute, and whole ones above.
func duration(d time.Duration) string {
	if d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}

// logs makes the directory for the logs of this run. It is not below the
// project's directory, which stays as it is.
func (r *runVerb) logs() (string, error) {
	if r.logDir != "" {
		if err := os.MkdirAll(r.logDir, 0o755); err != nil {
			return "", fmt.Errorf("cannot keep logs: %w", err)
		}
		return r.logDir, nil
	}
	state := r.app.stateDir()
	if state == "" {
		return "", errors.New("cannot keep logs: neither XDG_STATE_HOME nor HOME says where, name a directory with --log-dir")
	}
	runs := filepath.Join(state, "runs")
	if err := os.MkdirAll(runs, 0o700); err != nil {
		return "", fmt.Errorf("cannot keep logs: %w", err)
	}
	forget(runs)
	dir, err := os.MkdirTemp(runs, time.Now().UTC().Format("20060102-150405")+"-")
	if err != nil {
		return "", fmt.Errorf("cannot keep logs: %w", err)
	}
	return dir, nil
}

// forget removes the oldest logs; their names begin with their time.
func forget(runs string) {
	dirs, _ := filepath.Glob(filepath.Join(runs, "[0-9]*-[0-9]*-*"))
	slices.Sort(dirs)
	for _, dir := range dirs[:max(0, len(dirs)-keptRuns+1)] {
		_ = os.RemoveAll(dir) // no reason to fail
	}
}

// availableMemory is what the kernel says can be used without swapping, in
// bytes, 0 if it does not say.
func availableMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemAvailable:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}
