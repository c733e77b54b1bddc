// SPDX-License-Identifier: GPL-2.0-or-later

package render_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// sandbox returns a directory of stubs that log their arguments, one on each line below the
// stub's name. With this directory as PATH, scripts can run no other program.
func sandbox(t *testing.T, programs ...string) (dir, log string) {
	t.Helper()
	dir = t.TempDir()
	log = filepath.Join(dir, "log")
	stub := "#!/bin/sh\n{ printf '%s\\n' \"<${0##*/}>\"; for a; do printf '%s\\n' \"$a\"; done; } >> '" + log + "'\n"
	for _, name := range programs {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, log
}

// oddNames have characters that are special in shells, Dockerfiles and printf.
func oddNames() []string {
	return []string{
		"zlib", "g++", "it's", "two words", "$(touch evil)", "`touch evil`", "$HOME", "a;b", "a&b", "a|b", "a>b", "a<b", "*", "?", "[a]", "{a,b}", "~", "#x", "!x",
		`a\`, `a\nb`, `"`, "''", `\\`, "%s%n", "%d", "{}", "(x)", "a=b", "ä ö", "\u00a0", "@x", "+", "foo>=1,<2", "x:y", " a  b ", "'\"'\"'", "$'x'", "<<EOF",
	}
}

// installing maps each format to the arguments of its install command that are names.
func installing() map[string][]string {
	return map[string][]string{
		"alpine-323":       {"<apk>", "add"},
		"debian-12":        {"<apt-get>", "install", "--no-install-recommends", "-y"},
		"fedora-44":        {"<dnf>", "--quiet", "install", "-y"},
		"opensuse-leap-16": {"<zypper>", "install", "-y"},
		"almalinux-9":      {"<dnf>", "--quiet", "install", "-y"},
	}
}

// TestNamesArriveAsWritten runs build-environment functions in real shells with stubs, and
// finds each name as one argument.
func TestNamesArriveAsWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for target, command := range installing() {
		for _, shell := range []string{"bash", "sh"} {
			t.Run(target+"/"+shell, func(t *testing.T) {
				release, packages := rendering{target: target, needs: "make"}.resolve(t)
				for range 4 {
					names := oddNames()
					random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
					names = names[:1+random.IntN(len(names))]
					slices.Sort(names)
					packages.Native, packages.PyPI, packages.CPAN = names, names[:1], names
					checkArrival(t, shell, release, packages, command)
				}
			})
		}
	}
}

