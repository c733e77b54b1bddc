// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

func TestDocuments(t *testing.T) {
	for text, want := range map[string]int{
		"": 1,
		"# comment\n \t# another\r\n\n%YAML 1.2\n...\n": 1,
		"a: 1\n":                                  1,
		"---\na: 1\n":                             1,
		"# comment\n---\na: 1\n":                  1,
		"  # comment\n\n  a: 1\n---\nb: 1\n":      2,
		"spec:\n---\n# nothing\n---\nb: 1\n...\n": 2,
		"a: 1\n...\n---\n\f\n":                    1,
		"a: 1\n---\n\u00a0# no blank of YAML\n":   2,
	} {
		if got := len(documents([]byte(text))); got != want {
			t.Errorf("%q: %d documents, want %d", text, got, want)
		}
	}
	if docs := documents([]byte("# only a comment\n")); docs[0].text != nil {
		t.Errorf("a comment is read as %q", docs[0].text)
	}
}

// TestHeader has the key in several notations of YAML.
func TestHeader(t *testing.T) {
	for text, want := range map[string]bool{
		"spec: {inputs: {a: }}\n":            true,
		"\"spec\": {inputs: {a: }}\n":        true,
		"'spec' : {inputs: {a: }}\n":         true,
		"? spec\n: {inputs: {a: }}\n":        true,
		"{spec: {inputs: {a: }}}\n":          true,
		"&a !!str spec: {inputs: {a: }}\n":   true,
		"special: {script: [make spec]}\n":   false,
		"job: {script: [rpmbuild a.spec]}\n": false,
		"inspect: {script: [./spectrum]}\n":  false,
	} {
		s := &source{path: ".gitlab-ci.yml"}
		if got := s.readHeader(document{text: []byte(text)}) != nil; got != want {
			t.Errorf("%q: header %t, want %t", text, got, want)
		}
	}
}

// TestLargestFile: a longer file is refused, not cut.
func TestLargestFile(t *testing.T) {
	text := "j: {script: [x]}\n"
	text += "#" + strings.Repeat("x", maxFileSize-len(text)-2) + "\n"
	for size, want := range map[int]string{maxFileSize: "", maxFileSize + 1: "the file is larger than"} {
		for top, tree := range map[string]fstest.MapFS{
			"itself":   files(map[string]string{"": text + strings.Repeat("\n", size-len(text))}),
			"included": files(map[string]string{"": "include: /a.yml\n", "a.yml": text + strings.Repeat("\n", size-len(text))}),
		} {
			_, err := evaluate(tree, Event{})
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %d bytes: %v, want %q", top, size, err, want)
			}
		}
	}
}

// TestDeviceIsNotRead: only regular files end.
func TestDeviceIsNotRead(t *testing.T) {
	for _, mode := range []fs.FileMode{fs.ModeDevice, fs.ModeNamedPipe, fs.ModeDir} {
		tree := files(map[string]string{"": "include: /a.yml\nj: {script: [x]}\n", "a.yml": "k: {script: [x]}\n"})
		tree["a.yml"].Mode = mode
		if _, err := evaluate(tree, Event{}); err == nil || !strings.Contains(err.Error(), safefs.ErrNotRegular.Error()) {
			t.Errorf("%v: %v", mode, err)
		}
	}
}
