// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"gitlab.com/lcitool/lcitool/internal/jobs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// matrix runs several workloads and says how they ended.
func (r *runVerb) matrix(ctx context.Context, runner *jobs.Runner, workloads []jobs.Workload) error {
	logs, err := r.logs()
	if err != nil {
		return err
	}
	var tasks []jobs.Task
	for _, w := range workloads {
		tasks = append(tasks, runner.Task(w))
	}
	results, err := r.app.show(ctx, tasks, showing{dir: logs, parallel: r.parallel, failFast: r.failFast, memory: r.limits.Memory})
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
	if err := r.app.resultTable("TARGET", results); err != nil {
		return err
	}
	r.app.tell("logs: %s", logs)
	if failed {
		return statusError(1)
	}
	return nil
}

// resultTable writes how tasks ended; heading is what they are.
func (a *app) resultTable(heading string, results []jobs.Result) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%s\tRESULT\tTIME\tFIRST FAILING LINE\n", heading)
	for _, result := range results {
		line := termtext.Line(result.Line)
		text := result.Text()
		if result.Allowed {
			text += ", allowed"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", termtext.Line(result.Workload), text, jobs.Elapsed(result.Duration), cmp.Or(line, "-"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.write(b.Bytes())
}

// logs gives the directory for the logs of this run. It is not below the
// project's directory, which stays as it is.
func (r *runVerb) logs() (string, error) {
	if r.logDir != "" {
		if err := os.MkdirAll(r.logDir, 0o755); err != nil {
			return "", fmt.Errorf("cannot keep logs: %w", err)
		}
		return r.logDir, nil
	}
	store, err := r.app.runs()
	if err != nil {
		return "", fmt.Errorf("%w, name a directory with --log-dir", err)
	}
	return store.Create()
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
