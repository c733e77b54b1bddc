// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// A Group is a kind of job. Jobs of a group are written together.
type Group string

// Groups, in the order of a plan.
const (
	Sanity          Group = "sanity"
	NativeContainer Group = "native container"
	CrossContainer  Group = "cross container"
	NativeBuild     Group = "native build"
	CrossBuild      Group = "cross build"
	CirrusBuild     Group = "cirrus build"
	Debug           Group = "debug"
)

// A Job is a job of the pipeline.
type Job struct {
	Name         string
	Group        Group
	Stage        string
	Extends      string // "" for jobs that are written out
	Needs        []string
	AllowFailure bool
	Optional     bool       // it is manual
	Variables    []Variable // sorted by name
	Artifacts    *Artifacts // nil for none
	Target       string     // "" for jobs without an environment
	Arch         targets.Arch
	Environment  string // environment whose image the job builds or runs in

	place place
}

// optionalVariable is the variable that makes a job manual in the templates'
// rules.
const optionalVariable = "JOB_OPTIONAL"

// A Check is a job that checks only the sources.
type Check struct {
	Name      string
	Extension string // of the file with its findings; "" when it has none
	ByDefault bool
}

//nolint:gochecknoglobals // a table
var allChecks = []Check{
	{"check-dco", "", true},
	{"cargo-fmt", "txt", false},
	{"go-fmt", "patch", false},
	{"clang-format", "patch", false},
	{"black", "txt", false},
	{"flake8", "txt", false},
}

// cirrusCommands are the commands on machines of Cirrus CI, by packaging
// command.
//
//nolint:gochecknoglobals // a table
var cirrusCommands = map[string]struct{ install, upgrade, update string }{
	"brew":    {"brew install", "brew upgrade", "brew update"},
	"pkg":     {"pkg install -y", "pkg upgrade -y", "pkg update"},
	"pkg_add": {"pkg_add -I", "pkg_add -uI", "true"},
}

func (p *Plan) jobs(m *Manifest) {
	for _, c := range m.GitLab.Checks {
		p.Jobs = append(p.Jobs, checkJob(c))
	}
	anyImage := slices.ContainsFunc(m.Targets, func(t Target) bool { return t.Release.Containers != nil })
	p.GitLab.Containers = m.GitLab.Containers && m.Containers && anyImage
	groups := map[Group][]Job{}
	for _, t := range m.Targets {
		switch {
		case !t.Enabled:
		case t.Release.Containers != nil && m.Containers:
			if p.GitLab.Containers {
				containerJobs(groups, t)
			}
			buildJobs(groups, t)
		case t.Release.Cirrus != nil && m.Cirrus:
			cirrusJobs(groups, t)
		}
	}
	if m.GitLab.Builder == Podman {
		p.labelImages(groups[NativeContainer])
		p.labelImages(groups[CrossContainer])
	}
	for _, g := range []Group{NativeContainer, CrossContainer, NativeBuild, CrossBuild, CirrusBuild} {
		p.Jobs = append(p.Jobs, groups[g]...)
	}
	p.Jobs = append(p.Jobs, Job{Name: "debug", Group: Debug, Stage: "sanity_checks"})
	anyCirrus := slices.ContainsFunc(m.Targets, func(t Target) bool { return t.Release.Cirrus != nil && t.Release.Containers == nil })
	p.templates = buildTemplates{
		Native: len(groups[NativeBuild]) > 0,
		Cross:  len(groups[CrossBuild]) > 0,
		Cirrus: m.Cirrus && anyCirrus && len(groups[NativeBuild])+len(groups[CrossBuild])+len(groups[CirrusBuild]) > 0,
	}
}

func checkJob(c Check) Job {
	j := Job{Name: c.Name, Group: Sanity, Stage: "sanity_checks"}
	if c.Extension == "" {
		j.Variables = []Variable{{"GIT_DEPTH", "1000"}}
		return j
	}
	j.Extends = ".code_format"
	j.Variables = []Variable{{"EXT", c.Extension}, {"NAME", c.Name}}
	return j
}

// imageArch returns the architecture in the names of a target's jobs. Native
// jobs run on x86_64.
func (j *TargetJob) imageArch() targets.Arch {
	if j.Cross {
		return j.Arch
	}
	return "x86_64"
}

func containerName(target string, arch targets.Arch) string {
	return string(arch) + "-" + target + "-container"
}

