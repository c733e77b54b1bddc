// SPDX-License-Identifier: GPL-2.0-or-later

package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// heldBy maps the first words of each row of differences.md to a test of what lcitool does,
// as FILE: TEXT of the test.
func heldBy() map[string]string {
	return map[string]string{
		"ids of projects":                    "internal/gitlabci/local_test.go: func TestLocalIdentity",
		"`CI_JOB_TOKEN`":                     "internal/gitlabci/local_test.go: func TestLocalIdentity",
		"`CI_TRIGGER_SHORT_TOKEN`":           "internal/gitlabci/seen_test.go: func TestTriggered",
		"`CI_REPOSITORY_URL`":                "internal/gitlabci/local_test.go: func TestLocalIdentity",
		"`RUN_PIPELINE`":                     "cmd/lcitool/testdata/script/job-list.txtar: $RUN_PIPELINE == \"1\"",
		"a configuration that GitLab":        "cmd/lcitool/testdata/engine/job-retry.txtar: only jobs that somebody has named pass",
		"the commit that was pushed":         "internal/checkout/checkout_test.go: func TestUncommittedChanges",
		"`git fetch` reaches":                "internal/checkout/checkout_test.go: func TestOrigin",
		"submodules are fetched":             "internal/checkout/checkout_test.go: func TestSubmodules",
		"a job with services whose entry":    "cmd/lcitool/testdata/engine/job-services.txtar: job run parted",
		"line numbers":                       "internal/jobrun/script_test.go: func TestLineNumbers",
		"the limit on the size of cores":     "internal/jobrun/crash_test.go: func TestLimitOnCores",
		"a cancelled job's":                  "internal/jobrun/outcome_test.go: func TestStopped",
		"the runner's pull policy":           "internal/jobrun/image_test.go: func TestPullPolicy",
		"images from the dependency proxy":   "internal/gitlabci/local_test.go: func TestWithoutProxy",
		"root has the capability":            "internal/jobrun/settings_test.go: func TestCapabilities",
		"a container has no limit":           "container/runspec_test.go: func TestDefaultsOfPodman",
		"a runner that is not `privileged`":  "container/runspec_test.go: func TestDefaultsOfPodman",
		"services are machines":              "cmd/lcitool/testdata/engine/job-services.txtar: hello from web",
		"a service sees the job's address":   "internal/jobrun/servicenetwork_test.go: only 127.0.0.1",
		"services have the job's `/builds`":  "cmd/lcitool/testdata/engine/job-services.txtar: no builds",
		"`--remote`":                         "internal/jobrun/settings_test.go: func TestNoEffect",
		"`GIT_LFS_SKIP_SMUDGE`":              "internal/jobrun/settings_test.go: func TestSkippedSmudge",
		"artifacts contain a `.git`":         "internal/jobrun/cache_test.go: func TestRepositoriesAreNoArtifacts",
		"artifacts contain symbolic links":   "internal/jobrun/settings_test.go: func TestLinksAsArtifacts",
		"the braces in patterns":             "internal/jobrun/limits_test.go: func TestManyAlternatives",
		"`CACHE_FALLBACK_KEY`":               "internal/jobrun/outcome_test.go: func TestFallbackVariable",
		"`FF_DISABLE_UMASK_FOR_DOCKER_":      "internal/jobrun/settings_test.go: func TestNoEffect",
		"a cache that cannot be stored":      "internal/jobrun/outcome_test.go: func TestUnsavedCache",
		"`docker:dind`":                      "cmd/lcitool/testdata/engine/job-services.txtar: docker:dind\" is not started",
		"services' logs":                     "internal/pipelinerun/servicelog_test.go: func TestServiceLogs",
		"`hooks: pre_get_sources_script`":    "cmd/lcitool/testdata/engine/job-as-runner.txtar: hook sees",
		"a delayed job waits":                "internal/pipelinerun/local_test.go: func TestDelayedJobs",
		"`resource_group`":                   "internal/pipelinerun/local_test.go: func TestResourceGroups",
		"`git fetch` prints":                 "internal/checkout/checkout_test.go: func TestOrigin",
		"a trigger without `strategy`":       "cmd/lcitool/testdata/engine/job-needs.txtar: GitLab does not wait",
		"`include: template`":                "internal/gitlabci/elsewhere_test.go: a template that is not there",
		"versions of components":             "internal/gitlabci/elsewhere_test.go: the newest release of a minor version",
		"a dotenv report":                    "internal/jobrun/dotenv_test.go: func TestReadDotenv",
		"a trigger starts a pipeline of ano": "internal/pipelinerun/child_test.go: which only GitLab can",
		"the files of a checkout":            "internal/checkout/layers_test.go: func TestLayersAreAsOld",
	}
}

func TestDifferences(t *testing.T) {
	page, err := os.ReadFile("differences.md")
	if err != nil {
		t.Fatal(err)
	}
	held := heldBy()
	rows := 0
	for line := range strings.Lines(string(page)) {
		row, ok := strings.CutPrefix(line, "| ")
		if !ok || strings.HasPrefix(row, "GitLab |") || strings.HasPrefix(row, "---") {
			continue
		}
		rows++
		found := false
		for words, test := range held {
			if !strings.HasPrefix(row, words) {
				continue
			}
			found = true
			delete(held, words)
			file, text, _ := strings.Cut(test, ": ")
			data, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
			if err != nil || !strings.Contains(string(data), text) {
				t.Errorf("%q: %s is no test: %v", words, test, err)
			}
		}
		if !found {
			t.Errorf("no test is named for the row %q", strings.TrimSpace(row))
		}
		if fields := strings.Count(line, "|"); fields != 5 {
			t.Errorf("a row of %d cells: %q", fields-1, line)
		}
	}
	for words := range held {
		t.Errorf("no row begins with %q", words)
	}
	if rows == 0 {
		t.Error("the page has no rows")
	}
}
