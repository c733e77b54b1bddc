// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// TestLocalIdentity: variables that only a server knows are set, are the same each time, and
// contain no secrets.
func TestLocalIdentity(t *testing.T) {
	values := func() map[string]string {
		p, err := Load(fstest.MapFS{"ci.yml": {Data: []byte("j: {script: [x]}\nk: {script: [x]}\n")}}, "ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		jobs := p.Evaluate(Event{Source: MergeRequest, Namespace: "team", Project: "app"}).Jobs
		for v := range jobs[0].Variables.All() {
			out[v.Name] = v.Value
		}
		for v := range jobs[1].Variables.All() {
			if v.Name == "CI_JOB_ID" && v.Value == out["CI_JOB_ID"] {
				t.Error("two jobs have the same number")
			}
		}
		return out
	}
	a, b := values(), values()
	for _, name := range []string{"CI_PROJECT_ID", "CI_PIPELINE_ID", "CI_PIPELINE_IID", "CI_JOB_ID", "CI_MERGE_REQUEST_ID", "CI_MERGE_REQUEST_IID"} {
		if n, err := strconv.Atoi(a[name]); err != nil || n <= 0 {
			t.Errorf("%s is %q", name, a[name])
		}
		if a[name] != b[name] {
			t.Errorf("%s is %q, then %q", name, a[name], b[name])
		}
	}
	if got := a["CI_JOB_TOKEN"]; !strings.Contains(got, "local") {
		t.Errorf("the token %q does not say that it is local", got)
	}
	if got := a["CI_REPOSITORY_URL"]; got != "https://gitlab.com/team/app.git" {
		t.Errorf("CI_REPOSITORY_URL is %q", got)
	}
}

func TestWithoutProxy(t *testing.T) {
	for image, want := range map[string]string{
		"gitlab.com/team/dependency_proxy/containers/debian:12":  "docker.io/library/debian:12",
		"gitlab.com/team/dependency_proxy/containers/me/image:1": "docker.io/me/image:1",
		"docker.io/debian:12": "docker.io/debian:12",
		"debian:12":           "debian:12",
	} {
		if got := WithoutProxy(image); got != want {
			t.Errorf("%s: got %s, want %s", image, got, want)
		}
	}
	p, err := Load(fstest.MapFS{"ci.yml": {Data: []byte("j: {image: '${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/debian:12', script: [x]}\n")}}, "ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := WithoutProxy(p.Evaluate(Event{}).Jobs[0].Image.Name); got != "docker.io/library/debian:12" {
		t.Errorf("got %s", got)
	}
}
