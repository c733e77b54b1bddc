// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
)

func newJob(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "Work with the jobs of a project's GitLab pipeline",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{cmd, suggest(fmt.Errorf("unrecognized arguments: %s", strings.Join(args, " ")), args[0], actionNames(cmd))}
			}
			return needAction(cmd, args)
		},
	}
	cmd.PersistentFlags().StringVar(&a.baseDir, "base-dir", "", "directory of the project or one below it (default the current directory)")
	cmd.AddCommand(newJobBisect(a), newJobDiff(a), newJobExplain(a), newJobLint(a), newJobList(a), newJobLogs(a), newJobRetry(a), newJobRun(a), newJobRuns(a), newJobShell(a))
	return cmd
}

// An eventChoice is the event that a pipeline is looked at for.
type eventChoice struct {
	event         string
	branch        string
	defaultBranch string
	tag           string
	upstream      bool

	upstreamNamespace string
	upstreamVariable  string

	project string
	server  string
	variableFlags

	inputs  []string
	changed []string
	asked   *pflag.Flag // --changed, to tell an empty list from none
}

// events are the values of --event, the first by default.
func events() []string {
	return []string{"merge-request", "push", "tag", "web", "schedule", "api", "trigger", "parent-pipeline", "pipeline", "external", "chat"}
}

// sources gives for each value of --event what GitLab calls it.
func sources() map[string]string {
	return map[string]string{
		"merge-request": gitlabci.MergeRequest, "push": gitlabci.Push, "tag": gitlabci.Push, "web": gitlabci.Web,
		"schedule": gitlabci.Schedule, "api": gitlabci.API, "trigger": gitlabci.Trigger, "parent-pipeline": gitlabci.Parent,
		"pipeline": gitlabci.Downstream, "external": gitlabci.External, "chat": gitlabci.Chat,
	}
}

func (c *eventChoice) flags(f *pflag.FlagSet) {
	cliflags.Choice(f, &c.event, "event", "", "event that starts the pipeline: "+strings.Join(events(), ", "), events()...)
	f.StringVar(&c.tag, "tag", "", "name of the tag (default v0.0.0 with --event tag)")
	f.StringArrayVar(&c.inputs, "input", nil, "input of the pipeline, NAME=VALUE; may be repeated")
	f.StringVar(&c.branch, "branch", "", "branch of the pipeline, or target branch of the merge request (default the default branch)")
	f.StringVar(&c.defaultBranch, "default-branch", "", `default branch of the project (default that of the remote "origin", or main)`)
	f.BoolVar(&c.upstream, "upstream", false, "pipeline in upstream's namespace instead of a fork's")
	f.StringVar(&c.upstreamNamespace, "upstream-namespace", "", "namespace of the upstream project (default that of the pipeline's variable)")
	f.StringVar(&c.upstreamVariable, "upstream-variable", "", "variable of the pipeline with upstream's namespace (default RUN_UPSTREAM_NAMESPACE or QEMU_CI_UPSTREAM)")
	f.StringVar(&c.project, "project", "", `project that the pipeline runs in, GROUP/NAME (default from "origin")`)
	f.StringVar(&c.server, "server", "", `URL of the GitLab server (default from "origin", or https://gitlab.com)`)
	c.variableFlags.flags(f)
	f.StringArrayVar(&c.changed, "changed", nil, "file that the event changed, '' for none; may be repeated (default all files count as changed)")
	c.asked = f.Lookup("changed")
}

// upstreamOf says how upstream's namespace is found.
func (c *eventChoice) upstreamOf() pipelinerun.Upstream {
	return pipelinerun.Upstream{Namespace: c.upstreamNamespace, Variable: c.upstreamVariable}
}

// resolve gives the event for a pipeline in a directory.
func (c *eventChoice) resolve(cmd *cobra.Command, directory string, p *gitlabci.Pipeline) (gitlabci.Event, error) {
	if c.tag != "" && c.event == "merge-request" {
		return gitlabci.Event{}, &usageError{cmd, errors.New("argument --tag: not allowed for a merge request, see --event")}
	}
	e := gitlabci.Event{Source: sources()[c.event], DefaultBranch: c.defaultBranch, Variables: map[string]string{}}
	if err := c.identify(cmd, directory, p, &e); err != nil {
		return e, err
	}
	if e.DefaultBranch == "" {
		e.DefaultBranch = pipelinerun.DefaultBranch(cmd.Context(), directory)
	}
	if e.Branch = c.branch; e.Source == gitlabci.MergeRequest {
		e.Branch, e.TargetBranch = "topic", c.branch
		if !c.upstream {
			e.Variables["RUN_PIPELINE"] = "1"
		}
	}
	for _, v := range c.variables {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return e, &usageError{cmd, fmt.Errorf("argument --var: expected NAME=VALUE, got %q", v)}
		}
		e.Variables[name] = value
	}
	for name := range c.files {
		e.Variables[name] = gitlabci.FileVariable(e, name)
	}
	if e.Tag = c.tag; e.Tag == "" && e.Source != gitlabci.MergeRequest {
		e.Tag = e.Variables["CI_COMMIT_TAG"]
	}
	if e.Tag == "" && c.event == "tag" {
		e.Tag = "v0.0.0"
	}
	if c.asked.Changed {
		e.Changed = []string{}
		for _, name := range c.changed {
			if name != "" {
				e.Changed = append(e.Changed, filepath.ToSlash(filepath.Clean(name)))
			}
		}
	}
	return e, nil
}

