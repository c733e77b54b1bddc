// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import "testing"

// TestProjectName: the variables of jobs name a project as GitLab could.
func TestProjectName(t *testing.T) {
	for dir, want := range map[string]string{
		"/src/libvirt": "libvirt", "/src/.dot_1.x": ".dot_1.x", "/src/My project (copy)": "My-project-copy", "/a:b,c": "a-b-c", "/-rf": "rf", "/x\ny": "x-y",
		"/\u043f\u0440\u043e\u0435\u043a\u0442": "project", "/": "project",
	} {
		if got := projectName(dir); got != want {
			t.Errorf("%q: %q, want %q", dir, got, want)
		}
	}
}
