// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

const (
	maxGenerations = 2       // GitLab's limit on nested child pipelines
	maxChildFile   = 4 << 20 // bytes of a generated pipeline file
)

// cannotStart says why lcitool cannot run the downstream pipeline of a trigger
// job, or returns "".
func (s *Source) cannotStart(job *gitlabci.Job, event gitlabci.Event) string {
	d := job.Downstream
	switch {
	case d == nil:
		return "starts another pipeline"
	case d.Project != "":
		return fmt.Sprintf("starts a pipeline of project %q, which only GitLab can", d.Project)
	case !slices.ContainsFunc(d.Include, func(c gitlabci.Child) bool { return c.Kind != "local" && c.Kind != "artifact" }):
		return ""
	}
	pipeline, err := s.loadChild(job, func(*childFiles, gitlabci.Child) (string, error) { return "", errLater })
	switch {
	case errors.Is(err, errLater):
		return ""
	case err != nil:
		return "starts a pipeline that cannot be read: " + err.Error()
	}
	for _, m := range pipeline.Evaluate(childEvent(event, job)).Missing {
		if m.Pos.File != childMain(job) {
			continue
		}
		why := "which is not here"
		if m.Why != "" {
			why += ": " + m.Why
		}
		return fmt.Sprintf("starts a pipeline from %s %q, %s", m.Kind, m.Location, why)
	}
	return ""
}

func childMain(j *gitlabci.Job) string { return "trigger of " + strings.ReplaceAll(j.Name, "/", " ") }

func childEvent(e gitlabci.Event, j *gitlabci.Job) gitlabci.Event {
	e.Variables, e.Raw = j.Forwarded(e)
	e.Child = true
	return e
}

// trigger runs the child pipeline of a job. GitLab waits for it only with
// trigger:strategy; lcitool always finishes it before jobs that depend on the
// trigger job.
func (l *localRun) trigger(ctx context.Context, p *Plan, j *jobrun.Job, s scheduler.Streams) outcome.Result {
	started := time.Now()
	result := outcome.Result{Workload: j.Name, State: outcome.Failed}
	fail := func(err error) outcome.Result {
		fmt.Fprintln(s.Stderr, err)
		result.Err, result.Line, result.Duration = err, err.Error(), time.Since(started)
		return result
	}
	if why := p.source.cannotStart(&j.Job, p.event); why != "" {
		return fail(fmt.Errorf("%s: %s", j.Pos, why))
	}
	l.runner.AddDotenv(j)
	child, err := l.child(ctx, p, j)
	if err != nil {
		return fail(fmt.Errorf("cannot start the child pipeline: %w", err))
	}
	for _, line := range child.Skipped {
		fmt.Fprintf(s.Stderr, "left out %s/%s\n", j.Name, line)
	}
	for _, line := range child.Missing {
		fmt.Fprintln(s.Stderr, line)
	}
	worst, err := l.runChild(ctx, child, j.Downstream.Strategy == "" || j.AllowFailure, s)
	if err != nil {
		return fail(err)
	}
	result.Duration = time.Since(started)
	switch {
	case ctx.Err() != nil:
		result.State = outcome.Stopped
	case worst.OK():
		result.State = outcome.Passed
	case j.Downstream.Strategy == "":
		l.runner.Warn(j.Name, childError{worst}.Error()+"; GitLab does not wait for the child pipeline, so the trigger passes")
		result.State = outcome.Passed
	default:
		return fail(childError{worst})
	}
	return result
}

// A childError is the failure of a trigger whose child pipeline has a job with this
// result.
type childError struct{ of outcome.Result }

func (e childError) Error() string { return e.of.Workload + ": " + e.of.Text() }

// CouldNotRun reports whether the child pipeline need not fail on GitLab.
func (e childError) CouldNotRun() bool { return e.of.CouldNotRun() }

// worstResult returns the result that says why jobs failed, one that is OK if none did. A
// job that was stopped, or could not be run, is not the reason if there is another.
func worstResult(results []outcome.Result) outcome.Result {
	rank := func(r outcome.Result) int {
		switch {
		case r.OK() || r.State == outcome.Skipped:
			return 0
		case isStopped(r.State):
			return 1
		case r.CouldNotRun():
			return 2
		}
		return 3
	}
	w := outcome.Result{State: outcome.Passed}
	for _, r := range results {
		if rank(r) > rank(w) {
			w = r
		}
	}
	return w
}

