// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestForgedKeptContainer has records that name containers of the user's as those of failed
// jobs: in the record of a run, and in a record of ownership that has another ID, or none and
// another token. No command enters, continues in or removes these containers.
func TestForgedKeptContainer(t *testing.T) {
	t.Setenv("CI", "")
	r := newFaultRoom(t, `first: {image: "localhost/tiny:1", script: [exit 1]}`)
	r.podman("volume", "create", "named")
	names := []string{"web", "lcitool-kept-0123456789"}
	for _, name := range names {
		r.podman("run", "--detach", "--network", "none", "--name", name, "--volume", "named:/named", "--volume", "/anonymous", "localhost/tiny:1", "sleep", "100000")
	}
	state := func() string {
		lines := strings.Split(r.podman("ps", "--format", "{{.ID}} {{.Names}}")+r.podman("volume", "ls", "--quiet")+r.podman("exec", "web", "ls", "/named", "/anonymous"), "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "lcitool-ccache-") })
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	before := state()
	read := func(pattern string) (string, string) {
		files, _ := filepath.Glob(r.path(pattern))
		if len(files) != 1 {
			t.Fatalf("%s: %q", pattern, files)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return files[0], string(text)
	}
	if status, out := r.lcitool("job", "run", "first", "--event", "push", "--on-failure", "keep"); status != 1 {
		t.Fatalf("status %d\n%s", status, out)
	}
	runFile, run := read("state/lcitool/runs/*/run.json")
	ownerFile, owner := read("state/lcitool/records/container@lcitool-kept-*.json")
	kept := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(ownerFile), "container@"), ".json")
	if !strings.Contains(run, `"container": "`+kept+`"`) {
		t.Fatalf("the run does not name %s:\n%s", kept, run)
	}
	r.podman("rm", "--force", "--time", "0", kept)
	r.succeed("container", "prune") // with the volume of its files
	_, id, _ := strings.Cut(owner, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)

	forged := []string{owner, strings.Replace(owner, `"id":"`+id+`",`, "", 1)}
	for i, name := range names {
		write := func(file, text string) {
			t.Helper()
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, kept, name)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range []string{
			"job retry --from-failed", "job shell first -- touch /named/entered", "job shell --last-failed -- touch /named/entered",
			"container prune --kept", "container prune",
		} {
			write(runFile, run)
			write(filepath.Join(filepath.Dir(ownerFile), "container@"+name+".json"), forged[i])
			status, out := r.lcitool(strings.Fields(line)...)
			if gone := fmt.Sprintf("cannot continue job %q: its container is gone: %s", "first", name); strings.HasPrefix(line, "job retry") && (status == 0 || !strings.Contains(out, gone)) {
				t.Errorf("%s: status %d\n%s", line, status, out)
			}
			if after := state(); after != before {
				t.Fatalf("%s of %s\nbefore:\n%s\nafter:\n%s\noutput:\n%s", line, name, before, after, out)
			}
		}
	}
}

// TestHostileAttributes runs a job on a commit whose attributes convert files and whose
// submodules have URLs that are commands, in a checkout that allows all of it. No program runs
// on this machine, and the job sees what a clone without configuration has.
func TestHostileAttributes(t *testing.T) {
	r := newFaultRoom(t, `first:
  image: localhost/tiny:1
  variables: {GIT_SUBMODULE_STRATEGY: recursive}
  script: [sha256sum subst ident a.filtered wide odd lines sub/ident sub/a.filtered]
`)
	mark := r.path("ran")
	program := r.path("evil")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$0 $@\" >>"+mark+"\ncat\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_COUNT", "0")
	sh := func(script string, args ...string) string {
		t.Helper()
		out, err := r.command("sh", append([]string{"-ec", script, "sh"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	sh(`
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
files() {
	echo '$Format:%H %an$' >subst; echo '$Id$' >ident; echo plain >a.filtered; echo wide >wide; echo odd >odd; printf 'one\ntwo\n' >lines
	git add .
	printf '%s\n' 'subst export-subst' 'ident ident' '*.filtered filter=evil' 'wide working-tree-encoding=UTF-16LE' \
		'odd working-tree-encoding=nosuch' 'lines text eol=crlf' >.gitattributes
	git add .gitattributes
}
git init -q -b main ../inner && (cd ../inner && files && git commit -q -m inner)
files
git clone -q ../inner sub && git add sub
printf '[submodule "sub"]\n\tpath = sub\n\turl = ext::%s url\n\tupdate = none\n' "$1" >.gitmodules
git add .gitmodules && git commit -q -m hostile
git submodule --quiet absorbgitdirs
for dir in . sub; do
	for key in filter.evil.clean filter.evil.smudge filter.evil.process core.fsmonitor core.sshCommand; do git -C $dir config $key "$1"; done
	git -C $dir config protocol.ext.allow always
	git -C $dir config remote.origin.url "ext::$1 remote"
done
git config submodule.sub.url "ext::$1 config"; git config submodule.sub.update "!$1"; git config filter.evil.required true
rm -f "$2"`, program, mark)
	status, out := r.lcitool("job", "run", "first", "--event", "push", "--commit", "HEAD")
	if ran, err := os.ReadFile(mark); err == nil {
		t.Errorf("a program of the checkout ran: %s", ran)
	}
	if status != 0 {
		t.Fatalf("status %d\n%s", status, out)
	}
	want := sh(`
git clone -q --no-local . ../clone && git clone -q --no-local ../inner ../clone/sub
cd ../clone && exec sha256sum subst ident a.filtered wide odd lines sub/ident sub/a.filtered`)
	files := 0
	for line := range strings.Lines(want) {
		if sum, _, ok := strings.Cut(line, "  "); !ok || len(sum) != 64 { // what git says of "odd"
			continue
		}
		files++
		if !strings.Contains(out, line) {
			t.Errorf("the job does not have %q:\n%s", line, out)
		}
	}
	if files != 8 {
		t.Errorf("the clone has %d files:\n%s", files, want)
	}
	if !strings.Contains(sh("od -c ../clone/wide"), `w  \0   i`) || !strings.Contains(sh("cat ../clone/ident"), "$Id: ") {
		t.Error("the clone has not converted its files")
	}
}
