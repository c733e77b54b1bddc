// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/manifests"
)

// print says what has been done, or would be: as lines, as a diff, or as JSON.
func (m *manifestVerb) print(plan *manifests.Plan, changes []manifests.Change) error {
	switch {
	case m.format == "json":
		return m.app.json(jsonPlan(plan, changes))
	case m.check:
		return m.printDiff(changes)
	case m.quiet:
		return nil
	}
	words := map[manifests.Action]string{manifests.Write: "Generating", manifests.Keep: "Keeping", manifests.Delete: "Deleting"}
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = words[c.Action] + " " + m.name(c.Path)
	}
	return m.app.lines(lines)
}

// name is a generated file's with the base directory before it, as typed.
func (m *manifestVerb) name(path string) string {
	return termtext.Line(filepath.Join(m.app.workspace().BaseDir(), filepath.FromSlash(path)))
}

func (m *manifestVerb) printDiff(changes []manifests.Change) error {
	if m.quiet {
		return nil
	}
	var b strings.Builder
	for _, c := range changes {
		if c.Action == manifests.Keep {
			continue
		}
		from, to := m.name(c.Path), m.name(c.Path)
		if c.Old == nil {
			from = "/dev/null"
		}
		if c.New == nil {
			to = "/dev/null"
		}
		_, text, _ := strings.Cut(string(diff.Diff(from, c.Old, to, c.New)), "\n") // without the line "diff FROM TO"
		b.WriteString(termtext.Text(text))
	}
	return m.app.write([]byte(b.String()))
}

// The json… types are what other programs read: keys may be added, none is
// ever renamed.

type jsonManifest struct {
	Digest string      `json:"manifest_digest"`
	Files  []jsonFile  `json:"files"`
	Images []jsonImage `json:"images"`
	Jobs   []jsonJob   `json:"jobs"`
}

type jsonFile struct {
	Path        string           `json:"path"`
	Kind        string           `json:"kind"`
	Environment string           `json:"environment,omitempty"`
	Action      manifests.Action `json:"action"`
}

type jsonImage struct {
	Environment string            `json:"environment"`
	Target      string            `json:"target"`
	Host        string            `json:"host_arch"`
	Cross       string            `json:"cross_arch,omitempty"`
	Projects    []string          `json:"projects"`
	Base        string            `json:"base"`
	Dockerfile  string            `json:"dockerfile"`
	BuildEnv    string            `json:"buildenv"`
	Labels      map[string]string `json:"labels"`
}

type jsonJob struct {
	Name         string               `json:"name"`
	Group        string               `json:"group"`
	Stage        string               `json:"stage"`
	Extends      string               `json:"extends,omitempty"`
	Needs        []string             `json:"needs"`
	AllowFailure bool                 `json:"allow_failure"`
	Optional     bool                 `json:"optional"`
	Variables    map[string]string    `json:"variables"`
	Artifacts    *manifests.Artifacts `json:"artifacts,omitempty"`
	Target       string               `json:"target,omitempty"`
	Arch         string               `json:"arch,omitempty"`
	Environment  string               `json:"environment,omitempty"`
	Dockerfile   string               `json:"dockerfile,omitempty"`
}

func jsonPlan(plan *manifests.Plan, changes []manifests.Change) jsonManifest {
	out := jsonManifest{Digest: plan.ManifestDigest, Files: []jsonFile{}, Images: []jsonImage{}, Jobs: []jsonJob{}}
	for _, c := range changes {
		out.Files = append(out.Files, jsonFile{c.Path, string(c.Kind), c.Environment, c.Action})
	}
	dockerfiles := map[string]string{}
	for _, e := range plan.Environments {
		if !e.Image {
			continue
		}
		dockerfiles[e.Name] = plan.Path(e, manifests.DockerfileKind)
		i := jsonImage{
			Environment: e.Name, Target: e.Target.Name, Host: string(e.Target.Host), Cross: string(e.Target.Cross),
			Projects: []string{}, Base: e.Target.Containers.Base, Dockerfile: dockerfiles[e.Name],
			BuildEnv: plan.Path(e, manifests.BuildEnvKind), Labels: plan.Labels(e),
		}
		for _, p := range e.Projects {
			i.Projects = append(i.Projects, p.Name)
		}
		out.Images = append(out.Images, i)
	}
	for _, j := range plan.Jobs {
		job := jsonJob{
			Name: j.Name, Group: string(j.Group), Stage: j.Stage, Extends: j.Extends, Needs: append([]string{}, j.Needs...),
			AllowFailure: j.AllowFailure, Optional: j.Optional, Variables: map[string]string{}, Artifacts: j.Artifacts,
			Target: j.Target, Arch: string(j.Arch), Environment: j.Environment, Dockerfile: dockerfiles[j.Environment],
		}
		for _, v := range j.Variables {
			job.Variables[v.Name] = v.Value
		}
		out.Jobs = append(out.Jobs, job)
	}
	return out
}