// identify says which project the pipeline runs in: the one that is asked for,
// or that of origin. A merge request is one of a fork, whose name is not known
// where origin is the upstream project itself.
func (c *eventChoice) identify(cmd *cobra.Command, directory string, p *gitlabci.Pipeline, e *gitlabci.Event) error {
	e.Host, e.Namespace, e.Project = pipelinerun.Identify(cmd.Context(), directory)
	upstream, known := c.upstreamOf().Of(p)
	switch {
	case e.Namespace == "":
		e.Namespace, e.Project = pipelinerun.ForkNamespace, filepath.Base(directory)
		if c.upstream && !known {
			return &usageError{cmd, errors.New("argument --upstream: neither origin nor RUN_UPSTREAM_NAMESPACE names the project")}
		}
	case !c.upstream && e.Source == gitlabci.MergeRequest && known && upstream == e.Namespace:
		e.Namespace = pipelinerun.ForkNamespace
	}
	if c.upstream && known {
		e.Namespace = upstream
	}
	if c.project != "" {
		at := strings.LastIndex(c.project, "/")
		if at <= 0 || at == len(c.project)-1 {
			return &usageError{cmd, fmt.Errorf("argument --project: expected GROUP/NAME, got %q", c.project)}
		}
		e.Namespace, e.Project = c.project[:at], c.project[at+1:]
	}
	if c.server != "" {
		u, err := url.Parse(c.server)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return &usageError{cmd, fmt.Errorf("argument --server: expected an address such as https://gitlab.com, got %q", c.server)}
		}
		e.Host = u.Host
	}
	return nil
}

// pipelineDirectory is the nearest directory with a pipeline, from the
// current one upwards.
func (a *app) pipelineDirectory() (string, error) {
	start, err := filepath.Abs(a.baseDir)
	if err != nil {
		return "", fmt.Errorf("cannot find the current directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		_, err := os.Lstat(filepath.Join(dir, pipelinerun.PipelineFile))
		switch {
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("cannot look for %s: %w", pipelinerun.PipelineFile, err)
		case dir == filepath.Dir(dir):
			return "", fmt.Errorf("there is no %s in %s or above it", pipelinerun.PipelineFile, start)
		}
	}
}

// inputValues gives the values of --input by name.
func (c *eventChoice) inputValues(cmd *cobra.Command) (map[string]string, error) {
	out := map[string]string{}
	for _, in := range c.inputs {
		name, value, ok := strings.Cut(in, "=")
		if !ok || name == "" {
			return nil, &usageError{cmd, fmt.Errorf("argument --input: expected NAME=VALUE, got %q", in)}
		}
		out[name] = value
	}
	return out, nil
}

// evaluate reads the pipeline of the project at hand and evaluates it. The
// source must be closed.
func (a *app) evaluate(cmd *cobra.Command, c *eventChoice, o pipelinerun.SourceOptions) (*pipelinerun.Source, *pipelinerun.Evaluation, error) {
	directory, err := a.pipelineDirectory()
	if err != nil {
		return nil, nil, err
	}
	inputs, err := c.inputValues(cmd)
	if err != nil {
		return nil, nil, err
	}
	if err := c.load(a, cmd); err != nil {
		return nil, nil, err
	}
	o.Project, o.Inputs, o.Messages = directory, inputs, a.messages()
	source, err := pipelinerun.Open(cmd.Context(), o)
	if err != nil {
		return nil, nil, err
	}
	event, err := c.resolve(cmd, directory, source.Pipeline)
	if err != nil {
		source.Close()
		return nil, nil, err
	}
	e := source.Evaluate(cmd.Context(), event)
	a.warnMissing(e.Evaluation)
	return source, e, nil
}

// pipeline reads the pipeline of the project at hand and evaluates it.
func (a *app) pipeline(cmd *cobra.Command, c *eventChoice) (*pipelinerun.Evaluation, error) {
	source, e, err := a.evaluate(cmd, c, pipelinerun.SourceOptions{})
	if err != nil {
		return nil, err
	}
	source.Close()
	return e, nil
}

// warnMissing names the includes that cannot be followed.
func (a *app) warnMissing(e *gitlabci.Evaluation) {
	for _, m := range e.Missing {
		a.infof("%s: %s is not available here: jobs and settings in it are not known", m.Pos, m)
	}
}
