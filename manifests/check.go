// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

// releases returns the facts of targets by name.
type releases interface {
	Release(name string) (*targets.Release, error)
	ReadAhead(names []string) // makes Release quick for them
}

// A checker collects the errors in a manifest.
type checker struct {
	releases releases
	warn     func(*Error)
	errs     []error
}

func (c *checker) add(errs ...error) { c.errs = append(c.errs, errs...) }

// check reports all invalid values in m, including those of disabled targets and
// jobs. It warns about valid ones that have no effect.
func check(m *yamlManifest, r releases, warn func(*Error)) error {
	c := &checker{releases: r, warn: warn}
	switch p := m.projects; {
	case p == nil:
		c.add(m.place.known("No project list defined"))
	case p.bad:
		c.add(p.place.known("projects must be a list"))
	case len(p.list) == 0:
		c.add(p.place.known("at least one project must be listed"))
	}
	c.gitlab(&m.gitlab)
	if !m.hasTargets {
		c.add(m.place.errorf("no targets: expected a mapping under the key targets"))
	}
	names := make([]string, len(m.targets))
	for i, t := range m.targets {
		names[i] = t.name
	}
	r.ReadAhead(names)
	for i := range m.targets {
		c.target(&m.targets[i])
	}
	return join(c.errs...)
}

func (c *checker) gitlab(g *yamlGitLab) {
	if g.enabled == nil || *g.enabled {
		if g.namespace == nil || *g.namespace == "" {
			c.add(g.place.known("gitlab namespace is required"))
		}
		if g.project == nil || *g.project == "" {
			c.add(g.place.known("gitlab project is required"))
		}
	}
	if g.builder != nil && *g.builder != string(Docker) && *g.builder != string(Podman) {
		c.add(g.builderPlace.errorf("%q builds no containers, expected docker or podman", *g.builder))
	}
}

func (c *checker) target(t *yamlTarget) {
	if t.projects != nil && t.projects.bad {
		c.add(t.projects.place.errorf("expected a list of projects"))
	}
	if !t.hasJobs {
		c.add(t.place.errorf("no jobs: expected a list under the key jobs"))
	}
	release, err := c.releases.Release(t.name)
	if err != nil {
		c.add(invalidTarget(t, err))
		return
	}
	seen := map[string]bool{}
	for i := range t.jobs {
		j := &t.jobs[i]
		if j.bad {
			continue
		}
		if j.arch == nil {
			c.add(j.place.known("target %s job %d missing arch", t.name, i))
			continue
		}
		if seen[*j.arch] && (j.suffix == nil || *j.suffix == "") {
			c.add(j.place.known("target %s duplicate arch %s missing suffix", t.name, *j.arch))
		}
		seen[*j.arch] = true
		if release.Cirrus != nil && *j.arch != string(release.Cirrus.Arch) {
			c.add(j.archPlace.known("target %s only supports %s architecture", t.name, release.Cirrus.Arch))
		}
		c.artifacts(j)
		if (t.enabled == nil || *t.enabled) && (j.enabled == nil || *j.enabled) {
			c.enabledJob(release, j)
		}
	}
}

// invalidTarget returns the error for an unknown target, or for one whose facts
// are invalid.
func invalidTarget(t *yamlTarget, err error) error {
	if !errors.Is(err, targets.ErrNoTarget) {
		return err
	}
	invalid := t.place.known("Invalid target '%s'", strings.ReplaceAll(t.name, "\n", " "))
	var hinted *diag.HintError
	if errors.As(err, &hinted) {
		invalid.Hint = hinted.Hint
	}
	return invalid
}

// enabledJob checks values that affect only enabled jobs.
func (c *checker) enabledJob(release *targets.Release, j *yamlJob) {
	if release.Containers == nil && release.Cirrus == nil {
		return
	}
	arch, err := targets.ParseArch(*j.arch)
	if err != nil {
		c.add(j.archPlace.known("%v", err))
		return
	}
	cross := crossBuild(release, j)
	if cross {
		if _, err := release.For("x86_64", arch); err != nil {
			c.add(j.archPlace.known("%v", err))
		}
	}
	if release.Cirrus != nil {
		c.cirrusJob(release, j)
	} else if !cross && arch != "x86_64" {
		c.add(j.crossPlace.errorf("a build on %s itself is not supported: leave cross-build out to build for %s on x86_64", arch, arch))
	}
	for _, v := range j.variables {
		if slices.Contains(reserved(release, cross), v.Name) {
			c.add(v.place.known("Attempt to override system variable '%s' in manifest", v.Name))
		}
	}
}

func (c *checker) cirrusJob(release *targets.Release, j *yamlJob) {
	if _, ok := cirrusCommands[release.Packaging.Command]; !ok {
		c.add(j.place.known("Unknown package command %s", release.Packaging.Command))
	}
	if j.template != nil {
		c.warn(j.templateAt.errorf("has no effect: a job on Cirrus CI extends no template of the project's"))
	}
	if j.artifacts != nil {
		c.warn(j.artifacts.place.errorf("has no effect: a job on Cirrus CI has no artifacts"))
	}
}

func (c *checker) artifacts(j *yamlJob) {
	a := j.artifacts
	if a == nil {
		return
	}
	if !a.hasPaths && a.more["reports"] == nil && a.more["untracked"] != true {
		c.add(a.place.errorf("no paths: expected a list of files under the key paths"))
	}
	if when := a.more["when"]; when != nil && when != "on_success" && when != "on_failure" && when != "always" {
		c.add(a.place.errorf("when is %q, expected on_success, on_failure or always", fmt.Sprint(when)))
	}
}

// reserved returns the variables that lcitool sets and a job must not.
func reserved(release *targets.Release, cross bool) []string {
	switch {
	case release.Cirrus != nil:
		return []string{"NAME", "CIRRUS_VM_INSTANCE_TYPE", "CIRRUS_VM_IMAGE_SELECTOR", "CIRRUS_VM_IMAGE_NAME",
			"UPDATE_COMMAND", "UPGRADE_COMMAND", "INSTALL_COMMAND"}
	case cross:
		return []string{"NAME", "TARGET_BASE_IMAGE", "CROSS"}
	}
	return []string{"NAME", "TARGET_BASE_IMAGE"}
}
