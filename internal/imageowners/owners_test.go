// SPDX-License-Identifier: GPL-2.0-or-later

package imageowners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

type fakeEngine struct {
	text string
	code int
	err  error
	got  api.RunOptions
	runs int
}

func (f *fakeEngine) Run(_ context.Context, o api.RunOptions) (api.RunResult, error) {
	f.got = o
	f.runs++
	_, _ = io.WriteString(o.Stdout, f.text)
	if f.code != 0 {
		return api.RunResult{Code: f.code}, &api.ExitError{Container: "c", Code: f.code}
	}
	return api.RunResult{}, f.err
}

func TestFind(t *testing.T) {
	mentions := []jobdiff.Mention{{Kind: jobdiff.Header, Name: "zlib.h"}, {Kind: jobdiff.Tool, Name: "-x;y"}}
	e := &fakeEngine{text: "0\tzlib1g-dev\t/usr/include/zlib.h\n0\tzlib1g-dev\t/usr/include/x/zlib.h\n2\tx\t/y\n-1\tx\t/y\nx\tx\t/y\n1\t\t/y\nmotd\n1\tb\t/bin/b" + strings.Repeat("x", 2*mostBytes)}
	owners, err := Find(t.Context(), e, "id", mentions)
	if err != nil || len(owners) != 2 || owners[0] != (jobdiff.Owner{Mention: mentions[0], Package: "zlib1g-dev", Path: "/usr/include/zlib.h"}) ||
		owners[1].Package != "b" || len(owners[1].Path) > mostBytes {
		t.Errorf("%.200v, %v", owners, err)
	}
	if e.got.Image != "id" || e.got.Network != api.NetworkNone || !slices.Equal(e.got.Command[4:], []string{"header", "zlib.h", "tool", "-x;y"}) {
		t.Errorf("%v", e.got.Command)
	}
	e.err = errors.New("gone")
	if _, err := Find(t.Context(), e, "id", mentions); !errors.Is(err, e.err) || !strings.Contains(err.Error(), "image id") {
		t.Errorf("%v", err)
	}
}

// TestScript runs the script with stubs of package managers that know one file.
func TestScript(t *testing.T) {
	for manager, answer := range map[string]string{
		"dpkg-query": `echo "diversion by x from: $3"; echo "thing:amd64, other: $3"`,
		"rpm":        `echo thing`,
		"apk":        `echo "$3 is owned by thing-1.2.3-r4"`,
	} {
		dir := t.TempDir()
		for _, tool := range []string{"sh", "find", "grep", "head", "sed", "readlink"} {
			path, err := exec.LookPath(tool)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(dir, tool)); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range map[string]string{"the tool": "exit 0", manager: fmt.Sprintf("case $* in *'the tool') %s;; *) exit 1;; esac", answer)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("sh", "-c", script, "sh", "tool", "no such", "tool", "-x", "header", "no such.h", "odd", "x", "tool", "the tool", "odd")
		cmd.Env, cmd.Dir = []string{"PATH=" + dir}, t.TempDir()
		out, err := cmd.CombinedOutput()
		want := "4\tthing\t" + filepath.Join(dir, "the tool") + "\n"
		if manager == "dpkg-query" {
			want = strings.Replace(want, "thing", "thing:amd64", 1)
		}
		if err != nil || string(out) != want {
			t.Errorf("%s: %q, %v; want %q", manager, out, err, want)
		}
	}
}

func TestList(t *testing.T) {
	e := &fakeEngine{text: "make_4_amd64\ngcc_12_amd64\n# end\n"}
	if got, err := List(t.Context(), e, "id"); err != nil || !slices.Equal(got, []string{"gcc_12_amd64", "make_4_amd64"}) {
		t.Errorf("%q, %v", got, err)
	}
	if e.got.Image != "id" || e.got.Network != api.NetworkNone {
		t.Errorf("%+v", e.got)
	}
	for _, test := range []struct {
		e    fakeEngine
		want string
	}{
		{fakeEngine{code: 127}, "none of dpkg-query, rpm and apk"},
		{fakeEngine{text: "a_1_all\n", code: 2}, "exited with status 2"},
		{fakeEngine{text: "a_1_all\n"}, "too long"}, // without the end
		{fakeEngine{text: strings.Repeat("a_1_all\n", mostList/8+1) + "# end\n"}, "too long"},
		{fakeEngine{text: "# end\n"}, "knows none"},
		{fakeEngine{err: errors.New("gone")}, "gone"},
	} {
		if got, err := List(t.Context(), &test.e, "id"); err == nil || got != nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "cannot ask image id for its packages: ") {
			t.Errorf("%.40q: %.40q, %v, want %q", test.e.text, got, err, test.want)
		}
	}
}

// TestAddPackages: only images whose packages are not known are asked for them, whatever the
// failing line says, and the records do not change.
func TestAddPackages(t *testing.T) {
	job := func(image string, packages ...string) *jobdiff.Input {
		return &jobdiff.Input{Job: &jobrecord.Job{ImageID: image, Packages: packages}}
	}
	e := &fakeEngine{text: "gcc_12_amd64\n# end\n"}
	connect := func() (Engine, error) { return e, nil }
	left, right, none := job("1", "make_4_amd64"), job("2"), job("")
	record := right.Job
	if err := Add(t.Context(), connect, nil, left, right); err != nil || e.runs != 1 || e.got.Image != "2" {
		t.Errorf("%d runs, the last of %s, %v", e.runs, e.got.Image, err)
	}
	if !slices.Equal(right.Job.Packages, []string{"gcc_12_amd64"}) || record.Packages != nil || !slices.Equal(left.Job.Packages, []string{"make_4_amd64"}) {
		t.Errorf("left %q, right %q, recorded %q", left.Job.Packages, right.Job.Packages, record.Packages)
	}
	if err := Add(t.Context(), connect, nil, left, right); err != nil || e.runs != 1 {
		t.Errorf("all known: %d runs, %v", e.runs, err)
	}
	e.code = 127
	if right = job("2"); Add(t.Context(), connect, nil, none, right) != nil || e.runs != 2 || right.ListError == nil || none.ListError != nil {
		t.Errorf("%d runs, %v, %v", e.runs, right.ListError, none.ListError)
	}
}

// TestPackagesScript: each package manager's answer is the whole list, or none is.
func TestPackagesScript(t *testing.T) {
	for _, manager := range []string{"dpkg-query", "rpm", "apk", "other"} {
		for code, want := range []string{"thing\n# end\n", "thing\n"} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, manager), fmt.Appendf(nil, "#!/bin/sh\necho thing\nexit %d\n", code), 0o700); err != nil {
				t.Fatal(err)
			}
			if manager == "other" {
				code, want = 127, ""
			}
			shell, err := exec.LookPath("sh")
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(shell, "-c", packagesScript)
			cmd.Env = []string{"PATH=" + dir}
			if out, _ := cmd.Output(); string(out) != want || cmd.ProcessState.ExitCode() != code {
				t.Errorf("%s: %q, %d; want %q, %d", manager, out, cmd.ProcessState.ExitCode(), want, code)
			}
		}
	}
}
