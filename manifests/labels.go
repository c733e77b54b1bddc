// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import "strings"

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
