// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A hostileRepo is a repository in which every setting, hook and driver would create a
// marker file.
type hostileRepo struct {
	dir     string
	markers string // directory
	commit  string // claims to be signed
}

func plainGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := plainGitTry(dir, args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(out)
}

func plainGitTry(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.org"}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func put(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func isolate(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, ".gitconfig"))
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("TMPDIR", t.TempDir())
	return home
}

// program returns a shell command that creates a marker.
func (h *hostileRepo) program(name string) string {
	return fmt.Sprintf("touch '%s/%s'; exit 1; :", h.markers, name)
}

// executable returns a program that creates a marker, for settings that are not shell
// commands.
func (h *hostileRepo) executable(t *testing.T, name string) string {
	file := filepath.Join(h.dir, "evil", name)
	put(t, file, "#!/bin/sh\n"+h.program(name)+"\n", 0o755)
	return file
}

// hostileConfig returns a configuration with a program in every setting that git runs.
func (h *hostileRepo) hostileConfig(t *testing.T) string {
	var b strings.Builder
	set := func(section, name, value string) {
		fmt.Fprintf(&b, "[%s]\n\t%s = %s\n", section, name, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`)
	}
	for _, name := range []string{"fsmonitor", "pager", "editor", "sshCommand", "askPass", "gitProxy", "alternateRefsCommand"} {
		set("core", name, h.executable(t, "core."+name))
	}
	set("core", "hooksPath", filepath.Join(h.dir, "evil", "hooks"))
	set("core", "attributesFile", filepath.Join(h.dir, "evil", "attributes"))
	for _, name := range []string{"log", "rev-parse", "status", "config", "checkout", "push", "symbolic-ref", "for-each-ref", "remote"} {
		set("alias", name, "!"+h.program("alias."+name))
		set("pager", name, h.program("pager."+name))
	}
	for _, section := range []string{"gpg", `gpg "openpgp"`, `gpg "x509"`, `gpg "ssh"`} {
		set(section, "program", h.executable(t, "gpg"))
	}
	set("log", "showSignature", "true")
	set("push", "gpgSign", "true")
	set("push", "recurseSubmodules", "on-demand")
	set("submodule", "recurse", "true")
	set("status", "submoduleSummary", "true")
	for _, name := range []string{"clean", "smudge", "process"} {
		set(`filter "evil"`, name, h.program("filter."+name))
	}
	set(`filter "evil"`, "required", "true")
	for _, name := range []string{"textconv", "command"} {
		set(`diff "evil"`, name, h.program("diff."+name))
	}
	set("diff", "external", h.executable(t, "diff.external"))
	set(`merge "evil"`, "driver", h.program("merge.driver"))
	set("credential", "helper", "!"+h.program("credential.helper"))
	set("protocol", "allow", "always")
	set(`protocol "ext"`, "allow", "always")
	set(`remote "ext"`, "url", "ext::"+h.executable(t, "ext"))
	set(`remote "vcs"`, "url", "https://127.0.0.1:1/x")
	set(`remote "vcs"`, "vcs", "evil")
	set(`remote "ssh"`, "url", "ssh://git@127.0.0.1:1/x")
	set(`remote "git"`, "url", "git://127.0.0.1:1/x")
	set(`remote "https"`, "url", "https://127.0.0.1:1/x")
	set(`remote "inside"`, "url", filepath.Join(h.dir, "nested"))
	set(`remote "relative"`, "url", "./nested")
	set(`remote "outside"`, "url", filepath.Join(filepath.Dir(h.dir), "outside.git"))
	set(`remote "outside"`, "receivepack", h.program("remote.receivepack"))
	set(`remote "outside"`, "promisor", "true")
	set(`remote "outside"`, "uploadpack", h.program("remote.uploadpack"))
	set("remote", "pushDefault", "outside")
	set("uploadpack", "packObjectsHook", h.program("uploadpack.packObjectsHook"))
	set("trailer", "ifexists", "add")
	set(`trailer "x"`, "command", h.program("trailer"))
	set("sequence", "editor", h.program("sequence.editor"))
	set("include", "path", filepath.Join(h.dir, "evil", "included"))
	put(t, filepath.Join(h.dir, "evil", "included"), "[core]\n\tfsmonitor = "+h.executable(t, "included.fsmonitor")+"\n", 0o644)
	return b.String()
}

var hookNames = []string{
	"pre-push", "post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman", "pre-receive", "update", "post-receive",
	"post-update", "proc-receive", "push-to-checkout", "sendemail-validate", "post-rewrite", "pre-commit", "post-commit",
}

func newHostileRepo(t *testing.T) *hostileRepo {
	t.Helper()
	top := t.TempDir()
	h := &hostileRepo{dir: filepath.Join(top, "work"), markers: filepath.Join(top, "markers")}
	put(t, filepath.Join(h.markers, ".keep"), "", 0o644)
	plainGit(t, top, "init", "-q", "-b", "main", h.dir)
	put(t, filepath.Join(h.dir, ".gitattributes"), "*.x filter=evil diff=evil merge=evil\n", 0o644)
	put(t, filepath.Join(h.dir, "file.x"), "text\n", 0o644)
	put(t, filepath.Join(h.dir, "sub", "file.x"), "text\n", 0o644)
	plainGit(t, h.dir, "add", "-A")
	plainGit(t, h.dir, "commit", "-q", "-m", "begin")
	h.addNested(t)
	plainGit(t, h.dir, "commit", "-q", "-m", "a module")
	raw := plainGit(t, h.dir, "cat-file", "commit", "HEAD")
	head, message, _ := strings.Cut(raw, "\n\n")
	put(t, filepath.Join(top, "signed"), head+"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n\n"+message+"\n", 0o644)
	h.commit = plainGit(t, h.dir, "hash-object", "-t", "commit", "-w", filepath.Join(top, "signed"))
	plainGit(t, h.dir, "update-ref", "refs/heads/main", h.commit)
	plainGit(t, top, "init", "-q", "--bare", "outside.git")
	for _, hook := range hookNames {
		text := "#!/bin/sh\n" + h.program("hook."+hook) + "\n"
		put(t, filepath.Join(h.dir, ".git", "hooks", hook), text, 0o755)
		put(t, filepath.Join(h.dir, "evil", "hooks", hook), text, 0o755)
		put(t, filepath.Join(h.dir, "nested", "hooks", hook), text, 0o755)
	}
	put(t, filepath.Join(h.dir, "evil", "attributes"), "* filter=evil diff=evil\n", 0o644)
	put(t, filepath.Join(h.dir, ".git", "info", "attributes"), "* filter=evil diff=evil\n", 0o644)
	config := h.hostileConfig(t)
	for _, file := range []string{".git/config", "nested/config", "module/.git/config"} {
		old, err := os.ReadFile(filepath.Join(h.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(h.dir, file), string(old)+config, 0o644)
	}
	put(t, filepath.Join(h.dir, "file.x"), "changed\n", 0o644) // so that "status" looks at it
	put(t, filepath.Join(h.dir, "module", "file.x"), "changed\n", 0o644)
	return h
}

func (h *hostileRepo) addNested(t *testing.T) {
	t.Helper()
	plainGit(t, h.dir, "clone", "-q", "--bare", ".", "nested")
	plainGit(t, h.dir, "clone", "-q", ".", "module")
	plainGit(t, h.dir, "add", "module")
}

func (h *hostileRepo) found(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(h.markers)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != ".keep" {
			names = append(names, e.Name())
			_ = os.Remove(filepath.Join(h.markers, e.Name()))
		}
	}
	return names
}

// TestHostileRepoIsHostile checks that the markers would appear.
func TestHostileRepoIsHostile(t *testing.T) {
	isolate(t)
	h := newHostileRepo(t)
	_, _ = plainGitTry(h.dir, "log", "-1")
	_, _ = plainGitTry(h.dir, "status")
	_, _ = plainGitTry(h.dir, "diff")
	_, _ = plainGitTry(h.dir, "push", "--no-signed", "--recurse-submodules=no", "outside", "HEAD:refs/heads/x")
	_, _ = plainGitTry(h.dir, "push", "--no-signed", "ext", "HEAD")
	_, _ = plainGitTry(h.dir, "push", "--no-signed", "ssh", "HEAD")
	_, _ = plainGitTry(h.dir, "update-ref", "refs/heads/y", h.commit)
	_, _ = plainGitTry(filepath.Join(h.dir, "nested"), "log", "-1")
	found := h.found(t)
	for _, want := range []string{"included.fsmonitor", "core.sshCommand", "gpg", "ext", "remote.receivepack", "filter.process", "hook.reference-transaction"} {
		if !slices.Contains(found, want) {
			t.Errorf("plain git does not run %s: %v", want, found)
		}
	}
}
