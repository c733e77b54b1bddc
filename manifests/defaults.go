// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"crypto/sha256"
	"encoding/hex"

	"gitlab.com/lcitool/lcitool/targets"
)

// LoadOptions are the options of Load.
type LoadOptions struct {
	File     string       // what messages call it
	Releases releases     // the facts of targets
	Warn     func(*Error) // called with keys and values that have no effect; nil means nobody listens
}

// Load reads and checks a manifest and fills in its defaults. The error joins
// all errors in the order of the file.
func Load(data []byte, o LoadOptions) (*Manifest, error) {
	if o.Warn == nil {
		o.Warn = func(*Error) {}
	}
	y, err := decode(o.File, data, o.Warn)
	if y != nil {
		err = join(err, check(y, o.Releases, o.Warn))
	}
	if err != nil {
		return nil, err
	}
	m, err := fill(y, o.Releases)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	m.Digest = hex.EncodeToString(sum[:])
	return m, checkVariables(m)
}

func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// fill converts a valid manifest file to a Manifest.
func fill(y *yamlManifest, r releases) (*Manifest, error) {
	g := &y.gitlab
	m := &Manifest{
		Containers: or(y.containers, true),
		Cirrus:     or(y.cirrus, true),
		GitLab: GitLab{
			Enabled:    or(g.enabled, true),
			Namespace:  or(g.namespace, ""),
			Project:    or(g.project, ""),
			Containers: or(g.containers, true),
			Builder:    Builder(or(g.builder, string(Docker))),
		},
	}
	for _, c := range allChecks {
		on, set := g.checks[c.Name]
		if set && on || !set && c.ByDefault {
			m.GitLab.Checks = append(m.GitLab.Checks, c)
		}
	}
	for i := range y.targets {
		t := &y.targets[i]
		release, err := r.Release(t.name)
		if err != nil {
			return nil, err
		}
		target := Target{Release: release, Enabled: or(t.enabled, true), Projects: y.projects.list}
		if t.projects != nil {
			target.Projects = t.projects.list
		}
		for k := range t.jobs {
			target.Jobs = append(target.Jobs, fillJob(g, release, &t.jobs[k]))
		}
		m.Targets = append(m.Targets, target)
	}
	return m, nil
}

// crossBuild reports whether a job cross compiles on x86_64 for its
// architecture.
func crossBuild(release *targets.Release, j *yamlJob) bool {
	return or(j.crossBuild, *j.arch != "x86_64" && release.Cirrus == nil)
}

func fillJob(g *yamlGitLab, release *targets.Release, j *yamlJob) TargetJob {
	builds := or(g.builds, true)
	job := TargetJob{
		Arch:         targets.Arch(*j.arch),
		Cross:        crossBuild(release, j),
		Enabled:      or(j.enabled, true),
		Suffix:       or(j.suffix, ""),
		Optional:     !or(j.builds, builds),
		Hidden:       !builds && !or(j.builds, false),
		AllowFailure: or(j.allowFailure, !release.OS.Stable),
		place:        j.place,
	}
	switch {
	case release.Cirrus != nil:
	case job.Cross:
		job.Template = or(j.template, or(g.cross, ".cross_build_job"))
	default:
		job.Template = or(j.template, or(g.native, ".native_build_job"))
	}
	for _, v := range j.variables {
		job.Variables = append(job.Variables, v.Variable)
	}
	if a := j.artifacts; a != nil {
		job.Artifacts = &Artifacts{ExpireIn: or(a.expireIn, "2 days"), Paths: a.paths, More: a.more}
	}
	return job
}

// checkVariables refuses a variable that lcitool sets for optional jobs. Whether
// a job is optional depends on defaults.
func checkVariables(m *Manifest) error {
	var errs []error
	for _, t := range m.Targets {
		for _, j := range t.Jobs {
			if !t.Enabled || !j.Enabled || j.Hidden || !j.Optional {
				continue
			}
			for _, v := range j.Variables {
				if v.Name == optionalVariable {
					at := place{j.place.pos, j.place.key("variables." + v.Name)}
					errs = append(errs, at.known("Attempt to override system variable '%s' in manifest", v.Name))
				}
			}
		}
	}
	return join(errs...)
}
