// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
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
	c, p, err := r.openKept(ctx, j, k)
	if err != nil {
		return err
	}
	out.Resumed, out.ImageID = p.at, p.origin.Image.ID
	r.tell(j, p, k, out.Env, orDiscard(s.Stdout))
	if err := r.refresh(ctx, j, c, k, s.Stdout, out); err != nil {
		return err
	}
	if err := r.putRest(ctx, j, c, p, k.Env, out.Env); err != nil {
		return err
	}
	stop, err := r.startServices(ctx, j, c, out.Env, s)
	if err != nil {
		stop()
		return err
	}
	parts.done("prepare")
	r.rest(ctx, j, c, s, parts, result, out)
	stop() // before the container that they depend on is removed
	if err := r.finish(ctx, j, c, result, out); err != nil {
		r.warn(j, err.Error())
	}
	parts.done("artifacts")
	return nil
}

// CheckKept fails if a job cannot be continued in its kept container. It returns
// the texts that were masked in it so far.
func (r *Runner) CheckKept(ctx context.Context, j *Job, k Kept) (masked []string, err error) {
	_, p, err := r.openKept(ctx, j, k)
	return p.origin.Masked, err
}

func (r *Runner) openKept(ctx context.Context, j *Job, k Kept) (Container, position, error) {
	c, err := r.Engine.Open(ctx, k.Container)
	if err != nil {
		return nil, position{}, err
	}
	p, err := r.position(ctx, j, c)
	return c, p, err
}

// position returns where to continue a job: at the last command of its script
// that was started.
func (r *Runner) position(ctx context.Context, j *Job, c Container) (position, error) {
	if _, err := readFile(ctx, c, passedFile, maxSteps); err == nil {
		return position{}, errors.New("it has passed in its kept container")
	}
	text, err := readFile(ctx, c, stepsFile, maxSteps)
	if err != nil {
		return position{}, fmt.Errorf("cannot tell where the script ended: %w", err)
	}
	n := 0
	for _, step := range parseSteps(text) {
		if (step.stage == "script" || step.stage == restStage) && step.n > 0 {
			n = step.n
		}
	}
	if _, err := readFile(ctx, c, beforeFile, maxState); err != nil || n == 0 {
		return position{}, errors.New("nothing tells in which state the script ended")
	}
	was, err := readOrigin(ctx, c)
	if err != nil {
		return position{}, err
	}
	if err := r.checkImage(ctx, j, was.Image); err != nil {
		return position{}, err
	}
	return was.locate(n, j.commands())
}

// tell writes where a job is continued, and what has changed since but is not
// repeated.
func (r *Runner) tell(j *Job, p position, k Kept, env []string, to io.Writer) {
	say := func(format string, args ...any) { fmt.Fprintf(to, "lcitool: "+format+"\n", args...) }
	say("continues in container %s at command %d of %d; earlier commands are not repeated, and processes that they started are gone", k.Container, p.at, len(j.commands()))
	for _, note := range p.notes(j.commands()) {
		say("%s", note)
	}
	if changed := p.origin.changedVariables(j, env, k.Env); len(changed) > 0 {
		say("the script keeps the old values of variables that have changed: %s", strings.Join(changed, ", "))
	}
	for name, stamp := range r.artifactStamps(j) {
		if stamp != p.origin.Artifacts[name] {
			say("artifacts of job %q have changed, and are not copied again", name)
		}
	}
	if len(j.services) > 0 {
		say("services start again, without what earlier commands stored in them")
	}
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

func (r *Runner) putRest(ctx context.Context, j *Job, c Container, p position, added, env []string) error {
	script, after := r.stages(j, env)
	script.declare = functionsOf(p.ran)
	script.commands, script.first, script.restored, script.keep = script.commands[p.at-1:], p.at-1, true, true
	script.env = nil
	for _, v := range added {
		name, text, _ := strings.Cut(v, "=")
		script.env = append(script.env, [2]string{name, text})
	}
	// Without this file, the first process does not execute the entrypoint again.
	// Only then does the image need a program.
	if _, err := readFile(ctx, c, stateDir+"/again", maxSteps); err == nil {
		if _, err := c.Exec(ctx, api.ExecOptions{Command: []string{"rm", "-f", stateDir + "/again"}, WorkDir: "/"}); err != nil {
			return fmt.Errorf("cannot prepare the container: %w", ownFailure(err))
		}
	}
	now := p.origin.at(p, j.commands(), append(r.maskedIn(env), r.maskedIn(added)...), added)
	return putState(ctx, c, []stateEntry{
		{restStage, 0o755, script.script()}, {"after_script", 0o755, after.script()}, {"steps", 0o777, fmt.Sprintf("%s %d 0\n", restStage, p.at)},
		{"mark", 0o644, j.mark}, {"cores", 0o755, r.coresScript()}, {"origin", 0o600, now.text()},
	})
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
