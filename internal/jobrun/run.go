// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/crashcapsule"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/workload"
)

const (
	goarch      = runtime.GOARCH
	grace       = 2 * time.Second  // from TERM to KILL; short, so that one interrupt stops the job soon
	stopGrace   = 10 * time.Second // from TERM to KILL of a script that takes too long, as docker stop has it
	wrapUp      = 2 * time.Minute  // for cleanup after a job was stopped
	maxPackages = 2 << 20          // bytes of /packages.txt
)

// Run runs a job, with its retries. Errors of the engine are part of the result.
// The job is stopped when ctx ends.
func (r *Runner) Run(ctx context.Context, j *Job, s scheduler.Streams) (result outcome.Result, out Outcome) {
	started := time.Now()
	var crashes []crashcapsule.Crash
	for try := 0; ; try++ {
		j.again, j.mark = try < j.Retry.Max, r.newMark()
		result, out = r.once(ctx, j, s)
		crashes = append(crashes, out.Crashes...)
		out.Crashes = crashes
		if refused := new(refusedError); errors.As(result.Err, refused) && s.Stderr != nil {
			fmt.Fprintln(s.Stderr, refused.Error())
		}
		result.Workload, result.Duration = j.Name, time.Since(started)
		if !j.again || ctx.Err() != nil || !retries(j.Retry, result) {
			return result, out
		}
		if s.Stdout != nil {
			fmt.Fprintf(s.Stdout, "%s; retry %d of %d\n", result.Text(), try+1, j.Retry.Max)
		}
	}
}

// retries reports whether retry applies to a result. If retry has exit codes but
// no failure kinds, only the exit codes count.
func retries(retry gitlabci.Retry, result outcome.Result) bool {
	kinds := []string{"always"}
	switch result.State {
	case outcome.Failed:
		if slices.Contains(retry.ExitCodes, result.Status()) {
			return true
		}
		kinds = append(kinds, "script_failure")
	case outcome.TimedOut:
		kinds = append(kinds, "job_execution_timeout")
	case outcome.NoImage: // GitLab Runner decides by the registry's words
		kinds = append(kinds, "runner_system_failure", "image_pull_failure", "runner_external_dependency_failure")
	case outcome.EngineError:
		kinds = append(kinds, "runner_system_failure")
	default:
		return false
	}
	if len(retry.When) == 0 {
		return len(retry.ExitCodes) == 0
	}
	return slices.ContainsFunc(retry.When, func(kind string) bool { return slices.Contains(kinds, kind) })
}

func (r *Runner) once(ctx context.Context, j *Job, s scheduler.Streams) (result outcome.Result, out Outcome) {
	parts := &phases{last: time.Now()}
	defer func() { out.Phases = parts.all }()
	s = out.watch(s)
	r.AddDotenv(j)
	if err := j.impossible(); err != nil {
		result.End(ctx, err)
		return result, out
	}
	if r.Artifacts != nil {
		if err := r.Artifacts.Remove(j.Name); err != nil {
			result.Unstored(err)
			return result, out
		}
	}
	id, built, err := r.images(ctx, j, s)
	result.Built, out.ImageID = built, id
	if err != nil {
		result.Unbuilt(ctx, err)
		return result, out
	}
	if j.Image.BuildOnly {
		result.End(ctx, nil)
		return result, out
	}
	parts.done("image")
	if out.Env, err = r.setUp(j); err != nil {
		result.End(ctx, err)
		return result, out
	}
	out.Dir = j.dir
	c, err := r.start(ctx, j, out.Env)
	out.Tree = j.tree
	if err != nil {
		result.End(ctx, err)
		r.giveUp(ctx, j, c, &result, &out)
		return result, out
	}
	defer func() {
		if err := r.finish(ctx, j, c, &result, &out); err != nil {
			r.warn(j, err.Error())
		}
		parts.done("artifacts")
	}()
	stop, err := r.startServices(ctx, j, c, out.Env, s)
	defer stop()
	if err != nil {
		result.End(ctx, err)
		return result, out
	}
	parts.done("prepare")
	r.scripts(ctx, j, c, s, parts, &result, &out)
	return result, out
}

