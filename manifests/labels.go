// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"slices"
	"strings"
)

// Labels returns the labels of an image that lcitool builds locally from the
// environment's Dockerfile. They identify the manifest.
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

// labelImages passes the labels of images to the jobs that build them.
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
