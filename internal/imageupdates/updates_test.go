// SPDX-License-Identifier: GPL-2.0-or-later

package imageupdates

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/container/api"
)

// fakeEngine prints a text for each command, and records the commands.
type fakeEngine struct {
	out, messages string
	err           error
	runs          []api.RunOptions
	builds        []api.BuildOptions
}

func (f *fakeEngine) Run(_ context.Context, o api.RunOptions) (api.RunResult, error) {
	f.runs = append(f.runs, o)
	_, _ = io.WriteString(o.Stdout, f.out)
	_, _ = io.WriteString(o.Stderr, f.messages)
	return api.RunResult{}, f.err
}

func (f *fakeEngine) Build(_ context.Context, o api.BuildOptions) (api.BuildResult, error) {
	f.builds = append(f.builds, o)
	_, _ = io.WriteString(o.Log, f.out)
	return api.BuildResult{ID: "made"}, f.err
}

func (f *fakeEngine) Remove(context.Context, api.RemoveOptions) error { return f.err }

// image parses lines with spaces instead of tabs.
func image(t *testing.T, id, lines string) *Image {
	t.Helper()
	e := &fakeEngine{out: strings.ReplaceAll(lines, " ", "\t")}
	i, err := Read(t.Context(), e, "image-"+id, api.Image{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	if e.runs[0].Network != api.NetworkNone || e.runs[0].Image != id {
		t.Errorf("ran %+v", e.runs[0])
	}
	return i
}

const (
	goodDeb = `manager apt
arch amd64
installed libc6 2.36-9 amd64 glibc
installed libc-bin 2.36-9 amd64 glibc
installed libc6 2.36-9 arm64 glibc
installed g++ 4:12.2.0-3 amd64 gcc-defaults
installed old 1 all old
installed tzdata 2024a all tzdata
config-files removed 1 all removed
installed same 1 all same
`
	badDeb = `manager apt
arch amd64
installed libc6 2.36-10 amd64 glibc
installed libc-bin 2.36-10 amd64 glibc
installed libc6 2.36-10 arm64 glibc
installed g++ 4:12.2.0-3 amd64 gcc-defaults
installed new 1~rc1 all new-source
installed tzdata 2025b all tzdata
installed same 1 all same
`
	// From fedora:41 with dnf5, with several kernels installed.
	goodRPM = `manager dnf
arch x86_64
installed gpg-pubkey 0:e99d6ad1-64d2612c (none) (none)
installed bash 0:5.2.32-1.fc41 x86_64 bash-5.2.32-1.fc41.src.rpm
installed openssl-libs 1:3.2.2-7.fc41 x86_64 openssl-3.2.2-7.fc41.src.rpm
installed openssl-libs 1:3.2.2-7.fc41 i686 openssl-3.2.2-7.fc41.src.rpm
installed tzdata 0:2024a-9.fc41 noarch tzdata-2024a-9.fc41.src.rpm
installed kernel-core 0:6.11.4-301.fc41 x86_64 kernel-6.11.4-301.fc41.src.rpm
installed kernel-core 0:6.10.1-1.fc41 x86_64 kernel-6.10.1-1.fc41.src.rpm
installed nosrc 0:1-1 x86_64 nosrc-1-1.nosrc.rpm
`
	badRPM = `manager dnf
arch x86_64
installed bash 0:5.2.37-1.fc41 x86_64 bash-5.2.37-1.fc41.src.rpm
installed openssl-libs 1:3.2.4-1.fc41 x86_64 openssl-3.2.4-1.fc41.src.rpm
installed openssl-libs 1:3.2.4-1.fc41 i686 openssl-3.2.4-1.fc41.src.rpm
installed kernel-core 0:6.11.4-301.fc41 x86_64 kernel-6.11.4-301.fc41.src.rpm
installed nosrc 0:1-1 x86_64 nosrc-1-1.nosrc.rpm
`
)

func compare(t *testing.T, good, bad string) *Comparison {
	t.Helper()
	c, err := Compare(image(t, "good", good), image(t, "bad", bad))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func texts(updates []Update) string {
	var all []string
	for i := range updates {
		all = append(all, updates[i].String())
	}
	return strings.Join(all, "\n")
}

func TestCompare(t *testing.T) {
	want := `glibc: libc-bin 2.36-9 -> 2.36-10, libc6 2.36-9 -> 2.36-10, libc6:arm64 2.36-9 -> 2.36-10
new-source: new 1~rc1 (added)
old: old 1 (removed)
tzdata: tzdata 2024a -> 2025b`
	if got := texts(compare(t, goodDeb, badDeb).Updates); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	c := compare(t, goodRPM, badRPM)
	want = `bash: bash 0:5.2.32-1.fc41 -> 0:5.2.37-1.fc41
kernel: kernel-core 0:6.10.1-1.fc41, 0:6.11.4-301.fc41 -> 0:6.11.4-301.fc41
openssl: openssl-libs 1:3.2.2-7.fc41 -> 1:3.2.4-1.fc41, openssl-libs:i686 1:3.2.2-7.fc41 -> 1:3.2.4-1.fc41
tzdata: tzdata 0:2024a-9.fc41 (removed)`
	if got := texts(c.Updates); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := c.Missing(); len(got) != 1 || got[0].Name != "kernel" {
		t.Errorf("missing %+v", got)
	}
}

func TestCompareRefuses(t *testing.T) {
	good := image(t, "good", goodDeb)
	for _, bad := range []*Image{image(t, "good", badDeb), image(t, "bad", badRPM), image(t, "bad", strings.Replace(badDeb, "arch amd64", "arch arm64", 1))} {
		if c, err := Compare(good, bad); err == nil {
			t.Errorf("compared %+v", c)
		}
	}
	for _, lines := range []string{
		"", "manager\tapk\n", "manager\tapt\narch\tamd64\n", "manager\tapt\nconfig-files\ta\t1\tall\ta\n",
		"manager\tapt\ninstalled\t-oDebug=1\t1\tall\ta\n", "manager\tapt\ninstalled\ta\t1 2\tall\ta\n", "manager\tapt\ninstalled\ta\t$(x)\tall\ta\n",
		"manager\tapt\ninstalled\ta*\t1\tall\ta\n", "manager\tapt\ninstalled\ta\t1\ta/b\ta\n",
	} {
		if i, err := Read(t.Context(), &fakeEngine{out: lines}, "x", api.Image{}); err == nil {
			t.Errorf("%q: %+v", lines, i)
		}
	}
	if _, err := Read(t.Context(), &fakeEngine{err: errors.New("no shell")}, "x", api.Image{}); err == nil {
		t.Error("an image that cannot be run was read")
	}
}

// TestHostileImage lists more packages than an image can have. They are not compared with
// all earlier ones.
func TestHostileImage(t *testing.T) {
	list := func(line func(n int) string) string {
		var b strings.Builder
		b.WriteString("manager\tapt\narch\tamd64\n")
		for n := range 60_000 {
			b.WriteString(line(n))
		}
		return b.String()
	}
	for want, lines := range map[string]string{
		`"a" is installed in more than 100 versions`: list(func(n int) string { return fmt.Sprintf("installed\ta\t%d\tall\ta\n", n) }),
		"it has more than 50000":                     list(func(n int) string { return fmt.Sprintf("installed\ta%d\t1\tall\ta\n", n) }),
	} {
		if _, err := Read(t.Context(), &fakeEngine{out: lines}, "x", api.Image{}); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := Read(t.Context(), &fakeEngine{out: goodDeb + strings.Repeat("\n", maxOutput)}, "x", api.Image{}); err == nil || !strings.HasSuffix(err.Error(), "the output is too long") {
		t.Errorf("got %v", err)
	}

	c := compare(t, goodDeb, badDeb)
	mirror := list(func(n int) string { return fmt.Sprintf("libc6 | 3.%d | http://x x Packages\n", n) })
	messages := list(func(n int) string { return fmt.Sprintf("E: %d %s\n", n, strings.Repeat("é", n%2000)) })
	complaints, err := c.FindMissing(t.Context(), &fakeEngine{out: mirror, messages: messages[:4<<20]}, api.NetworkHost)
	if err != nil || len(complaints) != maxComplaints {
		t.Errorf("%d complaints, %v", len(complaints), err)
	}
	for _, u := range c.Missing() {
		if text := strings.Join(u.Missing, "; "); len(text) > 1000 {
			t.Errorf("%d bytes: %.200s", len(text), text)
		}
	}
	if got := complaintsIn("E: " + strings.Repeat("é", 2000)); len(got) != 1 || len(got[0]) > maxComplaint+len("…") || !utf8.ValidString(got[0]) {
		t.Errorf("got %q", got)
	}
}

func TestApplied(t *testing.T) {
	c := compare(t, goodDeb, badDeb)
	for _, test := range []struct {
		name          string
		change, to    string
		asked         []string
		also, unknown string
	}{
		{"good image", "", "", nil, "", ""},
		{"all asked for", goodDeb, badDeb, []string{"glibc", "new-source", "old", "tzdata"}, "", ""},
		{"nothing of what was asked for", "", "", []string{"tzdata"}, "", "tzdata 2024a"},
		{"another as well", "tzdata 2024a", "tzdata 2025b", nil, "tzdata", ""},
		{"another in part", "libc-bin 2.36-9", "libc-bin 2.36-10", nil, "glibc", ""},
		{"what was asked for in part", "libc-bin 2.36-9", "libc-bin 2.36-10", []string{"glibc"}, "", "libc6 2.36-9 libc6:arm64 2.36-9"},
		{"a third version", "tzdata 2024a", "tzdata 2024b", nil, "", "tzdata 2024b"},
		{"removed with others", "installed same 1 all same\n", "", nil, "", "same removed"},
		{"came with others", "installed same 1 all same\n", "installed same 1 all same\ninstalled more 1 all more\n", nil, "", "more 1"},
		{"removed, as in the bad image", "installed old 1 all old\n", "", nil, "old", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			also, unknown := c.Applied(image(t, "made", strings.Replace(goodDeb, test.change, test.to, 1)), test.asked)
			if got := strings.Join(also, " "); got != test.also {
				t.Errorf("also %q, want %q", got, test.also)
			}
			if got := strings.Join(unknown, " "); got != test.unknown {
				t.Errorf("unknown %q, want %q", got, test.unknown)
			}
		})
	}
}

func TestFindMissing(t *testing.T) {
	for _, test := range []struct {
		name, good, bad, out, messages string
		asked                          []string // of the image
		missing, complaints            string
	}{
		{
			"apt", goodDeb, badDeb,
			// As apt 2.6 prints it.
			"      libc6 |   2.36-10 | http://mirror.example/debian bookworm/main amd64 Packages\n" +
				"      libc6 |    2.36-9 | http://mirror.example/debian bookworm/main amd64 Packages\n" +
				"   libc-bin |   2.36-10 | file:/mirror ./ Packages\n" +
				"libc6:arm64 |   2.36-11 | http://mirror.example/debian bookworm/main arm64 Packages\n" +
				"        new |    1~rc1  | http://mirror.example/debian bookworm/main amd64 Packages\n" +
				"     tzdata |    2025b  | http://mirror.example/debian bookworm/main Sources\n",
			"Err:1 http://x bookworm InRelease\n  Could not resolve\nW: Some index files failed to download.\n",
			[]string{"libc-bin", "libc6", "libc6:arm64", "new", "tzdata"},
			"glibc: no mirror has libc6:arm64 2.36-10 (only 2.36-11)|tzdata: no mirror has tzdata 2025b",
			"Err:1 http://x bookworm InRelease|W: Some index files failed to download.",
		},
		{
			"dnf", goodRPM, badRPM,
			// dnf 4 prints an empty line after each, dnf 5 does not.
			"bash 0:5.2.37-1.fc41 x86_64\n\nbash 0:5.2.32-1.fc41 x86_64\n\nopenssl-libs 1:3.2.4-1.fc41 x86_64\nopenssl-libs 1:3.2.2-7.fc41 i686\n",
			"", []string{"bash", "kernel-core", "openssl-libs", "openssl-libs"},
			"kernel: kernel-core is installed in several versions; no mirror has kernel-core 0:6.11.4-301.fc41|" +
				"openssl: no mirror has openssl-libs:i686 1:3.2.4-1.fc41 (only 1:3.2.2-7.fc41)",
			"",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := compare(t, test.good, test.bad)
			e := &fakeEngine{out: test.out, messages: test.messages}
			complaints, err := c.FindMissing(t.Context(), e, api.NetworkHost)
			if err != nil {
				t.Fatal(err)
			}
			if o := e.runs[0]; o.Image != "good" || o.Network != api.NetworkHost || !slices.Equal(o.Command[4:], test.asked) {
				t.Errorf("ran %+v", o)
			}
			var missing []string
			for _, u := range c.Missing() {
				missing = append(missing, u.Name+": "+strings.Join(u.Missing, "; "))
			}
			if got := strings.Join(missing, "|"); got != test.missing {
				t.Errorf("missing %q, want %q", got, test.missing)
			}
			if got := strings.Join(complaints, "|"); got != test.complaints {
				t.Errorf("complaints %q, want %q", got, test.complaints)
			}
		})
	}
	c := compare(t, goodDeb, badDeb)
	_, err := c.FindMissing(t.Context(), &fakeEngine{messages: "W: x\nE: no such thing\n", err: &api.ExitError{Code: 100}}, "")
	if err == nil || !strings.HasSuffix(err.Error(), "exited with status 100: E: no such thing") || errors.As(err, new(*api.ExitError)) {
		t.Errorf("error %v", err)
	}
}

func TestBuild(t *testing.T) {
	for _, test := range []struct {
		name, good, bad string
		asked           []string
		user            string
		last            []string // words of the last command, from "sh"
		froms           string
	}{
		{
			"apt", goodDeb, badDeb, []string{"glibc", "old", "new-source"}, "",
			[]string{
				"sh", "libc-bin=2.36-10", "libc6=2.36-10", "libc6:arm64=2.36-10", "new=1~rc1", "--",
				"libc-bin=2.36-10", "libc6=2.36-10", "libc6:arm64=2.36-10", "new=1~rc1", "old-",
			}, "FROM RUN RUN",
		},
		{"dnf", goodRPM, badRPM, []string{"openssl", "tzdata"}, "build", []string{"sh", "2", "openssl-libs-1:3.2.4-1.fc41", "openssl-libs-1:3.2.4-1.fc41.i686", "tzdata"}, "FROM USER RUN USER"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := compare(t, test.good, test.bad)
			c.Good.User = test.user
			for i := range c.Updates {
				if c.Updates[i].Name == "tzdata" && test.name == "apt" {
					c.Updates[i].Missing = []string{"gone"}
				}
			}
			e := &fakeEngine{}
			b := Builder{Engine: e, Comparison: c, Tag: "step"}
			if id, err := b.Build(t.Context(), test.asked); err != nil || id != "made" {
				t.Fatalf("%q, %v", id, err)
			}
			o := e.builds[0]
			if o.Tag != "step" || !o.Force || o.Pull != api.PullNever {
				t.Errorf("built %+v", o)
			}
			var froms []string
			var last string
			text := strings.ReplaceAll(string(o.Dockerfile), "\\\n", "")
			for line := range strings.Lines(text) {
				word, rest, _ := strings.Cut(line, " ")
				froms = append(froms, word)
				if word == "RUN" {
					last = rest
				}
			}
			if got := strings.Join(froms, " "); got != test.froms {
				t.Errorf("instructions %q, want %q in\n%s", got, test.froms, text)
			}
			var words []string
			if err := json.Unmarshal([]byte(last), &words); err != nil {
				t.Fatalf("%v in %s", err, last)
			}
			if !slices.Equal(words[3:], test.last) {
				t.Errorf("arguments %q, want %q", words[3:], test.last)
			}
		})
	}
}

func TestBuildRefused(t *testing.T) {
	c := compare(t, goodDeb, badDeb)
	e := &fakeEngine{out: "Reading\nE: Unable to correct problems\nE: second\n", err: &api.BuildError{Code: 100}}
	b := Builder{Engine: e, Comparison: c}
	_, err := b.Build(t.Context(), []string{"tzdata"})
	if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Reason != "E: Unable to correct problems" {
		t.Errorf("error %v", err)
	}
	e.err = &api.BuildError{BaseMissing: true}
	if _, err := b.Build(t.Context(), nil); errors.As(err, new(*RefusedError)) || err == nil {
		t.Errorf("error %v", err)
	}
	c.Good.User = "a b"
	if _, err := b.Build(t.Context(), nil); err == nil {
		t.Error("built with a user that is none")
	}
	e.err = api.ErrNoImage
	if err := b.Remove(t.Context()); err != nil {
		t.Error(err)
	}
	if e.err = errors.New("in use"); b.Remove(t.Context()) == nil {
		t.Error("no error")
	}
}

// tools creates a directory of shell scripts that log their calls.
func tools(t *testing.T, script string, names ...string) (dir, calls string) {
	t.Helper()
	dir = t.TempDir()
	calls = filepath.Join(dir, "calls")
	for _, name := range names {
		text := "#!/bin/sh\necho " + name + " \"$@\" >>" + calls + "\n" + script
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, calls
}

// The script for dnf installs the updates and removes packages that remain.
func TestDnfScript(t *testing.T) {
	dir, calls := tools(t, `case "$*" in *gone*) exit 1;; esac`, "dnf", "rpm")
	var out bytes.Buffer
	if err := shell(t, dir, &out, layerDnf, "2", "a-0:1-1", "b-1:2-1.i686", "c", "gone"); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	got, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	want := `dnf --assumeyes --setopt=install_weak_deps=False --allowerasing install a-0:1-1 b-1:2-1.i686
rpm --query c
dnf --assumeyes --setopt=clean_requirements_on_remove=False remove c
rpm --query gone
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := shell(t, dir, &out, layerDnf, "1", "gone"); err == nil {
		t.Error("a package that cannot be installed is no error")
	}
}

func shell(t *testing.T, dir string, out io.Writer, script string, arguments ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, arguments...)...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}