// giveUp removes the container, if there is one, of a job whose script does not run
// because artifacts of another job cannot be extracted. As on GitLab, its own artifacts
// and caches are stored if their "when" asks for it.
func (r *Runner) giveUp(ctx context.Context, j *Job, c Container, result *outcome.Result, out *Outcome) {
	if c == nil {
		return
	}
	ctx, cancel := outlasting(ctx, wrapUp)
	defer cancel()
	var err error
	if result.State == outcome.Failed {
		err = r.store(ctx, j, c, result, out)
	}
	if err = errors.Join(err, c.Remove(ctx)); err != nil {
		r.warn(j, err.Error())
	}
}

// A refusedError is the reason why a job fails before its script: GitLab Runner
// would refuse the job as well, or something it requires is missing here.
type refusedError struct{ error }

// ExitStatus marks the error as a failure of the job, not of the engine.
func (refusedError) ExitStatus() int { return 1 }

func (e refusedError) Unwrap() error { return e.error }

func refusedf(format string, args ...any) error { return refusedError{fmt.Errorf(format, args...)} }

// impossible returns an error if the job requires something that is not
// supported or missing.
func (j *Job) impossible() error {
	switch {
	case len(j.Unresolved) > 0:
		return refusedf("%s: %s", j.Pos, strings.Join(j.Unresolved, "; "))
	case j.Image.BuildOnly:
		return nil
	case j.Trigger:
		return refusedf("%s: the job starts another pipeline, which only GitLab can", j.Pos)
	case j.Image.Reference == "":
		return refusedf("%s: the job names no image, so only a runner of its own can run it", j.Pos)
	}
	if err := j.checkPatterns(); err != nil {
		return err
	}
	return j.checkCaches()
}

// scripts runs the job's commands, then after_script even if they failed. After
// a job timeout, or a failure before the script, GitLab does not run it.
func (r *Runner) scripts(ctx context.Context, j *Job, c Container, s scheduler.Streams, parts *phases, result *outcome.Result, out *Outcome) {
	limit, began := r.timeLimit(j), time.Now()
	deadline := began.Add(limit)
	own := duration(value(out.Env, "RUNNER_SCRIPT_TIMEOUT"), limit)
	left, whole := min(own, limit), own >= limit // for the script; whether it is all that the job has
	entry := &entrypoint{container: c, none: j.entrypoint == nil}
	err := entry.begin(ctx, min(own, limit), orDiscard(s.Stdout))
	ready, hookLimit := true, limit
	if !entry.none {
		left -= time.Since(began)
		hookLimit = max(time.Second, limit-time.Since(began))
	}
	if err == nil && len(j.PreGetSources) > 0 && fromGit(gitStrategy(out.Env)) {
		err = r.hook(ctx, j, c, out.Env, hookLimit, s)
		ready = err == nil
		rest := time.Until(deadline)
		left, whole = min(own, rest), own >= rest
	}
	if err == nil {
		if out.script, err = r.stage(ctx, j, c, "script", "running", max(time.Millisecond, left), s); errors.Is(err, api.ErrTimeout) {
			err = workload.TimeoutError(min(own, limit), err)
		}
	}
	parts.done("script")
	if entry.waits {
		if err = entry.finish(ctx, err, time.Until(deadline), s.Stdout); err == nil && !entry.begun {
			r.warn(j, "its entrypoint has ended with status 0 and has not run the script; the job passes, as on GitLab")
		}
	}
	gone := !entry.waits && containerGone(ctx, c, &err)
	result.End(ctx, err)
	out.abandoned = gone || result.State == outcome.TimedOut && whole
	if gone {
		return
	}
	if ready && len(j.AfterScript) > 0 && result.State != outcome.EngineError && !out.abandoned {
		s.EndScript(result.State == outcome.Passed)
		r.afterScript(ctx, j, entry, s, time.Until(deadline), result, out)
		parts.done("after_script")
	}
	if entry.waits && !out.abandoned && ctx.Err() == nil && (j.Job.Artifacts != nil || r.CrashDir != nil && out.crashed(*result)) {
		// Files can only be read from a running container. An error shows when
		// artifacts are collected.
		_ = entry.restart(ctx, wrapUp, io.Discard)
	}
}

