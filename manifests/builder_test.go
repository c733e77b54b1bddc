// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakePodman keeps a list of images in a file and logs its calls. FAIL names a subcommand
// that fails.
const fakePodman = `#!/bin/sh
echo "podman $*" | sed -E 's/[0-9a-f]{64}/DIGEST/g' >>calls
[ "$1" != "$FAIL" ] || exit 1
case $1 in
pull) case $3 in registry/*) grep -qxF "$3" images || exit 125 ;; esac; echo id-of-"$3" ;;
push) echo "$2" >>images; [ -z "$3" ] || echo "$3" >>images ;;
login) cat >/dev/null ;;
esac
`

// containerJob runs the script of the container job as a runner does and returns the calls
// of podman.
func containerJob(t *testing.T, p pipeline, dir, fail string) ([]string, error) {
	t.Helper()
	job := p.job(t, "x86_64-debian-12-container")
	script := "set -e\n"
	for _, key := range []string{"before_script", "script"} {
		for _, line := range job[key].([]any) {
			script += line.(string) + "\n"
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "calls")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH"), "FAIL="+fail,
		"CI_REGISTRY=registry", "CI_REGISTRY_IMAGE=registry/p", "CI_REGISTRY_USER=u", "CI_REGISTRY_PASSWORD=secret")
	for name, value := range job["variables"].(map[string]any) {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%v", name, value))
	}
	_, err := cmd.CombinedOutput()
	calls, readErr := os.ReadFile(filepath.Join(dir, "calls"))
	if readErr != nil {
		t.Fatal(readErr)
	}
	if strings.Contains(string(calls), "secret") {
		t.Errorf("the password is an argument: %s", calls)
	}
	return strings.Split(strings.TrimSpace(string(calls)), "\n"), err
}

func TestPodmanBuildsWhatHasChangedAndMovesLatestLast(t *testing.T) {
	plan, files := mustGenerate(t, strings.Replace(simple, "project: p", "project: p, container-builder: podman", 1))
	p := readPipeline(t, files)
	given := p.job(t, "x86_64-debian-12-container")["variables"].(map[string]any)["IMAGE_MANIFEST"]
	if given != plan.ManifestDigest || plan.ManifestDigest == "" {
		t.Errorf("images are labelled with manifest %v, not %q", given, plan.ManifestDigest)
	}
	if job := p.job(t, "x86_64-debian-12-container"); job["services"] != nil {
		t.Errorf("a service: %v", job["services"])
	}
	tree, dir := openTree(t)
	syncTree(t, tree, files)
	writeFile(t, dir, "bin/podman", fakePodman)
	writeFile(t, dir, "images", "")
	if err := os.Chmod(filepath.Join(dir, "bin/podman"), 0o755); err != nil {
		t.Fatal(err)
	}
	const (
		build  = "podman build --tag registry/p/ci-debian-12:DIGEST --label lcitool.target=debian-12 --label lcitool.projects=libvirt --label lcitool.manifest=DIGEST --file ci/containers/debian-12.Dockerfile ci/containers"
		push   = "podman push registry/p/ci-debian-12:DIGEST"
		latest = "podman push registry/p/ci-debian-12:DIGEST registry/p/ci-debian-12:latest"
	)
	for _, fail := range []string{"login", "build", "push"} {
		calls, err := containerJob(t, p, dir, fail)
		if err == nil || slices.Contains(calls, latest) {
			t.Errorf("%s fails: %v, calls %q", fail, err, calls)
		}
	}
	calls, err := containerJob(t, p, dir, "")
	if err != nil || !slices.Equal(calls[len(calls)-3:], []string{build, push, latest}) {
		t.Fatalf("first: %v, calls %q", err, calls)
	}
	calls, err = containerJob(t, p, dir, "")
	if err != nil || slices.Contains(calls, build) || calls[len(calls)-1] != latest {
		t.Errorf("unchanged: %v, calls %q", err, calls)
	}
	writeFile(t, dir, "ci/containers/debian-12.Dockerfile", body(t, files, "containers/debian-12.Dockerfile")+"# changed\n")
	calls, err = containerJob(t, p, dir, "")
	if err != nil || !slices.Contains(calls, build) {
		t.Errorf("changed: %v, calls %q", err, calls)
	}
}
