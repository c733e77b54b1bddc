// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const everything = `
event: push
branch: b
default-branch: trunk
project: g/p
server: https://git.example
variables: {A: 1, B: {value: x, masked: true}, C: {path: sub/c}, D: ~}
upstream: {namespace: up, variable: U}
image: {prefix: r.example/, tag: v1, default: "debian:13"}
on-failure: keep
jobs: 3
limits: {memory: 2g, cpus: 1.5, timeout: 2h, network: none}
connection: box
mirrors: {Debian: http://d}
data-dir: facts
facts-dir: other
`

// TestNetworkOfUser: a project's file may take the network away, but not give it.
func TestNetworkOfUser(t *testing.T) {
	for _, test := range []struct{ user, project, want string }{
		{"none", "bridge", "none"}, {"bridge", "none", "none"}, {"host", "bridge", "bridge"}, {"", "bridge", "bridge"}, {"none", "", "none"},
	} {
		dir := write(t, map[string]string{"config.yml": "limits: {network: " + test.user + "}\n", ".lcitool.yml": "limits: {network: " + test.project + "}\n"})
		var s Settings
		var err, projectErr error
		s.User, err = ReadUser(filepath.Join(dir, "config.yml"))
		s.Project, projectErr = ReadProject(dir)
		if err := errors.Join(err, projectErr); err != nil {
			t.Fatal(err)
		}
		if v, ok := s.Lookup("limits.network"); !ok || v.Text != test.want {
			t.Errorf("user's %q, project's %q: %q", test.user, test.project, v.Text)
		}
	}
}

func TestMerge(t *testing.T) {
	user := write(t, map[string]string{"config.yml": everything})
	project := write(t, map[string]string{".lcitool.yml": "event: tag\nimage:\n  tag: v2\nvariables:\n  A: 2\n  E: e\n"})
	var s Settings
	var err error
	if s.User, err = ReadUser(filepath.Join(user, "config.yml")); err != nil {
		t.Fatal(err)
	}
	if s.Project, err = ReadProject(project); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"event": "tag", "branch": "b", "image.tag": "v2", "image.prefix": "r.example/", "jobs": "3", "limits.cpus": "1.5", "connection": "box",
		"data-dir": filepath.Join(user, "facts"), "limits.network": "none",
	} {
		if v, ok := s.Lookup(key); !ok || v.Text != want {
			t.Errorf("%s: %q", key, v.Text)
		}
	}
	if v, _ := s.Lookup("event"); v.Pos.Line != 1 || v.Pos.File != filepath.Join(project, ".lcitool.yml") {
		t.Errorf("place %v", v.Pos)
	}
	var got []string
	for _, v := range s.Variables() {
		text := v.Name + "=" + v.Value + strings.TrimPrefix(v.Path, user)
		if v.Masked {
			text += " masked"
		}
		got = append(got, text)
	}
	if want := []string{"A=2", "B=x masked", "C=/sub/c", "D=", "E=e"}; !slices.Equal(got, want) {
		t.Errorf("variables %q", got)
	}
	if s.Mirrors()["debian"] != "http://d" || len(s.Warnings()) != 0 {
		t.Errorf("%v, %v", s.Mirrors(), s.Warnings())
	}
	for _, k := range Keys() { // each is in the file above
		if _, ok := s.User.Values[k.Name]; !ok && k.Kind != Mirrors && k.Kind != Variables {
			t.Errorf("%s was not read", k.Name)
		}
	}
}

func TestProjectIsUntrusted(t *testing.T) {
	outside := write(t, map[string]string{"secret": "x"})
	project := write(t, map[string]string{"in/facts/x": ""})
	if err := os.Symlink(outside, filepath.Join(project, "link")); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"connection: evil":                                "connection has no effect in a project's settings, only in the user's",
		"mirrors: {debian: http://evil}":                  "mirrors has no effect",
		"data-dir: /etc":                                  `data-dir: "/etc" is outside the project`,
		"data-dir: ../..":                                 `"../.." is outside the project`,
		"data-dir: link":                                  `"link" is outside the project`,
		"facts-dir: link/..":                              "",
		"facts-dir: in/../../x":                           "is outside the project",
		"variables: {A: {path: link/secret}}":             "variables.A: \"link/secret\" is outside the project",
		"variables: {A: {path: /etc/passwd}}":             "is outside the project",
		"limits: {network: host}":                         "limits.network: host has no effect",
		"on-failure: shell":                               "on-failure: shell has no effect",
		"mounts: [/:/host]":                               `unknown key "mounts"`,
		"secrets: {a: /etc/shadow}":                       `unknown key "secrets"`,
		"limits: {devices: [/dev/sda]}":                   `unknown key "limits.devices"`,
		"data-dir: in/facts":                              "",
		"data-dir: in/none":                               "",
		"variables: {A: {path: in/facts/x, masked: yes}}": "",
	} {
		if err := os.WriteFile(filepath.Join(project, ".lcitool.yml"), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := ReadProject(project)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, w := range f.Warnings {
			got = append(got, w.Error())
		}
		if all := strings.Join(got, "; "); !strings.Contains(all, want) || want == "" && all != "" {
			t.Errorf("%s: warned %q, want %q", text, all, want)
		}
		if want != "" && len(f.Values)+len(f.Mirrors)+len(f.Variables) > 0 {
			t.Errorf("%s: it has an effect: %+v", text, f)
		}
	}
	if err := os.Remove(filepath.Join(project, ".lcitool.yml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(project, ".lcitool.yml")); err != nil {
		t.Fatal(err)
	}
	if f, err := ReadProject(project); err == nil {
		t.Errorf("a link that leads out is read: %+v", f)
	}
}

func TestWrong(t *testing.T) {
	for text, want := range map[string]string{
		"[]":                                "expected a mapping",
		"event: [push]":                     "config.yml:1: event takes a single value",
		"jobs: many":                        `config.yml:1: jobs: "many" is not a number`,
		"jobs: -1":                          "is not a number",
		"on-failure: stop":                  `on-failure: "stop" is none of shell, keep, none`,
		"image: x":                          "expected a mapping",
		"variables: [A]":                    "expected a mapping",
		"variables: {A: [1]}":               "config.yml:1: variable A takes a single value",
		"variables: {A: {value: {}}}":       "variable A takes a single value",
		"variables: {A: {masked: perhaps}}": "config.yml:1",
		"event: a\nevent: b":                "config.yml:2",
		"mirrors: {debian: [x]}":            "config.yml:1",
		"a: b: c":                           "config.yml:1",
	} {
		dir := write(t, map[string]string{"config.yml": text + "\n"})
		if _, err := ReadUser(filepath.Join(dir, "config.yml")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	dir := write(t, map[string]string{"config.yml": "miror: {}\nimages: {tag: x}\nlimits: {memroy: 1}\nvariables: {A: {vlaue: 1}}\n"})
	f, err := ReadUser(filepath.Join(dir, "config.yml"))
	if err != nil || len(f.Warnings) != 4 {
		t.Fatalf("%v, %v", f, err)
	}
	for i, want := range []string{`unknown key "miror" (did you mean "mirrors"?)`, `"images" (did you mean "image"?)`, `"limits.memroy" (did you mean "limits.memory"?)`, `"vlaue" (did you mean "value"?)`} {
		if !strings.Contains(f.Warnings[i].Error(), want) {
			t.Errorf("%v, want %s", f.Warnings[i], want)
		}
	}
}

// The Python lcitool has its settings in the same file.
func TestSectionsOfThePythonProgramAreNoWarnings(t *testing.T) {
	text := "install:\n  flavor: gitlab\n  vcpus: 2\ngitlab:\n  url: https://gitlab.example.org\n"
	dir := write(t, map[string]string{"config.yml": text, "p/.lcitool.yml": text})
	if f, err := ReadUser(filepath.Join(dir, "config.yml")); err != nil || len(f.Warnings) != 0 {
		t.Errorf("user: %v, %v", f, err)
	}
	if f, err := ReadProject(filepath.Join(dir, "p")); err != nil || len(f.Warnings) != 2 {
		t.Errorf("project: %v, %v", f, err)
	}
}

func TestFindProject(t *testing.T) {
	dir := write(t, map[string]string{"a/.gitlab-ci.yml": "", "a/b/c/x": "", "d/ci/lcitool/config.yml": "", "d/e/x": "", "a/s/.lcitool.yml": "", "a/s/t/x": ""})
	for start, want := range map[string]string{"a/b/c": "a", "a": "a", "d/e": "d", "a/s/t": "a/s"} {
		if got := FindProject(filepath.Join(dir, start)); got != filepath.Join(dir, want) {
			t.Errorf("%s: %s", start, got)
		}
	}
}

func TestReadDotenv(t *testing.T) {
	dir := write(t, map[string]string{
		"good": "# comment\nB=2\nexport A=\"one two\"\nC='$A'\nE=\n\nM=\"a\nb\"\n", "name": "A-B=1\n", "bad": "novalue\n",
	})
	got, err := ReadDotenv(filepath.Join(dir, "good"))
	if want := []string{"A=one two", "B=2", "C=$A", "E=", "M=a\nb"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []string{"name", "bad", "none"} {
		if got, err := ReadDotenv(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}
