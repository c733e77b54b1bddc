// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/parallel"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// A File is a generated file in memory.
type File struct {
	PlannedFile
	Data []byte
}

// RenderOptions are the options of Render.
type RenderOptions struct {
	// Facts returns the facts for a list of projects, and the projects' names.
	// References are replaced by names.
	Facts func(projects []string) (*facts.Set, []string, error)
	// Command contains the arguments that generate the files again, for their
	// headers.
	Command []string
}

// Stdin is the name of standard input in headers.
const Stdin = "<stdin>"

// Render renders all files of the plan in memory, in its order. The error joins
// all errors in what the manifest refers to.
func (p *Plan) Render(o RenderOptions) ([]File, error) {
	header, err := render.Header(o.Command)
	if err != nil {
		return nil, err
	}
	// Stdin is not a file name, so it needs no quotes.
	header = strings.Replace(header, "'"+Stdin+"'", Stdin, 1)
	r := newRenderer(p, header)
	return r.files, r.render(o)
}

// A renderer renders the files of a plan in parallel.
type renderer struct {
	plan   *Plan
	header string
	files  []File
	at     map[string]int // index in files, by path
}

func newRenderer(p *Plan, header string) *renderer {
	r := &renderer{plan: p, header: header, files: make([]File, len(p.Files)), at: make(map[string]int, len(p.Files))}
	for i, f := range p.Files {
		r.files[i].PlannedFile = f
		r.at[f.Path] = i
	}
	return r
}

func (r *renderer) render(o RenderOptions) error {
	environments := r.plan.Environments
	lists := make([]*projectList, len(environments)) // of the environments
	var errs []error
	known := map[string]*projectList{}
	for i, e := range environments {
		key := projectKey(e.Projects)
		if known[key] == nil {
			known[key] = newProjectList(e, o.Facts)
			errs = append(errs, known[key].err)
		}
		lists[i] = known[key]
	}
	environmentErrs := make([]error, len(environments))
	var gitLabErr error
	parallel.Share(1+len(environments), func(numbers iter.Seq[int]) {
		var selector targets.Selector
		for i := range numbers {
			if i == 0 {
				gitLabErr = r.gitLab()
			} else if list := lists[i-1]; list.err == nil {
				environmentErrs[i-1] = r.environment(environments[i-1], list, &selector)
			}
		}
	})
	return join(slices.Concat(errs, environmentErrs, []error{gitLabErr})...)
}

func (r *renderer) gitLab() error {
	if !r.plan.GitLab.Enabled {
		return nil
	}
	for _, f := range r.plan.Files {
		if f.Kind != GitLabKind {
			continue
		}
		body, err := r.plan.gitLabFile(path.Base(f.Path))
		if err != nil {
			return err
		}
		r.put(f.Path, body)
	}
	return nil
}

// put sets the content of a file: the header, the body and a newline.
func (r *renderer) put(file string, body []byte) {
	data := make([]byte, 0, len(r.header)+len(body)+1)
	data = append(data, r.header...)
	data = append(data, body...)
	r.files[r.at[file]].Data = append(data, '\n')
}

// A projectList contains the facts for one list of projects.
type projectList struct {
	set   *facts.Set
	names []string
	err   error
}

func projectKey(projects []Project) string {
	var b strings.Builder
	for _, p := range projects {
		fmt.Fprintf(&b, "%q", p.Name)
	}
	return b.String()
}

// newProjectList looks up all projects, so that an unknown one is reported once,
// at its position, with the first target that uses it.
func newProjectList(e Environment, find func([]string) (*facts.Set, []string, error)) *projectList {
	entries := make([]string, len(e.Projects))
	for i, p := range e.Projects {
		entries[i] = p.Name
	}
	l := &projectList{}
	if l.set, l.names, l.err = find(entries); l.err != nil {
		return l
	}
	var errs []error
	for _, name := range l.names {
		_, err := l.set.Project(name)
		var unknown *facts.ProjectError
		if errors.As(err, &unknown) && unknown.Location == "" {
			err = unknownProject(e, name, unknown)
		}
		errs = append(errs, err)
	}
	l.err = errors.Join(errs...)
	return l
}

func unknownProject(e Environment, name string, err error) error {
	f := &Error{
		Message: fmt.Sprintf("unknown project '%s' (target %s)", name, e.Target.Name),
		Hint:    `"lcitool projects" lists those there are; one of your own is a file projects/NAME.yml in the data directory, ci/lcitool`,
	}
	for _, p := range e.Projects {
		if p.Name == name {
			f.Position, f.Path = p.Pos, p.path
		}
	}
	var hinted *diag.HintError
	if errors.As(err, &hinted) {
		f.Hint = hinted.Hint
	}
	return f
}

func (r *renderer) environment(e Environment, list *projectList, selector *targets.Selector) error {
	packages, err := selector.Select(list.set, e.Target, list.names)
	if err != nil {
		return err
	}
	if !e.Image {
		vars, err := render.Variables(e.Target, packages, render.ShellVariables)
		r.put(r.plan.Path(e, VariablesKind), vars)
		return err
	}
	dockerfile, err := render.Dockerfile(e.Target, packages, render.DockerfileOptions{})
	if err != nil {
		return err
	}
	script, err := render.BuildEnvScript(e.Target, packages)
	r.put(r.plan.Path(e, DockerfileKind), dockerfile.Text)
	r.put(r.plan.Path(e, BuildEnvKind), script)
	return err
}
