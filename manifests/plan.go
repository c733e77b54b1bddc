// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// A Plan is the result of a manifest as plain data: the environments, files and
// jobs, each in the order of the output.
type Plan struct {
	ManifestDigest string
	CIDir          string // below the project's directory, with slashes, "." for that directory itself
	GitLab         GitLab
	Environments   []Environment
	Files          []PlannedFile
	Jobs           []Job

	// templates says which templates build-templates.yml contains.
	templates buildTemplates
}

// buildTemplates are the templates that build jobs, or the project's own
// templates, extend.
type buildTemplates struct{ Native, Cross, Cirrus bool }

// An Environment is a build environment: a container image, or a machine of
// Cirrus CI.
type Environment struct {
	Name     string // "debian-12", "debian-12-cross-s390x"
	Target   targets.Target
	Projects []Project
	Image    bool // false for Cirrus CI
}

// A Kind is the kind of a generated file.
type Kind string

const (
	DockerfileKind Kind = "dockerfile"
	BuildEnvKind   Kind = "buildenv"
	VariablesKind  Kind = "variables"
	GitLabKind     Kind = "gitlab"
)

// A PlannedFile is a file to generate.
type PlannedFile struct {
	Path        string // below the project's directory, with slashes
	Kind        Kind
	Environment string // "" for GitLab's files
}

// NewPlan returns the plan of a manifest with files below ciDir. The error joins
// all reasons why the pipeline is invalid.
func NewPlan(m *Manifest, ciDir string) (*Plan, error) {
	dir, err := CleanDir(ciDir)
	if err != nil {
		return nil, err
	}
	p := &Plan{ManifestDigest: m.Digest, CIDir: dir, GitLab: m.GitLab}
	p.environments(m)
	if m.GitLab.Enabled {
		p.jobs(m)
	}
	p.files(m)
	return p, checkNames(p.Jobs)
}

// errDir reports a directory that GitLab's path patterns cannot match.
var errDir = errors.New("the CI directory must be a path below the base directory, of letters, digits and ._-+@/ only")

// CleanDir returns the shortest form of the directory for generated files, "."
// for the project's own. It refuses directories outside of the project, and
// names that need quoting in a shell or in GitLab's path patterns.
func CleanDir(dir string) (string, error) {
	clean := path.Clean(dir)
	plain := strings.Trim(clean, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+@/") == ""
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.HasPrefix(clean, "-") || !plain {
		return "", errDir
	}
	return clean, nil
}

func (p *Plan) environments(m *Manifest) {
	seen := map[string]bool{}
	for _, t := range m.Targets {
		for _, j := range t.Jobs {
			image := t.Release.Containers != nil
			if !t.Enabled || !j.Enabled || image && !m.Containers || !image && (t.Release.Cirrus == nil || !m.Cirrus) {
				continue
			}
			e := Environment{Target: targets.Target{Release: *t.Release, Host: "x86_64"}, Projects: t.Projects, Image: image}
			if j.Cross {
				e.Target.Cross = j.Arch
			}
			if !image && !j.Cross {
				e.Target.Host = j.Arch
			}
			e.Name = targets.EnvironmentName(t.Release.Name, e.Target.Cross)
			if !seen[e.Name] {
				seen[e.Name] = true
				p.Environments = append(p.Environments, e)
			}
		}
	}
}

// CirrusTargets returns the targets of jobs on Cirrus CI, in the order of the
// manifest. Cirrus CI closed in 2026.
func (p *Plan) CirrusTargets() []string {
	var names []string
	for _, j := range p.Jobs {
		if j.Group == CirrusBuild && !slices.Contains(names, j.Target) {
			names = append(names, j.Target)
		}
	}
	return names
}

// Path returns the path of an environment's file, below the project's directory.
func (p *Plan) Path(e Environment, kind Kind) string {
	switch kind {
	case BuildEnvKind:
		return path.Join(p.CIDir, "buildenv", e.Name+".sh")
	case VariablesKind:
		return path.Join(p.CIDir, "cirrus", e.Name+".vars")
	}
	return path.Join(p.CIDir, "containers", e.Name+".Dockerfile")
}

func (p *Plan) files(m *Manifest) {
	for _, kind := range []Kind{DockerfileKind, BuildEnvKind, VariablesKind} {
		for _, e := range p.Environments {
			if e.Image == (kind != VariablesKind) {
				p.Files = append(p.Files, PlannedFile{p.Path(e, kind), kind, e.Name})
			}
		}
	}
	if !m.GitLab.Enabled {
		return
	}
	for _, part := range p.includes() {
		p.Files = append(p.Files, PlannedFile{Path: path.Join(p.CIDir, "gitlab", part), Kind: GitLabKind})
	}
	p.Files = append(p.Files, PlannedFile{Path: path.Join(p.CIDir, "gitlab.yml"), Kind: GitLabKind})
}

// Files in the directory gitlab.
const (
	containerTemplatesFile = "container-templates.yml"
	buildTemplatesFile     = "build-templates.yml"
	sanityChecksFile       = "sanity-checks.yml"
	containersFile         = "containers.yml"
	buildsFile             = "builds.yml"
)

// includes returns the files with content, in the order in which gitlab.yml
// includes them.
func (p *Plan) includes() []string {
	has := func(groups ...Group) bool {
		return slices.ContainsFunc(p.Jobs, func(j Job) bool { return slices.Contains(groups, j.Group) })
	}
	var files []string
	for _, f := range []struct {
		name string
		want bool
	}{
		{containerTemplatesFile, p.GitLab.Containers},
		{buildTemplatesFile, p.templates != buildTemplates{}},
		{sanityChecksFile, has(Sanity)},
		{containersFile, has(NativeContainer, CrossContainer)},
		{buildsFile, has(NativeBuild, CrossBuild, CirrusBuild)},
	} {
		if f.want {
			files = append(files, f.name)
		}
	}
	return files
}
