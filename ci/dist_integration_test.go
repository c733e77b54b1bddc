// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package ci

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/golden"
)

// stub replaces lcitool, which takes long to build.
const stub = `package main

import (
	"fmt"
	"os"
)

func main() { fmt.Println(os.Args[1:]) }
`

// run runs a command that must succeed and returns its output.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, stderr.String())
	}
	return string(out)
}

// TestPackageOrder: dpkg and rpm accept the versions of packages, and sort them as the commits.
// apk sorts a version as dpkg does with ~ before the suffixes of a pre-release and + before
// others.
func TestPackageOrder(t *testing.T) {
	asDeb := regexp.MustCompile(`_(alpha|beta|pre|rc)`)
	var last [4]string
	for i, c := range packageVersions() {
		c[3] = strings.ReplaceAll(asDeb.ReplaceAllString(c[3], "~$1"), "_", "+")
		run(t, ".", nil, "dpkg", "--validate-version", c[1])
		if i > 0 {
			for _, at := range []int{1, 3} {
				run(t, ".", nil, "dpkg", "--compare-versions", last[at], "lt", c[at])
			}
			if got := run(t, ".", nil, "rpm", "--eval", `%{lua:print(rpm.vercmp("`+last[2]+`", "`+c[2]+`"))}`); got != "-1\n" {
				t.Errorf("rpm compares %s with %s: %s", last[2], c[2], got)
			}
		}
		last = c
	}
}

// TestDistVersion: packages have the version of their packager, and a tag that has none stops
// the build before it makes files.
func TestDistVersion(t *testing.T) {
	temp := t.TempDir()
	env := []string{"PROGRAM=" + buildStub(t, temp), "SOURCE_DATE_EPOCH=1790000000", "SYSTEMS=linux/amd64"}
	out := filepath.Join(temp, "out")
	run(t, "..", append(env, "VERSION=v1.2.0_rc.1-5-gabcdef0-dirty"), "ci/dist", out)
	got := run(t, out, nil, "sh", "-c", `dpkg-deb --field *.deb Version; rpm -qp --queryformat '%{VERSION}\n' *.rpm; tar -xzOf *.apk .PKGINFO | grep ^pkgver`)
	if want := "1.2.0~rc1+5.gabcdef0.dirty\n1.2.0~rc1^5.gabcdef0.dirty\npkgver = 1.2.0_rc1_git5_p1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	cmd := exec.CommandContext(t.Context(), "ci/dist", filepath.Join(temp, "none"))
	cmd.Dir, cmd.Env = "..", append(append(os.Environ(), env...), "VERSION=v1.2.0-final")
	said, err := cmd.CombinedOutput()
	if left, _ := os.ReadDir(filepath.Join(temp, "none")); err == nil || len(left) != 0 || !strings.Contains(string(said), "from 'v1.2.0-final': name the tag vNUMBER") {
		t.Errorf("%v, %d files, %s", err, len(left), said)
	}
}

// buildStub returns the file of a program that replaces lcitool.
func buildStub(t *testing.T, dir string) string {
	t.Helper()
	program, source := filepath.Join(dir, "stub"), filepath.Join(dir, "stub.go")
	if err := os.WriteFile(source, []byte(stub), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-o", program, source)
	return program
}

// fewer checks that the manual pages and documents in a list are complete, and leaves them out.
func fewer(t *testing.T, list string) []byte {
	t.Helper()
	var out bytes.Buffer
	var pages, documents int
	for line := range strings.Lines(list) {
		switch {
		case strings.Contains(line, "/man1/lcitool-"), strings.Contains(line, "/man5/lcitool-"):
			pages++
		case strings.Contains(line, "/doc/lcitool/docs/") && path.Ext(strings.TrimSpace(line)) != "":
			documents++
		default:
			out.WriteString(line)
		}
	}
	count := func(patterns ...string) (n int) {
		for _, pattern := range patterns {
			found, _ := filepath.Glob("../docs/" + pattern)
			n += len(found)
		}
		return n
	}
	if want := count("man*/lcitool-*.[15]"); pages != want {
		t.Errorf("%d of %d manual pages are in the package", pages, want)
	}
	if want := count("*.md", "*.svg", "reference/*", "schema/*.md", "schema/*.json"); documents != want {
		t.Errorf("%d of %d documents are in the package", documents, want)
	}
	return out.Bytes()
}

// checkLinks checks that what Markdown below a directory links to is there.
func checkLinks(t *testing.T, dir string) {
	t.Helper()
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)
	count := 0
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".md" {
			return err
		}
		text, err := os.ReadFile(name)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			count++
			if target := filepath.Join(filepath.Dir(name), m[1]); !strings.HasPrefix(target, dir) {
				t.Errorf("%s links to %s, which is outside of the package", name, m[1])
			} else if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return err
	})
	if err != nil || count < 100 {
		t.Errorf("%d links were read: %v", count, err)
	}
}

