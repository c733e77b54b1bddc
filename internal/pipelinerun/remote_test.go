// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os"
	"path/filepath"
	"testing"
)

// What a job needs is what GitLab runs before it.
func TestRemoteNeeds(t *testing.T) {
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, PipelineFile), []byte(`
stages: [containers, builds]
prepare:
  stage: containers
  script: [make image]
x86_64-debian-13:
  stage: builds
  script: [make]
  artifacts: {reports: {junit: build/*.xml}}
lint:
  stage: builds
  needs: []
  script: [make lint]
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	known := readKnownJobs(t.Context(), RemoteOptions{Project: dir})
	needs := known.needs()
	if len(needs) != 1 || len(needs["x86_64-debian-13"]) != 1 || needs["x86_64-debian-13"][0] != "prepare" {
		t.Errorf("needs %v", needs)
	}
	if globs := known.junit(); len(globs) != 1 || globs["x86_64-debian-13"][0] != "build/*.xml" {
		t.Errorf("globs %v", globs)
	}
}