func checkArrival(t *testing.T, shell string, target targets.Target, packages *targets.Packages, command []string) {
	t.Helper()
	body, err := render.BuildEnvScript(target, packages)
	if err != nil {
		t.Fatal(err)
	}
	// pip has an absolute path, which a stub cannot replace, and plain sh has no "function".
	pip := target.Paths.Pip3
	script := strings.Replace(string(body), "    "+pip+" install", "    pip3 install", 1)
	script = strings.ReplaceAll(script, "/packages.txt", "/dev/null")
	if shell == "sh" {
		script = strings.Replace(script, "function install_buildenv()", "install_buildenv()", 1)
	}
	dir, log := sandbox(t, "apk", "apt-get", "dnf", "zypper", "pip3", "cpanm", "sort", "sed", "dpkg-reconfigure", "dpkg-query", "rm", "rpm", "mkdir", "ln", "touch")
	interpreter, err := exec.LookPath(shell)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), interpreter, "-eu", "-c", script+"\ninstall_buildenv\n")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + dir, "HOME=" + dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
	arrived, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ words, names []string }{
		{command, packages.Native},
		{[]string{"<pip3>", "install"}, packages.PyPI},
		{[]string{"<cpanm>", "--notest"}, packages.CPAN},
	} {
		want := "\n" + strings.Join(slices.Concat(c.words, c.names), "\n") + "\n"
		if _, after, ok := strings.Cut("\n"+string(arrived), want); !ok || after != "" && !strings.HasPrefix(after, "<") {
			t.Errorf("%q did not arrive as %q:\n%s", c.names, c.words, arrived)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil || strings.Contains(string(arrived), "<touch>") {
		t.Error("a name was executed")
	}
}

// TestDockerfileCommandsArrive runs the commands of a Dockerfile as an engine does: each RUN
// with joined lines, by sh -c.
func TestDockerfileCommandsArrive(t *testing.T) {
	target, packages := rendering{target: "debian-12", needs: "make"}.resolve(t)
	packages.Native = oddNames()
	slices.Sort(packages.Native)
	packages.PyPI = []string{"foo>=1"}
	body, err := render.Dockerfile(target, packages, render.DockerfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir, log := sandbox(t, "apt-get", "eatmydata", "pip3", "sed", "dpkg-reconfigure", "dpkg-query", "rm")
	text := strings.NewReplacer("\\\n", "", "/packages.txt", "/dev/null", "/usr/bin/pip3 ", "pip3 ").Replace(string(body.Text))
	runs := 0
	for _, line := range strings.Split(text, "\n") {
		command, ok := strings.CutPrefix(line, "RUN ")
		if !ok {
			continue
		}
		runs++
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + dir}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, command)
		}
	}
	arrived, err := os.ReadFile(log)
	if err != nil || runs != 2 {
		t.Fatalf("%d commands, %v", runs, err)
	}
	for _, want := range []string{
		"<eatmydata>\napt-get\ninstall\n--no-install-recommends\n-y\n" + strings.Join(packages.Native, "\n") + "\n<eatmydata>\n",
		"<pip3>\ninstall\nfoo>=1\n",
	} {
		if !strings.Contains(string(arrived), want) {
			t.Errorf("no %q in:\n%s", want, arrived)
		}
	}
}

// FuzzQuote: a real shell reads a quoted argument of a header, and a name in a list of
// variables, unchanged.
func FuzzQuote(f *testing.F) {
	for _, s := range oddNames() {
		f.Add(s)
	}
	target, packages := rendering{target: "freebsd-14", needs: "make"}.resolve(f)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 200 || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsRune(s, 0) || strings.ContainsAny(s, "\u2028\u2029") {
			return
		}
		header, err := render.Header([]string{s})
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(header, "\n")
		if len(lines) != 7 {
			t.Fatalf("%d lines: %q", len(lines), header)
		}
		word := strings.TrimPrefix(lines[2], "#  $ lcitool ")
		script, want := "printf '%s' "+word, s
		if !strings.ContainsAny(s, " \t") {
			packages.Native = []string{s}
			vars, err := render.Variables(target, packages, render.ShellVariables)
			if err != nil {
				t.Fatal(err)
			}
			script, want = string(vars)+"\n"+script+"; printf '%s' \"$PKGS\"", s+s
		}
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", script).Output()
		if err != nil || string(out) != want {
			t.Errorf("%q read back as %q (%v)", want, out, err)
		}
	})
}

// TestHostileNamesNeverRender: names that cannot be written safely are refused when the
// facts are read.
func TestHostileNamesNeverRender(t *testing.T) {
	for _, name := range []string{"a\nb", "a\rb", "\x00", "a\x1b[31m", "-o", "--download-only", "", "a\u2028b", "a\u202eb", "a\u200bb", "a\x7f", strings.Repeat("x", 300)} {
		own := facts.Layer{Name: "own", FS: mapFS(map[string]string{
			"mappings.yml":   "mappings: {x: {default: " + quoteYAML(name) + "}}\n",
			"projects/p.yml": "packages: [x]\n",
		})}
		set, err := facts.Load(facts.Options{Layers: []facts.Layer{own, facts.BuiltIn()}})
		if err != nil {
			t.Fatal(err)
		}
		target, _ := rendering{target: "debian-12", needs: "make"}.resolve(t)
		_, err = targets.Select(set, target, []string{"p"})
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "own/mappings.yml:1: ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func mapFS(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func quoteYAML(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(text), "\x7f", `\u007f`)
}