// runChild runs the jobs of a child pipeline and returns the worst result. With
// allowed, a failure does not fail the run.
func (l *localRun) runChild(ctx context.Context, child *Plan, allowed bool, s scheduler.Streams) (outcome.Result, error) {
	if err := l.locks.take(ctx, child.source, child.Jobs); err != nil {
		return outcome.Result{}, err
	}
	l.mu.Lock()
	first := l.record.add(child.Jobs, l.runner.Tree.MountPath)
	at := len(l.children)
	l.children = append(l.children, make([]outcome.Result, len(child.Jobs))...)
	l.mu.Unlock()
	run := l.scheduler(child)
	run.Stdout, run.Stderr = s.Stdout, s.Stderr
	results, err := run.Run(ctx, l.tasks(child, first))
	if err != nil {
		return outcome.Result{}, err
	}
	if why := l.canceled(ctx, child, results); why != "" {
		fmt.Fprintln(s.Stderr, why)
	}
	addCoverage(ctx, child.Jobs, results, child.source.messages)
	bad := worstResult(results)
	for i, r := range results {
		results[i].Allowed = r.Allowed || allowed && !r.OK()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	copy(l.children[at:], results)
	l.record.results(first, results)
	return bad, nil
}

func (l *localRun) child(ctx context.Context, p *Plan, j *jobrun.Job) (*Plan, error) {
	if p.generation >= maxGenerations {
		return nil, fmt.Errorf("there are already %d pipelines above it", maxGenerations)
	}
	source := *p.source
	pipeline, err := p.loadChild(j, l.runner.Artifacts)
	if err != nil {
		return nil, err
	}
	source.Pipeline, source.remove = pipeline, func() {}
	event := childEvent(p.event, &j.Job)
	e := &Evaluation{Evaluation: pipeline.Evaluate(event), source: &source, event: event, commit: p.commit}
	e.built = newBuiltImages(e.Evaluation, source.tree, p.built)
	if e.Refused() {
		return nil, errors.New("GitLab refuses it: " + refusal(e.Evaluation))
	}
	chosen, err := Choose(e.Evaluation, Choice{built: e.built, cannotStart: e.cannotStart})
	if err != nil || !slices.ContainsFunc(e.Jobs, func(j gitlabci.Job) bool { return j.When != gitlabci.Never }) {
		return nil, cmp.Or(err, errors.New("there are no jobs in it"))
	}
	child := &Plan{Chosen: chosen, source: &source, event: event, commit: p.commit, built: e.built, origin: p.origin, cancels: e.CancelOnFailure, generation: p.generation + 1}
	if err := child.FindImages(ctx, p.images); err != nil {
		return nil, err
	}
	child.AddEnv(p.env)
	child.adopt(p, j)
	return child, nil
}

// refusal returns the first reason why GitLab refuses a pipeline, or "".
func refusal(e *gitlabci.Evaluation) string {
	for _, p := range e.Problems {
		if p.Effect == gitlabci.Refused {
			return p.String()
		}
	}
	return ""
}

// adopt prefixes the names of a child pipeline's jobs with the trigger job's,
// and resolves needs:pipeline to artifacts of the parent.
func (p *Plan) adopt(parent *Plan, trigger *jobrun.Job) {
	prefix := trigger.Name + "/"
	named := map[*jobrun.Job]bool{}
	rename := func(j *jobrun.Job) {
		if !named[j] {
			named[j] = true
			j.Name = prefix + j.Name
		}
	}
	for _, j := range p.Jobs {
		rename(j)
		for i := range j.WaitsFor {
			j.WaitsFor[i] = prefix + j.WaitsFor[i]
		}
		for _, from := range j.ArtifactsFrom {
			rename(from)
		}
	}
	for _, j := range p.Jobs {
		for _, name := range j.FromParent {
			found := false
			for _, other := range parent.Jobs {
				if (other.Base == name || other.Name == name) && handsOn(&other.Job) {
					j.ArtifactsFrom, found = append(j.ArtifactsFrom, other), true
				}
			}
			if !found {
				p.Missing = append(p.Missing, fmt.Sprintf("%s gets no artifacts of job %q of the pipeline above: it does not run", j.Name, name))
			}
		}
	}
}

// loadChild reads the configuration of a child pipeline, including files from
// artifacts.
func (p *Plan) loadChild(j *jobrun.Job, store *artifacts.Store) (*gitlabci.Pipeline, error) {
	return p.source.loadChild(&j.Job, func(files *childFiles, c gitlabci.Child) (string, error) { return files.take(p, c, store) })
}

// loadChild reads the configuration of the pipeline that a job triggers. take
// returns the path of a file that another job generates.
func (s *Source) loadChild(j *gitlabci.Job, take func(*childFiles, gitlabci.Child) (string, error)) (*gitlabci.Pipeline, error) {
	tree, err := safefs.OpenDir(s.tree)
	if err != nil {
		return nil, fmt.Errorf("cannot open the project: %w", err)
	}
	files := childFiles{tree: tree.FS(), made: map[string][]byte{}}
	var includes []map[string]any
	for _, c := range j.Downstream.Include {
		if c.Kind == "artifact" {
			if c.Location, err = take(&files, c); err != nil {
				return nil, err
			}
		}
		include := childInclude(c)
		if inputs := overlaid(j.Downstream.Inputs, c.Inputs); len(inputs) > 0 {
			include["inputs"] = inputs
		}
		includes = append(includes, include)
	}
	main, err := json.Marshal(map[string]any{"include": includes})
	if err != nil {
		return nil, err
	}
	name := childMain(j)
	files.made[name] = main
	return gitlabci.Load(files, name, gitlabci.Options{Elsewhere: s.elsewhere, Stop: s.stop, ChangedSince: s.since})
}

// childInclude converts an entry of trigger:include to an entry of include.
func childInclude(c gitlabci.Child) map[string]any {
	switch c.Kind {
	case "local", "artifact":
		return map[string]any{"local": "/" + strings.TrimPrefix(c.Location, "/")}
	case "project":
		out := map[string]any{"project": c.Location, "file": c.Files}
		if c.Ref != "" {
			out["ref"] = c.Ref
		}
		return out
	}
	out := map[string]any{c.Kind: c.Location}
	if c.Integrity != "" {
		out["integrity"] = c.Integrity
	}
	return out
}

// overlaid returns the inputs of all files, overridden by those of one file.
func overlaid(all, own map[string]string) map[string]string {
	out := maps.Clone(all)
	if out == nil {
		return own
	}
	maps.Copy(out, own)
	return out
}

// childFiles are the files of the project plus generated ones.
type childFiles struct {
	tree fs.FS
	made map[string][]byte
}

// take reads a generated file from a job's artifacts and returns its path in
// childFiles.
func (f *childFiles) take(p *Plan, c gitlabci.Child, store *artifacts.Store) (string, error) {
	at := slices.IndexFunc(p.Jobs, func(j *jobrun.Job) bool {
		return j.Name == c.Job || j.Base == c.Job || strings.HasSuffix(j.Name, "/"+c.Job)
	})
	if at < 0 {
		return "", fmt.Errorf("job %q, which makes %s, does not run", c.Job, c.Location)
	}
	job := p.Jobs[at].Name
	if has, err := store.Has(job, true); err != nil || !has {
		return "", cmp.Or(err, fmt.Errorf("job %q has left no artifacts", c.Job))
	}
	dir := store.Dir(job)
	data, err := safefs.ReadFileIn(dir, c.Location, maxChildFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is not among the artifacts of job %q", c.Location, c.Job)
	}
	if err != nil {
		return "", err
	}
	name := path.Join(artifacts.Below, path.Base(dir), c.Location)
	f.made[name] = data
	return name, nil
}

// Open opens a generated file, or one of the project's tree.
func (f childFiles) Open(name string) (fs.File, error) {
	if data, ok := f.made[name]; ok {
		return &madeFile{Reader: bytes.NewReader(data), name: path.Base(name)}, nil
	}
	return f.tree.Open(name)
}

// A madeFile is an fs.File in memory.
type madeFile struct {
	*bytes.Reader
	name string
}

func (m *madeFile) Stat() (fs.FileInfo, error) { return m, nil }
func (m *madeFile) Close() error               { return nil }
func (m *madeFile) Name() string               { return m.name }
func (m *madeFile) Mode() fs.FileMode          { return 0o444 }
func (m *madeFile) ModTime() time.Time         { return time.Time{} }
func (m *madeFile) IsDir() bool                { return false }
func (m *madeFile) Sys() any                   { return nil }