// hook runs pre_get_sources_script. GitLab Runner repeats the stage that it is part
// of, as often as GET_SOURCES_ATTEMPTS says, with growing pauses.
func (r *Runner) hook(ctx context.Context, j *Job, c Container, env []string, limit time.Duration, s scheduler.Streams) error {
	deadline := time.Now().Add(limit)
	pause, longest := 5*time.Second, 5*time.Minute
	if !isOn(value(env, "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY"), true) {
		pause, longest = time.Second, 5*time.Second
	}
	attempts := min(10, number(value(env, "GET_SOURCES_ATTEMPTS"), 1))
	for n := 1; ; n++ {
		_, err := r.stage(ctx, j, c, "pre_get_sources_script", "running", limit, s)
		if _, failed := errors.AsType[*api.ExitError](err); !failed || n >= attempts || time.Until(deadline) < pause {
			return err
		}
		fmt.Fprintf(orDiscard(s.Stdout), "pre_get_sources_script failed: %v; attempt %d of %d follows\n", err, n+1, attempts)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause, limit = min(2*pause, longest), max(time.Second, time.Until(deadline))
	}
}

// afterScript runs after_script. Its failure fails the job only if
// AFTER_SCRIPT_IGNORE_ERRORS is false, or if the job has no time left.
func (r *Runner) afterScript(ctx context.Context, j *Job, entry *entrypoint, s scheduler.Streams, left time.Duration, result *outcome.Result, out *Outcome) {
	after, cancel := ctx, context.CancelFunc(func() {})
	if ctx.Err() != nil { // GitLab runs it for a cancelled job too, but nobody waits for long here
		after, cancel = context.WithTimeout(context.WithoutCancel(ctx), grace)
	}
	defer cancel()
	own := duration(value(out.Env, "RUNNER_AFTER_SCRIPT_TIMEOUT"), afterTimeout)
	if own >= r.timeLimit(j) { // GitLab Runner ignores it
		own = afterTimeout
	}
	limit := max(time.Second, min(left, own))
	if entry.waits {
		if err := entry.restart(after, limit, s.Stdout); err != nil {
			r.warn(j, "after_script: "+err.Error())
			return
		}
	}
	took, err := r.stage(after, j, entry.container, "after_script", status(result.State), limit, s)
	out.after = took
	if entry.waits {
		err = entry.finish(after, err, limit, s.Stdout)
	}
	passed := result.State == outcome.Passed
	switch {
	case err == nil || ctx.Err() != nil:
	case left < own && errors.Is(err, api.ErrTimeout):
		result.End(ctx, workload.TimeoutError(r.timeLimit(j), api.ErrTimeout))
		out.abandoned = true
	case !isOn(value(out.Env, "AFTER_SCRIPT_IGNORE_ERRORS"), true) && passed:
		result.End(ctx, fmt.Errorf("after_script: %w", err))
	default:
		r.warn(j, "after_script: "+err.Error())
	}
	if out.failedAfter = passed && result.State != outcome.Passed; out.failedAfter {
		s.EndScript(false)
	}
}

// stage makes the first process of the container run one of the scripts.
func (r *Runner) stage(ctx context.Context, j *Job, c Container, name, status string, limit time.Duration, s scheduler.Streams) (took stageTime, err error) {
	began := time.Now()
	if w := r.watch(j, name, began, s); w != nil {
		s.Stdout, s.Stderr = w.streams[0], w.streams[1]
		defer func() { w.close(began.Add(took.took)) }()
	}
	o := api.ExecOptions{Command: runStage(name, status), WorkDir: "/", Stdout: s.Stdout, Stderr: s.Stderr, Grace: grace, Timeout: limit, TimeoutGrace: stopGrace, Killer: killStage()}
	if err = runPiped(ctx, j, c, name, status, o); errors.Is(err, errNotPiped) {
		_, err = c.Exec(ctx, o)
	}
	if errors.Is(err, api.ErrTimeout) {
		err = workload.TimeoutError(limit, err)
	}
	return stageTime{began, time.Since(began)}, err
}

