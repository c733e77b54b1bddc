// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// A File is a generated file in memory.
type File struct {
	PlannedFile
	Data []byte
}

// RenderOptions say what Render writes the files with.
type RenderOptions struct {
	// Facts gives what is known of a list of projects, with the names that
	// stand for them there: references become names.
	Facts func(projects []string) (*facts.Set, []string, error)
	// Command holds the arguments with which this program makes the files
	// anew, for their headers.
	Command []string
}

// Stdin is what headers call a manifest that came from standard input.
const Stdin = "<stdin>"

// Render writes all files of the plan in memory, in its order. The error joins
// all that is wrong with what the manifest names.
func (p *Plan) Render(o RenderOptions) ([]File, error) {
	header, err := render.Header(o.Command)
	if err != nil {
		return nil, err
	}
	// No file is called that; the shell's quotes would only mislead.
	header = strings.Replace(header, "'"+Stdin+"'", Stdin, 1)
	bodies, err := p.environmentBodies(o)
	if err != nil {
		return nil, err
	}
	set, err := templateSet()
	if err != nil {
		return nil, err
	}
	files := make([]File, len(p.Files))
	for i, f := range p.Files {
		body := bodies[f.Path]
		if f.Kind == GitLabKind {
			if body, err = p.gitLabFile(set, path.Base(f.Path)); err != nil {
				return nil, err
			}
		}
		files[i] = File{f, append([]byte(header), body...)}
	}
	return files, nil
}

// environmentBodies renders the files of environments, by path, as many at
// once as there are processors.
func (p *Plan) environmentBodies(o RenderOptions) (map[string][]byte, error) {
	lists := map[string]projectList{}
	var errs []error
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	rendered := make([]environmentFiles, len(p.Environments))
	for i, e := range p.Environments {
		key := projectKey(e.Projects)
		list, ok := lists[key]
		if !ok {
			list = newProjectList(e, o.Facts)
			lists[key] = list
			errs = append(errs, list.err)
		}
		if list.err != nil {
			continue
		}
		group.Go(func() error {
			rendered[i] = p.environment(e, list)
			return nil
		})
	}
	errs = append(errs, group.Wait())
	bodies := map[string][]byte{}
	for _, r := range rendered {
		errs = append(errs, r.err)
		maps.Copy(bodies, r.bodies)
	}
	return bodies, join(errs...)
}

// environmentFiles are the bodies of one environment's files, by path.
type environmentFiles struct {
	bodies map[string][]byte
	err    error
}

// A projectList is the facts for one list of projects.
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

// newProjectList looks all projects up, so that an unknown one is told of
// once, where it stands, with the first target that wants it.
func newProjectList(e Environment, find func([]string) (*facts.Set, []string, error)) projectList {
	entries := make([]string, len(e.Projects))
	for i, p := range e.Projects {
		entries[i] = p.Name
	}
	l := projectList{}
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
	f := &Fault{Message: fmt.Sprintf("unknown project '%s' (target %s)", name, e.Target.Name)}
	for _, p := range e.Projects {
		if p.Name == name {
			f.Position, f.Path = p.Pos, p.path
		}
	}
	var hinted *facts.HintError
	if errors.As(err, &hinted) {
		f.Hint = hinted.Hint
	}
	return f
}

func (p *Plan) environment(e Environment, list projectList) environmentFiles {
	packages, err := targets.Select(list.set, e.Target, list.names)
	if err != nil {
		return environmentFiles{err: err}
	}
	if !e.Image {
		vars, err := render.Variables(e.Target, packages, render.ShellVariables)
		return environmentFiles{map[string][]byte{p.Path(e, VariablesKind): append(vars, '\n')}, err}
	}
	dockerfile, err := render.Dockerfile(e.Target, packages, render.DockerfileOptions{})
	if err != nil {
		return environmentFiles{err: err}
	}
	script, err := render.BuildEnvScript(e.Target, packages)
	return environmentFiles{map[string][]byte{
		p.Path(e, DockerfileKind): append(dockerfile, '\n'),
		p.Path(e, BuildEnvKind):   append(script, '\n'),
	}, err}
}
