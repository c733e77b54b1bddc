// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// EventOptions describe an event by command-line options. Empty strings mean
// defaults.
type EventOptions struct {
	Name          string // one of Events
	Branch        string
	DefaultBranch string
	Tag           string
	FromUpstream  bool // in upstream's namespace, not in a fork
	Upstream      Upstream
	Project       string   // GROUP/NAME
	Server        string   // base URL
	Variables     []string // NAME=VALUE; the last of equal names counts
	FileVariables []string // names of variables of type file
	Changed       []string // files changed by the event; nil means all, "" is ignored
}

// Events returns the names of --event, the default first.
func Events() []string {
	return []string{"merge-request", "push", "tag", "web", "schedule", "api", "trigger", "parent-pipeline", "pipeline", "external", "chat"}
}

// sources maps each of Events to its CI_PIPELINE_SOURCE.
func sources() map[string]string {
	return map[string]string{
		"merge-request": gitlabci.MergeRequest, "push": gitlabci.Push, "tag": gitlabci.Push, "web": gitlabci.Web,
		"schedule": gitlabci.Schedule, "api": gitlabci.API, "trigger": gitlabci.Trigger, "parent-pipeline": gitlabci.Parent,
		"pipeline": gitlabci.Downstream, "external": gitlabci.External, "chat": gitlabci.Chat,
	}
}

// Event returns the event for a pipeline of a project. An error is about the
// options.
func (o *EventOptions) Event(ctx context.Context, s *Source) (gitlabci.Event, error) {
	if o.Tag != "" && o.Name == "merge-request" {
		return gitlabci.Event{}, errors.New("argument --tag: not allowed for a merge request, see --event")
	}
	e := gitlabci.Event{Source: sources()[o.Name], DefaultBranch: o.DefaultBranch, Variables: map[string]string{}}
	if err := o.identify(ctx, s, &e); err != nil {
		return e, err
	}
	if e.DefaultBranch == "" {
		e.DefaultBranch = s.defaultBranch(ctx)
	}
	if e.Branch = o.Branch; e.Source == gitlabci.MergeRequest {
		e.Branch, e.TargetBranch = "topic", o.Branch
		if !o.FromUpstream {
			e.Variables["RUN_PIPELINE"] = "1"
		}
	}
	for _, v := range o.Variables {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return e, fmt.Errorf("argument --var: expected NAME=VALUE, got %q", v)
		}
		e.Variables[name] = value
	}
	for _, name := range o.FileVariables {
		e.Variables[name] = gitlabci.FileVariable(e, name)
	}
	if e.Tag = o.Tag; e.Tag == "" && e.Source != gitlabci.MergeRequest {
		e.Tag = e.Variables["CI_COMMIT_TAG"]
	}
	if e.Tag == "" && o.Name == "tag" {
		e.Tag = "v0.0.0"
	}
	if o.Changed != nil {
		e.Changed = []string{}
		for _, name := range o.Changed {
			if name != "" {
				e.Changed = append(e.Changed, filepath.ToSlash(filepath.Clean(name)))
			}
		}
	}
	return e, nil
}

// identify sets the project that the pipeline runs in: Project and Server, or
// else that of origin. A merge request comes from a fork, whose namespace is
// unknown if origin is the upstream project.
func (o *EventOptions) identify(ctx context.Context, s *Source, e *gitlabci.Event) error {
	e.Host, e.Namespace, e.Project = s.identify(ctx)
	if o.Server != "" {
		u, err := url.Parse(o.Server)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("argument --server: expected an address such as https://gitlab.com, got %q", o.Server)
		}
		e.Host = u.Host
	}
	upstream, known := o.Upstream.Of(s.Pipeline, *e)
	switch {
	case e.Namespace == "":
		e.Namespace, e.Project = ForkNamespace, projectName(s.Project)
		if o.FromUpstream && !known {
			return errors.New("argument --upstream: neither origin nor RUN_UPSTREAM_NAMESPACE names the project")
		}
	case !o.FromUpstream && e.Source == gitlabci.MergeRequest && known && upstream == e.Namespace:
		e.Namespace = ForkNamespace
	}
	if o.FromUpstream && known {
		e.Namespace = upstream
	}
	if o.Project != "" {
		at := strings.LastIndex(o.Project, "/")
		if at <= 0 || at == len(o.Project)-1 {
			return fmt.Errorf("argument --project: expected GROUP/NAME, got %q", o.Project)
		}
		e.Namespace, e.Project = o.Project[:at], o.Project[at+1:]
	}
	return nil
}

// notInName matches what the name of a project on GitLab cannot have.
var notInName = lazyregexp.New(`[^A-Za-z0-9_.-]+`)

// projectName returns a name of a project on GitLab for a directory, since scripts do
// not expect that $CI_PROJECT_DIR has spaces.
func projectName(dir string) string {
	name := strings.TrimLeft(notInName.ReplaceAllString(filepath.Base(dir), "-"), "-")
	return cmp.Or(strings.TrimRight(name, "-"), "project")
}
