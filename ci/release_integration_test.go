// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package ci

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/golden"
)

// TestRelease builds a release of lcitool for this machine in two directories, which must be
// byte for byte equal, and an image of the program.
func TestRelease(t *testing.T) {
	temp := t.TempDir()
	system := "linux/" + runtime.GOARCH
	env := []string{"VERSION=v1.2.3", "SOURCE_DATE_EPOCH=1790000000", "SYSTEMS=" + system}
	var sums []string
	for _, name := range []string{"one", "some/other place"} {
		tree, out := filepath.Join(temp, name), filepath.Join(temp, name+" out")
		if err := os.MkdirAll(tree, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, "..", nil, "sh", "-c", `git ls-files -z -co --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$1"`, "sh", tree)
		run(t, tree, env, filepath.Join(tree, "ci/dist"), out)
		sum, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(sum))
	}
	if sums[0] != sums[1] {
		t.Errorf("the second place made something else:\n%s\n%s", sums[0], sums[1])
	}
	program := filepath.Join(temp, "one out", "lcitool-v1.2.3-linux-"+runtime.GOARCH)
	if got := run(t, temp, nil, program, "version"); !strings.HasPrefix(got, "lcitool v1.2.3 (go") || !strings.HasSuffix(got, system+")\n") {
		t.Errorf("version: %q", got)
	}
	testStartup(t, program)
	env = ownStorage(t, temp)
	t.Run("image", func(t *testing.T) { testImage(t, env, program) })
	t.Run("deb", func(t *testing.T) { testDeb(t, env, program, filepath.Join(temp, "one out")) })
}

// testStartup limits what packages allocate before main, which delays all commands. One
// large regular expression costs some hundred allocations.
func testStartup(t *testing.T, program string) {
	const most = 200
	cmd := exec.CommandContext(t.Context(), program, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := 0
	for line := range strings.Lines(string(out)) {
		rest, ok := strings.CutPrefix(line, "init gitlab.com/lcitool/lcitool/")
		if !ok {
			continue
		}
		name, rest, _ := strings.Cut(rest, " @")
		var at, clock float64
		var bytes, allocs int
		if _, err := fmt.Sscanf(rest, "%f ms, %f ms clock, %d bytes, %d allocs", &at, &clock, &bytes, &allocs); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if found++; allocs > most {
			t.Errorf("%s: %d allocations before main, more than %d", name, allocs, most)
		}
	}
	if found < 10 {
		t.Errorf("%d packages of ours in the trace:\n%s", found, out)
	}
}

// ownStorage gives podman a store that is removed with the test.
func ownStorage(t *testing.T, dir string) []string {
	storage := filepath.Join(dir, "storage.conf")
	conf := "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + filepath.Join(dir, "graph") + "\"\nrunroot = \"" + filepath.Join(dir, "run") + "\"\n"
	if err := os.WriteFile(storage, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"CONTAINERS_STORAGE_CONF=" + storage, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "XDG_CACHE_HOME=" + filepath.Join(dir, "cache")}
	t.Cleanup(func() { // the test's own context has ended by then
		cmd := exec.Command("podman", "rmi", "--all", "--force")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("cannot remove images: %v\n%s", err, out)
		}
	})
	return env
}

func testDeb(t *testing.T, env []string, program, out string) {
	run(t, out, env, program, "container", "bootstrap", "debian-13")
	const script = `set -e
dpkg -i /dist/lcitool_1.2.3_*.deb
dpkg --verify lcitool
cd /tmp
lcitool version
lcitool dockerfile debian-13 libvirt | grep -c '^FROM docker.io/library/debian:13-slim$'
lcitool completion bash | cmp - /usr/share/bash-completion/completions/lcitool
gzip -t /usr/share/man/man1/lcitool.1.gz
dpkg -r lcitool
find / -xdev -name '*lcitool*' -not -path '/dist/*' -not -path '/var/lib/dpkg/*'
`
	got := run(t, out, env, "podman", "run", "--rm", "--network", "none", "--volume", out+":/dist:ro", "docker.io/library/debian:13-slim", "sh", "-c", script)
	for _, want := range []string{"\nSetting up lcitool (1.2.3) ...\n", "\nlcitool v1.2.3 (go", "\n1\n", "\nRemoving lcitool (1.2.3) ...\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("nothing says %q in\n%s", want, got)
		}
	}
	if _, rest, _ := strings.Cut(got, "Removing lcitool (1.2.3) ...\n"); strings.TrimSpace(rest) != "" {
		t.Errorf("left after the removal: %s", rest)
	}
}

func testImage(t *testing.T, env []string, program string) {
	run(t, "..", env, "ci/image", program, "localhost/lcitool:test")
	files := run(t, "..", env, "sh", "-c", `id=$(podman create localhost/lcitool:test) && podman export "$id" | tar -tf - | sort && podman rm "$id" >/dev/null`)
	golden.File(t, "testdata/image.txt", []byte(files))
	example, err := filepath.Abs("../examples/hello")
	if err != nil {
		t.Fatal(err)
	}
	lcitool := []string{"run", "--rm", "--network", "none", "--volume", example + ":/work:ro", "localhost/lcitool:test"}
	if got := run(t, "..", env, "podman", append(lcitool, "dockerfile", "debian-13", "hello")...); !strings.Contains(got, "\nFROM docker.io/library/debian:13-slim\n") {
		t.Errorf("dockerfile: %s", got)
	}
	run(t, "..", env, "podman", append(lcitool, "--strict", "manifest", "--check")...)
}
