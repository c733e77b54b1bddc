// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"slices"
	"strings"
)

// Labels are what an image carries that is built from the environment's
// Dockerfile on a machine at hand, so that a job can be followed back to the
// manifest that made it.
func (p *Plan) Labels(e Environment) map[string]string {
	names := make([]string, len(e.Projects))
	for i, project := range e.Projects {
		names[i] = project.Name
	}
	arch := e.Target.Host
	if e.Target.Cross != "" {
		arch = e.Target.Cross
	}
	return map[string]string{
		"lcitool.target":   e.Target.Name,
		"lcitool.arch":     string(arch),
		"lcitool.projects": strings.Join(names, ","),
		"lcitool.manifest": p.ManifestDigest,
	}
}

// labelImages tells container jobs what the images they build are labelled
// with beside their names.
func (p *Plan) labelImages(jobs []Job) {
	for i, j := range jobs {
		at := slices.IndexFunc(p.Environments, func(e Environment) bool { return e.Name == j.Environment })
		if at < 0 {
			continue
		}
		labels := p.Labels(p.Environments[at])
		jobs[i].Variables = variables(j.Variables, false,
			Variable{"IMAGE_MANIFEST", labels["lcitool.manifest"]},
			Variable{"IMAGE_PROJECTS", labels["lcitool.projects"]},
			Variable{"IMAGE_TARGET", labels["lcitool.target"]})
	}
}