// watch returns the watch of a stage, nil if nobody wants to know its commands.
func (r *Runner) watch(j *Job, name string, began time.Time, s scheduler.Streams) *commandWatch {
	if r.Commands == nil || name == "pre_get_sources_script" {
		return nil
	}
	stage, commands := "script", j.commands()
	if name == "after_script" {
		stage, commands = name, j.AfterScript
	}
	return watch(j.mark, stage, commands, began, s.Stdout, s.Stderr, func(e CommandEvent) { r.Commands(j.Name, e) })
}

// containerGone reports whether the first process of the container has ended,
// for example because the entrypoint does not execute its arguments. It then
// sets *err to the container's exit status.
func containerGone(ctx context.Context, c Container, err *error) bool {
	if *err == nil || ctx.Err() != nil {
		return false
	}
	code, exited, asked := c.Exited(ctx)
	if asked != nil || !exited {
		return false
	}
	if errors.Is(*err, api.ErrTimeout) { // it was ended for that
		return true
	}
	if *err = nil; code != 0 {
		*err = &api.ExitError{Container: c.Name(), Code: code}
	}
	return true
}

// status returns the value of CI_JOB_STATUS for a state.
func status(s outcome.State) string {
	switch s {
	case outcome.Passed:
		return "success"
	case outcome.Stopped:
		return "canceled"
	case outcome.TimedOut:
		return "timedout"
	}
	return "failed"
}

func nonEmptyLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// store collects artifacts and caches from the container. An error fails a job
// that has passed.
func (r *Runner) store(ctx context.Context, j *Job, c Container, result *outcome.Result, out *Outcome) error {
	passed := result.State == outcome.Passed
	err := r.useExported(ctx, j, c, out.Env, passed)
	if refused := new(refusedError); passed && errors.As(err, refused) {
		result.End(ctx, err)
		return nil
	}
	if err == nil {
		err = errors.Join(r.collect(ctx, j, c, passed, out), r.saveCaches(ctx, j, c, passed))
	}
	if err != nil && passed {
		result.Unstored(err)
		return nil
	}
	return err
}

// finish collects artifacts and caches from the container, then removes or keeps
// it. It continues for a limited time after ctx has ended.
func (r *Runner) finish(ctx context.Context, j *Job, c Container, result *outcome.Result, out *Outcome) error {
	stopped, running := ctx.Err() != nil, ctx
	ctx, cancel := outlasting(ctx, wrapUp)
	defer cancel()
	switch {
	case stopped && out.resumed:
		return nil
	case stopped:
		return c.Remove(ctx)
	}
	var errs []error
	r.readCommands(ctx, j, c, result.State, out)
	out.Packages = packages(ctx, c)
	if result.State != outcome.EngineError && !out.abandoned {
		errs = append(errs, r.store(ctx, j, c, result, out))
	}
	r.saveCrashes(running, j, c, result, out)
	failed := result.State == outcome.Failed || result.State == outcome.TimedOut
	stays := failed && !(j.again && retries(j.Retry, *result)) && r.keeps()
	if out.resumed {
		if stays = result.State != outcome.Passed; !stays { // its removal can fail
			errs = append(errs, putState(ctx, c, []stateEntry{{"passed", 0o600, "yes\n"}}))
		}
	}
	if stays {
		name, err := c.Keep(ctx)
		if err == nil {
			out.Container = name
			if !r.Tree.Writable {
				errs = append(errs, r.keep(j.layers, name))
			}
			return errors.Join(errs...)
		}
		errs = append(errs, err)
	}
	if j.entrypoint == nil {
		endFirst(ctx, c)
	}
	return errors.Join(append(errs, c.Remove(ctx))...)
}
