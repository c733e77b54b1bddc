// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A Kept is the kept container of a job that failed. Resume continues the job in
// it.
type Kept struct {
	Container string
	Tree      string   // as Outcome has it; "" if the job saw the project's own directory
	Env       []string // NAME=VALUE that the script gets in addition
}

// Resume continues a job in its kept container at the command that failed. The
// shell has the state it had before that command; the tree is updated to its
// current files except those that the job changed. A job that succeeds is
// Continued, never Passed, and its container is removed. Otherwise the container
// stays.
func (r *Runner) Resume(ctx context.Context, j *Job, k Kept, s scheduler.Streams) (result outcome.Result, out Outcome) {
	started := time.Now()
	j.again, j.mark = false, r.newMark()
	out.resumed, out.Tree = true, k.Tree
	if err := r.resume(ctx, j, k, s, &result, &out); err != nil {
		result.End(ctx, err)
	}
	if result.State == outcome.Passed {
		result.State = outcome.Continued
	}
	if out.Container == "" && result.State != outcome.Continued {
		out.Container = k.Container // nothing in it has changed
	}
	result.Workload, result.Duration = j.Name, time.Since(started)
	return result, out
}

func (r *Runner) resume(ctx context.Context, j *Job, k Kept, s scheduler.Streams, result *outcome.Result, out *Outcome) (err error) {
	parts := &phases{last: time.Now()}
	defer func() { out.Phases = parts.all }()
	s = out.watch(s)
	r.AddDotenv(j)
	if err := j.checkPatterns(); err != nil {
		return err
	}
	if err := r.prepareServices(ctx, j, s.Build); err != nil {
		return err
	}
	if out.Env, err = r.setUp(j); err != nil {
		return err
	}
	out.Dir = j.dir
	c, err := r.Engine.Open(ctx, k.Container)
	if err != nil {
		return err
	}
	n, err := r.failedCommand(ctx, j, c)
	if err != nil {
		return err
	}
	out.Resumed = n
	fmt.Fprintf(s.Stdout, "lcitool: continues in container %s at command %d of %d; earlier commands are not repeated, and processes that they started are gone\n", k.Container, n, len(j.commands()))
	if err := r.refresh(ctx, j, c, k, s.Stdout, out); err != nil {
		return err
	}
	if err := r.putRest(ctx, j, c, n, k.Env, out.Env); err != nil {
		return err
	}
	stop, err := r.startServices(ctx, j, c, out.Env, s)
	defer stop()
	if err != nil {
		return err
	}
	parts.done("prepare")
	r.rest(ctx, j, c, s, parts, result, out)
	if err := r.finish(ctx, j, c, result, out); err != nil {
		r.warn(j, err.Error())
	}
	parts.done("artifacts")
	return nil
}

// failedCommand returns the number of the script's last command that was
// started, from 1.
func (r *Runner) failedCommand(ctx context.Context, j *Job, c Container) (int, error) {
	text, err := readFile(ctx, c, stepsFile, maxSteps)
	if err != nil {
		return 0, fmt.Errorf("cannot tell where the script ended: %w", err)
	}
	n := 0
	for _, step := range parseSteps(text) {
		if (step.stage == "script" || step.stage == restStage) && step.n > 0 {
			n = step.n
		}
	}
	if _, err := readFile(ctx, c, beforeFile, maxState); err != nil || n == 0 {
		return 0, errors.New("nothing tells in which state the script ended")
	}
	if n > len(j.commands()) {
		return 0, fmt.Errorf("the script ended in command %d, and has only %d now", n, len(j.commands()))
	}
	return n, nil
}

// maxState limits the size of a saved shell state, in bytes.
const maxState = 16 << 20

// refresh copies changes of the project's tree into a kept container.
func (r *Runner) refresh(ctx context.Context, j *Job, c Container, k Kept, to io.Writer, out *Outcome) error {
	switch {
	case r.Tree.Writable && k.Tree == "":
		return nil
	case r.Tree.Writable != (k.Tree == ""):
		return errors.New("the job saw the project's own directory and now would not, or the other way round")
	}
	overlay, err := r.overlays(ctx)
	if err != nil {
		return err
	}
	now, err := r.prepareTree(ctx, j.dir, j.withWrittenDepth(out.Env), overlay)
	if err != nil {
		return err
	}
	if err := r.keep(now.layers, k.Container); err != nil {
		return err
	}
	u, err := updateTree(ctx, c, parseView(k.Tree), now.view(), j.dir, to)
	if err != nil {
		return err
	}
	u.tell(to)
	out.Tree = now.view().String()
	return nil
}

func (r *Runner) putRest(ctx context.Context, j *Job, c Container, n int, added, env []string) error {
	script, after := r.stages(j, env)
	script.declare = functionsOf(script.commands[:n-1])
	script.commands, script.first, script.restored, script.keep = script.commands[n-1:], n-1, true, true
	script.env = nil
	for _, v := range added {
		name, text, _ := strings.Cut(v, "=")
		script.env = append(script.env, [2]string{name, text})
	}
	var archive strings.Builder
	w := tar.NewWriter(&archive)
	var errs []error
	for _, file := range [][2]string{{restStage, script.script()}, {"after_script", after.script()}, {"steps", fmt.Sprintf("%s %d 0\n", restStage, n)}, {"mark", j.mark}, {"cores", r.coresScript()}} {
		errs = append(errs, w.WriteHeader(&tar.Header{Name: file[0], Typeflag: tar.TypeReg, Mode: 0o777, Size: int64(len(file[1])), ModTime: began()}))
		_, err := io.WriteString(w, file[1])
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		return err
	}
	// Without this file, the first process does not execute the entrypoint again.
	if _, err := c.Exec(ctx, api.ExecOptions{Command: []string{"rm", "-f", stateDir + "/again"}, WorkDir: "/"}); err != nil {
		return fmt.Errorf("cannot prepare the container: %w", ownFailure(err))
	}
	return c.Put(ctx, stateDir, strings.NewReader(archive.String()))
}

const restStage = "rest"

// rest runs the remaining commands of the script, then after_script.
func (r *Runner) rest(ctx context.Context, j *Job, c Container, s scheduler.Streams, parts *phases, result *outcome.Result, out *Outcome) {
	limit := r.timeLimit(j)
	deadline := time.Now().Add(limit)
	own := duration(value(out.Env, "RUNNER_SCRIPT_TIMEOUT"), limit)
	took, err := r.stage(ctx, j, c, restStage, "running", min(own, limit), s)
	out.script = took
	parts.done("script")
	result.End(ctx, err)
	out.abandoned = result.State == outcome.TimedOut && own >= limit
	if len(j.AfterScript) == 0 || result.State == outcome.EngineError || out.abandoned {
		return
	}
	s.EndScript(result.State == outcome.Passed)
	r.afterScript(ctx, j, &entrypoint{container: c, none: true}, s, time.Until(deadline), result, out)
	parts.done("after_script")
}
