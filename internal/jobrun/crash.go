// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"fmt"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/internal/crashcapsule"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

const (
	// coresFile is a script that shells in a job's container begin with. Cores of
	// the job are newer.
	coresFile = stateDir + "/cores"

	maxCrashes    = 3  // that one attempt of a job saves
	maxRunCrashes = 20 // that one run saves
	crashTime     = 3 * time.Minute
)

// coresScript returns the content of coresFile. The limit on cores is raised,
// except where they would be written to the project's own directory.
func (r *Runner) coresScript() string {
	if r.Tree.Writable {
		return ":\n"
	}
	return crashcapsule.RaiseLimit + "\n"
}

// began returns the time for files that are older than all that a script writes.
// Archives have whole seconds and would round up, and BusyBox compares only
// these.
func began() time.Time { return time.Now().Truncate(time.Second).Add(-time.Second) }

// watch makes the output of a job pass through o.output.
func (o *Outcome) watch(s scheduler.Streams) scheduler.Streams {
	o.output = &crashcapsule.Output{}
	through := func(to io.Writer) io.Writer {
		if to == nil {
			return o.output
		}
		return io.MultiWriter(o.output, to)
	}
	s.Stdout, s.Stderr = through(s.Stdout), through(s.Stderr)
	return s
}

// crashed reports whether a process of the job seems to have dumped core.
func (o *Outcome) crashed(result outcome.Result) bool {
	return o.output.Crashed() || crashcapsule.Signalled(result.Code) != ""
}

// saveCrashes saves the cores of a job that failed, or that printed that a process
// has crashed. It does not change the result.
func (r *Runner) saveCrashes(ctx context.Context, j *Job, c Container, result *outcome.Result, out *Outcome) {
	crashed := out.crashed(*result)
	if r.CrashDir == nil || out.abandoned || result.State == outcome.EngineError || result.State == outcome.Passed && !crashed {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, crashTime)
	defer cancel()
	left := maxRunCrashes - int(r.crashes.Load())
	found, err := crashcapsule.Collect(ctx, crashcapsule.Options{
		Container: c, After: coresFile, Skip: stateDir, Dirs: []string{j.dir, "/tmp", "/var/tmp"}, Trees: []string{j.dir},
		MakeDir: func() (string, error) { return r.CrashDir(j.Name) }, Mask: r.Secrets.Text, Most: max(0, min(maxCrashes, left)),
	})
	out.Crashes = found.Crashes
	r.crashes.Add(int32(len(found.Crashes)))
	switch {
	case err != nil && (crashed || len(found.Crashes) > 0):
		r.warn(j, fmt.Sprintf("a process seems to have crashed: %v", err))
	case found.More > 0:
		r.warn(j, fmt.Sprintf("%d more cores of crashed processes are not saved; at most %d of a job and %d of a run are", found.More, maxCrashes, maxRunCrashes))
	case err == nil && crashed && len(found.Crashes) == 0 && !r.noCore.Swap(true):
		why, hint := found.Place.Pattern.None(found.Place.Limit)
		r.warn(j, "a process seems to have crashed, but there is no core to save: "+why+"; "+hint)
	}
}