// containerJobs adds a job for each image that the target's jobs use. It is
// allowed to fail, or manual, only if all of them are.
func containerJobs(groups map[Group][]Job, t Target) {
	type image struct {
		cross targets.Arch
		jobs  []TargetJob
	}
	var images []image
	for _, j := range t.Jobs {
		if !j.Enabled {
			continue
		}
		cross := targets.Arch("")
		if j.Cross {
			cross = j.Arch
		}
		i := slices.IndexFunc(images, func(i image) bool { return i.cross == cross })
		if i < 0 {
			i = len(images)
			images = append(images, image{cross: cross})
		}
		images[i].jobs = append(images[i].jobs, j)
	}
	for _, i := range images {
		first := i.jobs[0]
		group := NativeContainer
		if first.Cross {
			group = CrossContainer
		}
		environment := targets.EnvironmentName(t.Release.Name, i.cross)
		optional := !slices.ContainsFunc(i.jobs, func(j TargetJob) bool { return !j.Optional })
		groups[group] = append(groups[group], Job{
			Name:         containerName(t.Release.Name, first.imageArch()),
			Group:        group,
			Stage:        "containers",
			Extends:      ".container_job",
			AllowFailure: !slices.ContainsFunc(i.jobs, func(j TargetJob) bool { return !j.AllowFailure }),
			Optional:     optional,
			Variables:    variables(nil, optional, Variable{"NAME", environment}),
			Target:       t.Release.Name,
			Arch:         first.imageArch(),
			Environment:  environment,
			place:        first.place,
		})
	}
}

// variables returns the user's variables and lcitool's, sorted.
func variables(user []Variable, optional bool, ours ...Variable) []Variable {
	all := slices.Concat(user, ours)
	if optional {
		all = append(all, Variable{optionalVariable, "1"})
	}
	slices.SortFunc(all, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func buildJobs(groups map[Group][]Job, t Target) {
	for _, j := range t.Jobs {
		if !j.Enabled || j.Hidden {
			continue
		}
		name := t.Release.Name
		group := NativeBuild
		cross := targets.Arch("")
		ours := []Variable{{"NAME", name}, {"TARGET_BASE_IMAGE", t.Release.Containers.Base}}
		if j.Cross {
			group, cross = CrossBuild, j.Arch
			ours = append(ours, Variable{"CROSS", string(j.Arch)})
		}
		groups[group] = append(groups[group], Job{
			Name:         string(j.imageArch()) + "-" + name + j.Suffix,
			Group:        group,
			Stage:        "builds",
			Extends:      j.Template,
			Needs:        []string{containerName(name, j.imageArch())},
			AllowFailure: j.AllowFailure,
			Optional:     j.Optional,
			Variables:    variables(j.Variables, j.Optional, ours...),
			Artifacts:    j.Artifacts,
			Target:       name,
			Arch:         j.imageArch(),
			Environment:  targets.EnvironmentName(name, cross),
			place:        j.place,
		})
	}
}

func cirrusJobs(groups map[Group][]Job, t Target) {
	commands := cirrusCommands[t.Release.Packaging.Command]
	machine := t.Release.Cirrus
	for _, j := range t.Jobs {
		if !j.Enabled || j.Hidden {
			continue
		}
		groups[CirrusBuild] = append(groups[CirrusBuild], Job{
			Name:         string(machine.Arch) + "-" + t.Release.Name + j.Suffix,
			Group:        CirrusBuild,
			Stage:        "builds",
			Extends:      ".cirrus_build_job",
			AllowFailure: j.AllowFailure,
			Optional:     j.Optional,
			Variables: variables(j.Variables, j.Optional,
				Variable{"NAME", t.Release.Name},
				Variable{"CIRRUS_VM_INSTANCE_TYPE", machine.InstanceType},
				Variable{"CIRRUS_VM_IMAGE_SELECTOR", machine.ImageSelector},
				Variable{"CIRRUS_VM_IMAGE_NAME", machine.ImageName},
				Variable{"INSTALL_COMMAND", commands.install},
				Variable{"UPGRADE_COMMAND", commands.upgrade},
				Variable{"UPDATE_COMMAND", commands.update}),
			Target:      t.Release.Name,
			Arch:        machine.Arch,
			Environment: t.Release.Name,
			place:       j.place,
		})
	}
}

// reservedNames are top-level keys that GitLab does not read as jobs.
//
//nolint:gochecknoglobals // a table
var reservedNames = []string{"after_script", "before_script", "cache", "default", "image", "include", "pages",
	"services", "spec", "stages", "types", "variables", "workflow"}

// checkNames returns an error for two jobs of the same name. GitLab would use
// only the last one.
func checkNames(jobs []Job) error {
	var errs []error
	seen := map[string]Job{}
	for _, j := range jobs {
		first, twice := seen[j.Name]
		switch {
		case twice && first.place.path != "" && first.place.path != j.place.path:
			errs = append(errs, j.place.errorf("job name %q is taken by %s already: give one of them another suffix", j.Name, first.place.path))
		case twice:
			errs = append(errs, j.place.errorf("job name %q is taken already: give the job another suffix", j.Name))
		case strings.HasPrefix(j.Name, "."), slices.Contains(reservedNames, j.Name):
			errs = append(errs, j.place.errorf("job name %q means something else to GitLab", j.Name))
		}
		if !twice {
			seen[j.Name] = j
		}
	}
	return join(errors.Join(errs...))
}
