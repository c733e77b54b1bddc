// SPDX-License-Identifier: GPL-2.0-or-later

package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// errOther is why workloads are stopped that did nothing wrong themselves.
var errOther = errors.New("another workload failed")

// A Matrix runs workloads side by side. What they say goes line by line to
// Stdout and Stderr, with the name of the workload before each line, and as it
// is to a file each.
type Matrix struct {
	Runner   *Runner
	Parallel int    // at most so many at a time; 0 means 1
	FailFast bool   // stop all when one does not pass
	LogDir   string // existing directory for NAME.log of each workload
	Stdout   io.Writer
	Stderr   io.Writer
}

// Run runs the workloads, begun in their order, and gives their results in
// the same order. The error is about the logs; no workload runs then.
func (m *Matrix) Run(ctx context.Context, workloads []Workload) ([]Result, error) {
	outputs, err := m.outputs(workloads)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	results := make([]Result, len(workloads))
	var group errgroup.Group // without a context of its own: a failure ends the others only if wanted
	group.SetLimit(max(1, m.Parallel))
	for i, w := range workloads {
		group.Go(func() error {
			results[i] = m.one(ctx, w, outputs[i])
			if m.FailFast && results[i].State != Passed {
				stop(errOther)
			}
			return nil
		})
	}
	_ = group.Wait() // they say how it went in their results
	return results, nil
}

// one runs a workload unless all is over.
func (m *Matrix) one(ctx context.Context, w Workload, out *output) Result {
	defer out.close()
	if ctx.Err() != nil {
		return Result{Workload: w.Name, State: NotRun}
	}
	result := m.Runner.Run(ctx, w, Streams{Stdout: out.stdout, Stderr: out.stderr, Build: out.build})
	out.end()
	result.Log = out.path
	result.explain(out.failure.line())
	return result
}

// outputs opens the logs of all workloads before the first one runs.
func (m *Matrix) outputs(workloads []Workload) ([]*output, error) {
	terminal := &sink{stdout: m.Stdout, stderr: m.Stderr}
	width := 0
	for _, w := range workloads {
		width = max(width, len(w.Name))
	}
	var all []*output
	for _, w := range workloads {
		path := filepath.Join(m.LogDir, fileName(w.Name)+".log")
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			for _, o := range all {
				o.close()
			}
			return nil, fmt.Errorf("cannot keep a log: %w", err)
		}
		all = append(all, newOutput(terminal, fmt.Sprintf("%-*s | ", width, w.Name), file))
	}
	return all, nil
}

// fileName is a name without what leads to other directories.
func fileName(name string) string {
	return strings.NewReplacer("/", "-", "\x00", "-").Replace(name)
}
