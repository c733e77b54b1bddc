// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// CheckResult returns an error if there are changes, and nil otherwise.
func CheckResult(changes []Change, manifest string) error {
	n, are := 0, "are"
	for _, c := range changes {
		if c.Action != Keep {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		are = "is"
	}
	return fmt.Errorf("%d of %d files %s not what %s says", n, len(changes), are, manifest)
}

// Diff formats changes as a unified diff. name returns the name of a file in it.
func Diff(changes []Change, name func(path string) string) string {
	var b strings.Builder
	for _, c := range changes {
		if c.Action == Keep {
			continue
		}
		from, to := name(c.Path), name(c.Path)
		if c.Old == nil {
			from = "/dev/null"
		}
		if c.New == nil {
			to = "/dev/null"
		}
		_, text, _ := strings.Cut(string(diff.Diff(from, c.Old, to, c.New)), "\n") // without the line "diff FROM TO"
		b.WriteString(termtext.Text(text))
	}
	return b.String()
}

// Lines lists changes, one per line. name returns the name of a file in it.
func Lines(changes []Change, name func(path string) string) []string {
	words := map[Action]string{Write: "Generating", Keep: "Keeping", Delete: "Deleting"}
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = words[c.Action] + " " + name(c.Path)
	}
	return lines
}

// The following types are JSON output. Keys may be added but not renamed.

// A Report is a plan for JSON output.
type Report struct {
	Digest string        `json:"manifest_digest"`
	Files  []FileReport  `json:"files"`
	Images []ImageReport `json:"images"`
	Jobs   []JobReport   `json:"jobs"`
}

type FileReport struct {
	Path        string `json:"path"`
	Kind        string `json:"kind"`
	Environment string `json:"environment,omitempty"`
	Action      Action `json:"action"`
}

// An ImageReport describes the image of an environment.
type ImageReport struct {
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

type JobReport struct {
	Name         string            `json:"name"`
	Group        string            `json:"group"`
	Stage        string            `json:"stage"`
	Extends      string            `json:"extends,omitempty"`
	Needs        []string          `json:"needs"`
	AllowFailure bool              `json:"allow_failure"`
	Optional     bool              `json:"optional"`
	Variables    map[string]string `json:"variables"`
	Artifacts    *Artifacts        `json:"artifacts,omitempty"`
	Target       string            `json:"target,omitempty"`
	Arch         string            `json:"arch,omitempty"`
	Environment  string            `json:"environment,omitempty"`
	Dockerfile   string            `json:"dockerfile,omitempty"`
}

// NewReport returns the report on a plan and the changes to the tree.
func NewReport(plan *Plan, changes []Change) Report {
	out := Report{Digest: plan.ManifestDigest, Files: []FileReport{}, Images: []ImageReport{}, Jobs: []JobReport{}}
	for _, c := range changes {
		out.Files = append(out.Files, FileReport{c.Path, string(c.Kind), c.Environment, c.Action})
	}
	dockerfiles := map[string]string{}
	for _, e := range plan.Environments {
		if !e.Image {
			continue
		}
		dockerfiles[e.Name] = plan.Path(e, DockerfileKind)
		i := ImageReport{
			Environment: e.Name, Target: e.Target.Name, Host: string(e.Target.Host), Cross: string(e.Target.Cross),
			Projects: []string{}, Base: e.Target.Containers.Base, Dockerfile: dockerfiles[e.Name],
			BuildEnv: plan.Path(e, BuildEnvKind), Labels: plan.Labels(e),
		}
		for _, p := range e.Projects {
			i.Projects = append(i.Projects, p.Name)
		}
		out.Images = append(out.Images, i)
	}
	for _, j := range plan.Jobs {
		job := JobReport{
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
