// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// EnterKept runs a shell, or command if it is not empty, in the kept container
// of a job.
func EnterKept(ctx context.Context, engine Engine, j *jobrecord.Job, command []string, s scheduler.Streams, m Messages) error {
	c, unlock, err := openKept(ctx, engine, j.Container)
	if errors.Is(err, api.ErrNotKept) {
		return diag.WithHint(fmt.Errorf("the container of job %q is gone: %w", j.Name, err), fmt.Sprintf("lcitool job run --on-failure keep %s starts a new one", jobrun.Quote(j.Name)))
	}
	if err != nil {
		return err
	}
	defer unlock()
	if command == nil {
		m.infof("%s, %s (%s)", j.Name, outcome.Result{State: j.State, Code: j.Code}.Text(), j.Image)
		if j.Command != "" {
			m.infof("failed in: %s", termtext.FirstLine(j.Command))
		}
		for i := range j.Crashes {
			m.infof("%s", openText(&j.Crashes[i], j.Crashes[i].Executable, j.Crashes[i].Core))
		}
		m.infof("the whole script is %s; the container stays until it is %d days old or \"lcitool container prune --kept\"", jobrun.ScriptFile, int(api.KeptAge/(24*time.Hour)))
	}
	_, err = c.Exec(ctx, jobrun.Enter(j.WorkDir, command, s))
	return err
}

// openKept opens a kept container for a shell. Its job cannot be continued until
// unlock.
func openKept(ctx context.Context, engine Engine, name string) (c jobrun.Container, unlock func(), err error) {
	unlock, busy, err := engine.LockKept(name, true)
	if err != nil {
		return nil, nil, err
	}
	if busy {
		return nil, nil, fmt.Errorf("a run continues the job in container %s, and would kill a shell in it", name)
	}
	if c, err = engine.Open(ctx, name); err != nil {
		unlock()
		return nil, nil, err
	}
	return c, unlock, nil
}

// AfterRun returns the jobs of a run whose containers exist, and the names of
// those whose containers were removed, because only the newest are kept.
func AfterRun(ctx context.Context, engine jobrun.KeptEngine, run *jobrecord.Run) (kept []*jobrecord.Job, removed []string, err error) {
	var asked []*jobrecord.Job
	for i := range run.Jobs {
		if run.Jobs[i].Container != "" {
			asked = append(asked, &run.Jobs[i])
		}
	}
	if len(asked) == 0 {
		return nil, nil, nil
	}
	there, err := engine.Kept(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, j := range asked {
		if slices.ContainsFunc(there, func(k api.KeptContainer) bool { return k.Name == j.Container }) {
			kept = append(kept, j)
		} else {
			removed = append(removed, j.Name)
		}
	}
	return kept, removed, nil
}

// KeptNotes returns lines that name the jobs whose containers are kept, and those
// whose containers were removed. only says that the run had no other job.
func KeptNotes(kept []*jobrecord.Job, removed []string, only bool) []string {
	var lines, names []string
	for _, j := range kept {
		names = append(names, termtext.Line(j.Name))
	}
	switch {
	case len(kept) > 0 && only:
		lines = append(lines, `its container is kept: "lcitool job shell --last-failed" enters it`)
	case len(kept) > 0:
		lines = append(lines, fmt.Sprintf(`containers are kept of %s: "lcitool job shell JOB" enters one`, strings.Join(names, ", ")))
	}
	if len(removed) > 0 {
		lines = append(lines, fmt.Sprintf("only the newest containers are kept, so these were removed: %s", termtext.Line(strings.Join(removed, ", "))))
	}
	return lines
}

// RemoveKept removes the kept containers of a run.
func RemoveKept(ctx context.Context, engine Engine, run *jobrecord.Run) error {
	var errs []error
	for _, j := range run.Jobs {
		if j.Container == "" {
			continue
		}
		c, err := engine.Open(ctx, j.Container)
		if err == nil {
			err = c.Remove(ctx)
		}
		if !errors.Is(err, api.ErrNotKept) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Resumable returns the kept containers to resume jobs of a run in, by job name.
// names are those that Retries returns for patterns. env, NAME=VALUE, is added to
// their variables. Without patterns, jobs without a container are skipped.
func Resumable(run *jobrecord.Stored, names, patterns, env []string) (map[string]jobrun.Kept, error) {
	kept, named := map[string]jobrun.Kept{}, len(patterns) > 0
	for i, name := range run.Origins() {
		j := &run.Jobs[i]
		asked := !named || slices.ContainsFunc(patterns, func(pattern string) bool { return matchesRun(pattern, j, name) })
		if asked && j.Container != "" && kept[name].Container == "" {
			kept[name] = jobrun.Kept{Container: j.Container, Tree: j.Tree, Env: env}
		}
	}
	resume := map[string]jobrun.Kept{}
	for _, name := range names {
		if k, ok := kept[name]; ok {
			resume[name] = k
		} else if named {
			return nil, diag.WithHint(fmt.Errorf("no container of job %q of run %s is kept", name, run.ID), `"lcitool job run --on-failure keep" keeps them; without --from-failed the job begins at its first command`)
		}
	}
	if len(resume) == 0 {
		return nil, diag.WithHint(fmt.Errorf("no container of run %s is kept", run.ID), `"lcitool job run" keeps those of jobs that fail on a terminal, and with --on-failure keep everywhere`)
	}
	return resume, nil
}
