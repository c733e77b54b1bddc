// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package manifests

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// A builderRoom has what the container job of a project needs: a registry with a password,
// which also serves as docker.io, and a separate podman for each job, as with a runner.
type builderRoom struct {
	dir, address string
	variables    map[string]any // of the job
	script       string
	stores       int
	mu           sync.Mutex
}

func newBuilderRoom(t *testing.T) *builderRoom {
	t.Helper()
	_, files := mustGenerate(t, strings.Replace(simple, "project: p", "project: p, container-builder: podman", 1))
	job := readPipeline(t, files).job(t, "x86_64-debian-12-container")
	r := &builderRoom{dir: t.TempDir(), address: freeAddress(t), variables: job["variables"].(map[string]any)}
	r.script = "set -eo pipefail\n" // as gitlab-runner does
	for _, key := range []string{"before_script", "script"} {
		for _, line := range job[key].([]any) {
			r.script += line.(string) + "\n"
		}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, r.dir, "htpasswd", "u:"+string(hash)+"\n")
	writeFile(t, r.dir, "registry.yml", fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/registry}}\nauth: {htpasswd: {realm: test, path: %s/htpasswd}}\nhttp: {addr: %q}\n", r.dir, r.dir, r.address))
	writeFile(t, r.dir, "registries.conf", fmt.Sprintf("unqualified-search-registries = []\n[[registry]]\nlocation = %q\ninsecure = true\n[[registry]]\nprefix = \"docker.io/library\"\nlocation = \"%s/hub\"\ninsecure = true\n", r.address, r.address))
	r.serve(t)
	r.pushBase(t)
	return r
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (r *builderRoom) serve(t *testing.T) {
	t.Helper()
	cmd := exec.Command("docker-registry", "serve", filepath.Join(r.dir, "registry.yml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", r.address); err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the registry does not answer")
		}
	}
}

// env returns the environment of a job with an unused engine.
func (r *builderRoom) env(t *testing.T) []string {
	t.Helper()
	r.mu.Lock()
	r.stores++
	store := filepath.Join(r.dir, fmt.Sprintf("store%d", r.stores))
	r.mu.Unlock()
	writeFile(t, store, "storage.conf", fmt.Sprintf("[storage]\ndriver = \"vfs\"\ngraphroot = \"%s/graph\"\nrunroot = \"%s/run\"\n", store, store))
	writeFile(t, store, "auth.json", "{}")
	t.Cleanup(func() {
		_ = exec.Command("podman", "unshare", "rm", "-rf", store).Run() // files of subordinate ids
	})
	env := append(os.Environ(), "HOME="+store, "XDG_DATA_HOME="+store+"/data", "CONTAINERS_STORAGE_CONF="+store+"/storage.conf",
		"CONTAINERS_REGISTRIES_CONF="+r.dir+"/registries.conf", "REGISTRY_AUTH_FILE="+store+"/auth.json",
		"CI_REGISTRY="+r.address, "CI_REGISTRY_IMAGE="+r.address+"/p", "CI_REGISTRY_USER=u", "CI_REGISTRY_PASSWORD=secret")
	for name, value := range r.variables {
		env = append(env, fmt.Sprintf("%s=%v", name, value))
	}
	return env
}

// pushBase pushes busybox under the name of docker.io's Debian image.
func (r *builderRoom) pushBase(t *testing.T) {
	t.Helper()
	cmd := exec.Command("bash", "-ec", `
mkdir -p root/bin root/etc root/tmp
cp "$(command -v busybox)" root/bin/busybox
ln -s busybox root/bin/sh
echo root:x:0:0::/:/bin/sh >root/etc/passwd
tar -C root -cf base.tar .
podman import --quiet base.tar localhost/base:1
podman push --quiet --creds u:secret localhost/base:1 "$CI_REGISTRY/hub/debian:12-slim"`)
	cmd.Dir, cmd.Env = r.dir, r.env(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func (r *builderRoom) job(t *testing.T, steps string) (string, error) {
	t.Helper()
	tree := t.TempDir()
	writeFile(t, tree, "ci/containers/debian-12.Dockerfile", "FROM docker.io/library/debian:12-slim\n"+steps+"\n")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", r.script)
	cmd.Dir, cmd.Env = tree, r.env(t)
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "secret") {
		t.Errorf("the password is in the log:\n%s", out)
	}
	return string(out), err
}

// digest returns "" if the registry does not have the tag.
func (r *builderRoom) digest(t *testing.T, tag string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+r.address+"/v2/p/ci-debian-12/manifests/"+tag, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("u", "secret")
	request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.Header.Get("Docker-Content-Digest")
}

func built(out string) (tag string, yes bool) {
	found := regexp.MustCompile(`ci-debian-12:([0-9a-f]{64})`).FindStringSubmatch(out)
	if found == nil {
		return "", false
	}
	return found[1], strings.Contains(out, "STEP 2/")
}

func TestPodmanBuilderWithARegistry(t *testing.T) {
	r := newBuilderRoom(t)
	out, err := r.job(t, "RUN echo one >/made")
	first, yes := built(out)
	if err != nil || !yes || r.digest(t, first) == "" || r.digest(t, first) != r.digest(t, "latest") {
		t.Fatalf("first: %v, tag %s at %s, latest at %s\n%s", err, first, r.digest(t, first), r.digest(t, "latest"), out)
	}
	out, err = r.job(t, "RUN echo one >/made")
	if tag, yes := built(out); err != nil || yes || tag != first || !strings.Contains(out, "is there already") {
		t.Errorf("unchanged: %v\n%s", err, out)
	}
	out, err = r.job(t, "RUN echo two >/made; exit 3")
	if tag, yes := built(out); err == nil || !yes || tag == first || r.digest(t, tag) != "" || r.digest(t, "latest") != r.digest(t, first) {
		t.Errorf("a build that fails: %v\n%s", err, out)
	}
	out, err = r.job(t, "RUN echo three >/made")
	third, yes := built(out)
	if err != nil || !yes || third == first || r.digest(t, third) != r.digest(t, "latest") || r.digest(t, third) == r.digest(t, first) {
		t.Errorf("changed: %v\n%s", err, out)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if out, err := r.job(t, "RUN echo four >/made"); err != nil {
				t.Errorf("two at once: %v\n%s", err, out)
			}
		})
	}
	both.Wait()
	out, err = r.job(t, "RUN echo four >/made")
	if tag, yes := built(out); err != nil || yes || r.digest(t, tag) != r.digest(t, "latest") {
		t.Errorf("after two at once: %v\n%s", err, out)
	}
}
