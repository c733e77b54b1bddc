// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// A Chooser finds recorded jobs by the names that users give.
type Chooser struct {
	Store   *jobrecord.Store
	Project string // absolute directory of the project whose runs are looked at

	// PackageNames returns the packages of a target by generic name. It fails for a
	// target that no longer exists.
	PackageNames func(target string) (map[string]string, error)

	runs []jobrecord.Stored
}

// ofRun matches RUN:JOB, for example 20261123-2359:x86_64-debian-13.
var ofRun = lazyregexp.New(`^(\d{4,8}[-\w]*):(.+)$`)

// Find returns the job with this name, or the only job for a target with this
// name, from the newest run in which it ran. A prefix "RUN:" selects the run by
// the beginning of its ID. A suffix "@previous" selects the run before,
// "@passed" and "@failed" the newest run in which the job passed or failed.
func (c *Chooser) Find(text string) (*Input, error) {
	in, err := c.newest(text, 0, ran, "")
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return in, err
	}
	if m := ofRun.FindStringSubmatch(text); m != nil {
		return c.inRun(m[1], m[2])
	}
	if at := strings.LastIndexByte(text, '@'); at > 0 {
		name := text[:at]
		switch text[at+1:] {
		case "previous":
			return c.newest(name, 1, ran, " before its newest run")
		case "passed":
			return c.newest(name, 0, func(j *jobrecord.Job) bool { return j.State == outcome.Passed }, " that passed")
		case "failed":
			return c.newest(name, 0, (*jobrecord.Job).Failed, " that failed")
		}
	}
	return nil, err
}

// Previous returns the same job in the previous run.
func (c *Chooser) Previous(in *Input) (*Input, error) {
	for i := range c.all() {
		run := &c.runs[i]
		if run.ID >= in.Run.ID || !run.IsOf(in.Run.Project) {
			continue
		}
		j, _ := called(run, base(in.Job), ran)
		if j != nil {
			return &Input{Run: run, Job: j}, nil
		}
	}
	return nil, errNotFound(fmt.Sprintf("job %q has no run before %s", in.Job.Name, in.Run.ID))
}

// An errNotFound is the text of an error that is fs.ErrNotExist.
type errNotFound string

func (e errNotFound) Error() string { return string(e) }

func (errNotFound) Is(target error) bool { return target == fs.ErrNotExist }

func ran(j *jobrecord.Job) bool { return j.State.Ended() && !j.Started.IsZero() }

// all returns the runs, newest first, and after them the steps of searches, which
// JOB@failed means only if there is nothing else.
func (c *Chooser) all() []jobrecord.Stored {
	if c.runs == nil {
		var steps []jobrecord.Stored
		for _, run := range c.Store.Runs(c.Project) {
			if jobrecord.IsStep(run.Dir) {
				steps = append(steps, run)
			} else {
				c.runs = append(c.runs, run)
			}
		}
		c.runs = append(c.runs, steps...)
	}
	return c.runs
}

// newest returns the job called name from the newest run in which of accepts it,
// after skipping skip such runs. wanted says in the error what of asks for.
func (c *Chooser) newest(name string, skip int, of func(*jobrecord.Job) bool, wanted string) (*Input, error) {
	for i := range c.all() {
		run := &c.runs[i]
		j, err := pick(run, name, of)
		if err != nil {
			return nil, err
		}
		if j == nil {
			continue
		}
		if skip == 0 {
			return &Input{Run: run, Job: j}, nil
		}
		skip--
	}
	return nil, diag.WithHint(errNotFound(fmt.Sprintf("no run of %s has a job or target %q%s", c.Project, name, wanted)),
		`"lcitool job runs" lists the runs that are kept`)
}

// inRun returns a job of a run. id is the beginning of the run's ID.
func (c *Chooser) inRun(id, name string) (*Input, error) {
	run, err := c.Store.Find(id)
	if err != nil {
		return nil, err
	}
	j, err := pick(run, name, ran)
	switch {
	case err != nil:
		return nil, err
	case j == nil:
		return nil, errNotFound(fmt.Sprintf("no job or target %q ran in run %s", name, run.ID))
	}
	return &Input{Run: run, Job: j}, nil
}

// pick returns the job of a run with this name, or the last of its repetitions that
// of accepts, or the only job for a target, or nil.
func pick(run *jobrecord.Stored, name string, of func(*jobrecord.Job) bool) (*jobrecord.Job, error) {
	if name == "" {
		return nil, nil
	}
	found, exists := called(run, name, of)
	if exists {
		return found, nil
	}
	var names []string // of the jobs for the target, without repetitions
	for i := range run.Jobs {
		if j := &run.Jobs[i]; j.Target == name && of(j) {
			found, names = j, append(names, base(j))
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 1 {
		return nil, fmt.Errorf("run %s has several jobs for target %q, name one: %s", run.ID, name, strings.Join(names, ", "))
	}
	return found, nil
}

// called returns the job of a run with this name, or the last of its repetitions, if
// of accepts it. exists is true as well if of accepts none.
func called(run *jobrecord.Stored, name string, of func(*jobrecord.Job) bool) (found *jobrecord.Job, exists bool) {
	for i := range run.Jobs {
		j := &run.Jobs[i]
		if j.Name != name && j.Of != name {
			continue
		}
		exists = true
		if of(j) {
			found = j
		}
	}
	return found, exists
}

// base returns the name of a job in its pipeline, without the number of a repetition.
func base(j *jobrecord.Job) string { return cmp.Or(j.Of, j.Name) }

// Pair finds the jobs that one or two texts name. A single job is compared with
// the same job of the previous run.
func (c *Chooser) Pair(texts []string) (left, right *Input, err error) {
	if right, err = c.Find(texts[len(texts)-1]); err != nil {
		return nil, nil, err
	}
	if len(texts) == 1 {
		left, err = c.Previous(right)
		return left, right, err
	}
	if left, err = c.Find(texts[0]); err != nil {
		return nil, nil, err
	}
	if left.Run.ID == right.Run.ID && left.Job.Name == right.Job.Name {
		return nil, nil, &SameJobError{left.Job.Name, left.Run.ID}
	}
	c.addGeneric(left)
	c.addGeneric(right)
	return left, right, nil
}

// A SameJobError is for a job that would be compared with itself.
type SameJobError struct{ Job, Run string }

func (e *SameJobError) Error() string { return fmt.Sprintf("both are job %q of run %s", e.Job, e.Run) }

// addGeneric adds the generic names of packages on the job's target. An unknown
// target has none.
func (c *Chooser) addGeneric(in *Input) {
	target, _, _ := strings.Cut(in.Job.Target, "-cross-")
	if target == "" || c.PackageNames == nil {
		return
	}
	if names, err := c.PackageNames(target); err == nil {
		in.Generic = names
	}
}