// TestDist builds a release in two directories, which must be byte for byte equal, and
// compares what its packages install with golden files.
func TestDist(t *testing.T) {
	temp := t.TempDir()
	program := buildStub(t, temp)
	files := map[string][]byte{}
	env := []string{"PROGRAM=" + program, "VERSION=v1.2.3", "SOURCE_DATE_EPOCH=1790000000", "SYSTEMS=linux/amd64 linux/arm64 darwin/arm64"}
	for _, name := range []string{"one", "another/place"} {
		tree, out := filepath.Join(temp, name), filepath.Join(temp, name+" out")
		if err := os.MkdirAll(tree, 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, "..", nil, "sh", "-c", `git ls-files -z -co --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$1"`, "sh", tree)
		run(t, tree, env, filepath.Join(tree, "ci/dist"), out)
		list, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		first := len(files) == 0
		for _, entry := range list {
			data, err := os.ReadFile(filepath.Join(out, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if first {
				files[entry.Name()] = data
			} else if !bytes.Equal(files[entry.Name()], data) {
				t.Errorf("%s differs in the second place", entry.Name())
			}
		}
		if len(list) != len(files) {
			t.Errorf("%d files, then %d", len(files), len(list))
		}
		run(t, out, nil, "sha256sum", "--check", "--strict", "SHA256SUMS")
	}
	var names []string
	for _, entry := range []string{"lcitool_1.2.3_amd64.deb", "lcitool-1.2.3-1.x86_64.rpm", "lcitool_1.2.3_x86_64.apk", "lcitool-v1.2.3-darwin-arm64", "lcitool-v1.2.3-linux-arm64.cdx.json"} {
		if files[entry] == nil {
			names = append(names, entry)
		}
	}
	if names != nil {
		t.Errorf("missing %q", names)
	}
	out := filepath.Join(temp, "one out")
	// Sizes and dates vary.
	deb := run(t, out, nil, "sh", "-c", `dpkg-deb --ctrl-tarfile "$1" | tar -xOf - ./control | grep -v ^Installed-Size; dpkg-deb --fsys-tarfile "$1" | tar -tvf - | awk '{ print $1, $2, $6 }'`, "sh", "lcitool_1.2.3_amd64.deb")
	golden.File(t, "testdata/deb.txt", fewer(t, deb))
	unpacked := filepath.Join(temp, "unpacked")
	run(t, out, nil, "dpkg-deb", "--extract", "lcitool_1.2.3_amd64.deb", unpacked)
	checkLinks(t, filepath.Join(unpacked, "usr/share/doc/lcitool"))
	rpm := run(t, out, nil, "rpm", "-qp", "--queryformat", "%{NAME} %{VERSION} %{ARCH} %{LICENSE} %{BUILDHOST} [%{RECOMMENDS} ]\n[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]", "lcitool-1.2.3-1.x86_64.rpm")
	golden.File(t, "testdata/rpm.txt", fewer(t, rpm))
	apk := run(t, out, nil, "sh", "-c", `tar -xzOf "$1" .PKGINFO | grep -v -e ^size -e ^datahash; tar --warning=no-unknown-keyword -tvzf "$1" | awk '{ print $1, $2, $6 }'`, "sh", "lcitool_1.2.3_x86_64.apk")
	golden.File(t, "testdata/apk.txt", fewer(t, apk))
	if strings.Contains(deb+rpm+apk, temp) {
		t.Error("packages name the directory that they were made in")
	}
}
