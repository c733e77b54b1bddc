// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDockerfileName(t *testing.T) {
	for file, want := range map[string]string{
		"tests/docker/dockerfiles/debian.docker": "debian", "ci/containers/debian-13-cross-s390x.Dockerfile": "debian-13-cross-s390x",
		"ci/opensbi/Dockerfile": "opensbi", "Containerfile": ".", "Dockerfile.fedora": "fedora", "image-dockerfile": "image", "a/D": "D",
	} {
		if got := dockerfileName(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func TestMadeFor(t *testing.T) {
	for _, test := range []struct{ line, target, cross string }{
		{"#  $ lcitool dockerfile --layers all debian-13 qemu", "debian-13", ""},
		{"#  $ lcitool dockerfile --layers all --cross-arch aarch64 debian-13 qemu", "debian-13", "aarch64"},
		{"#  $ lcitool dockerfile debian-12 p --cross s390x", "debian-12", ""},
		{"#  $ lcitool dockerfile --cross=s390x debian-12 p", "debian-12", "s390x"},
		{"#  $ lcitool --data-dir x dockerfile fedora-43 p", "fedora-43", ""},
		{"#  $ lcitool manifest ci/manifest.yml", "", ""},
		{"#  $ lcitool dockerfile --layers", "", ""},
		{"RUN echo '#  $ lcitool dockerfile a b'", "", ""},
	} {
		if target, cross := madeFor([]byte("# THIS FILE WAS AUTO-GENERATED\n#\n" + test.line + "\n\nFROM x\n")); target != test.target || cross != test.cross {
			t.Errorf("%s: %q, %q", test.line, target, cross)
		}
	}
}

func TestReadDockerfile(t *testing.T) {
	tree := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM a\n", "big": strings.Repeat("#", maxDockerfile+1)} {
		if err := os.WriteFile(filepath.Join(tree, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(tree, "link")); err != nil {
		t.Fatal(err)
	}
	if d, err := ReadDockerfile(tree, Build{Dockerfiles: []string{"Containerfile", "Dockerfile"}}); err != nil || d.Path != "Dockerfile" || string(d.Text) != "FROM a\n" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := ReadDockerfile(tree, Build{Dockerfiles: []string{"none"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"link", "big"} {
		if _, err := ReadDockerfile(tree, Build{Dockerfiles: []string{name}}); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUpToStage(t *testing.T) {
	const text = "ARG X\nFROM a AS one\nRUN 1\nFROM --platform=x b as Two\nRUN 2\nFROM c\nRUN 3\n"
	for stage, want := range map[string]string{
		"": text, "one": "ARG X\nFROM a AS one\nRUN 1\n", "two": text[:strings.Index(text, "FROM c")], "0": "ARG X\nFROM a AS one\nRUN 1\n", "2": text, "none": "",
	} {
		got, err := UpToStage([]byte(text), stage)
		if string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", stage, got, err)
		}
	}
}
