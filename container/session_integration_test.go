// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

// session starts a container that is removed with the test.
func session(t *testing.T, e *Engine, o api.StartOptions) *Container {
	t.Helper()
	if o.Image == "" {
		o.Image, o.Network = base, api.NetworkNone
	}
	c, err := e.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func execSh(t *testing.T, c *Container, script string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if _, err := c.Exec(t.Context(), api.ExecOptions{Command: sh(script), Stdout: &out, Stderr: &errs}); err != nil {
		t.Errorf("%s: %v\n%s", script, err, errs.String())
	}
	return out.String()
}

func TestExecPassesStatusOn(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c := session(t, e, api.StartOptions{})
	cases := []struct {
		command []string
		code    int
		exit    bool
	}{
		{sh("exit 0"), 0, false},
		{sh("exit 3"), 3, true},
		{sh("kill -9 $$"), 137, true},
		{sh("kill -TERM $$"), 143, true},
		{sh("exec >&- 2>&-; sleep 0.5; exit 4"), 4, true},
		{sh("sleep 300 & exit 6"), 6, true}, // its descendant holds the streams
		{[]string{"/bin/noexec"}, 126, false},
		{[]string{"/no/such/command"}, 127, false},
		{[]string{"nosuchcommand"}, 127, false},
	}
	for _, k := range cases {
		t.Run(strings.Join(k.command, " "), func(t *testing.T) {
			var errs bytes.Buffer
			result, err := c.Exec(t.Context(), api.ExecOptions{Command: k.command, Stderr: &errs})
			if api.Status(err) != k.code {
				t.Fatalf("status %d (%v), want %d", api.Status(err), err, k.code)
			}
			if _, ok := errors.AsType[*api.ExitError](err); ok != k.exit {
				t.Errorf("error %v: is an ExitError: %v, want %v", err, ok, k.exit)
			}
			if errs.Len() > 0 || k.exit && result.Code != k.code {
				t.Errorf("result %d, want %d; stderr %q", result.Code, k.code, errs.String())
			}
			t.Log(result.Duration, err)
		})
	}
}

func TestExecStreams(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c := session(t, e, api.StartOptions{ContainerOptions: api.ContainerOptions{Env: []string{"A=container", "B=container"}}})
	sent := strings.Repeat("0123456789abcdef\n", 300_000)
	var out, errs bytes.Buffer
	// One stream at a time: podman 5.4 loses stderr while it reads a large stdin.
	if _, err := c.Exec(t.Context(), api.ExecOptions{Command: []string{"cat"}, Stdin: strings.NewReader(sent), Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if out.String() != sent {
		t.Errorf("%d bytes of %d", out.Len(), len(sent))
	}
	out.Reset()
	o := api.ExecOptions{Command: sh("echo err $A $B $PWD >&2; echo out"), Env: []string{"B=exec"}, WorkDir: "/tmp", Stdout: &out, Stderr: &errs}
	if _, err := c.Exec(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if out.String() != "out\n" || errs.String() != "err container exec /tmp\n" {
		t.Errorf("stdout %q, stderr %q", out.String(), errs.String())
	}
	if got := execSh(t, c, "cat; echo end"); got != "end\n" {
		t.Errorf("without stdin: %q", got)
	}
	for range 30 { // a short life must not lose its output
		if got := execSh(t, c, "echo short"); got != "short\n" {
			t.Errorf("got %q", got)
		}
	}
}

func TestExecIsEnded(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c := session(t, e, api.StartOptions{})
	for name, script := range map[string]string{
		"plain":        "echo rea''dy; sleep 1000",
		"ignores TERM": "trap '' TERM; echo rea''dy; while :; do sleep 1000; done",
		"daemon":       "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 1001' </dev/null >/dev/null 2>&1 &); echo rea''dy; sleep 1000",
		"no mark":      "trap '' TERM; echo rea''dy; exec env -i /bin/sh -c 'while :; do /bin/sleep 1000; done'",
		"no streams":   "trap '' TERM; echo rea''dy; exec >&- 2>&- <&-; while :; do sleep 1000; done",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			reason := errors.New("enough")
			out := &trigger{word: "ready", do: func() { cancel(reason) }}
			started := time.Now()
			_, err := c.Exec(ctx, api.ExecOptions{Command: sh(script), Stdout: out, Grace: 200 * time.Millisecond})
			if !errors.Is(err, reason) {
				t.Errorf("error %v", err)
			}
			if took := time.Since(started); took > 2*time.Minute {
				t.Errorf("took %v", took)
			} else {
				t.Log(took)
			}
			if left := execSh(t, c, "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep 'sleep 100[01] $' || :; done"); left != "" {
				t.Errorf("left: %s", left)
			}
		})
	}
	_, err := c.Exec(t.Context(), api.ExecOptions{Command: sh("sleep 1000"), Timeout: 200 * time.Millisecond, Grace: time.Second})
	if !errors.Is(err, api.ErrTimeout) || api.Status(err) != 124 {
		t.Errorf("error %v", err)
	}
}

// TestSessionHides: hidden files of a tree are not visible, and stay on the host whatever
// the container creates in their place.
func TestSessionHides(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	dir := t.TempDir()
	for _, name := range []string{"seen", ".ours/file"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := session(t, e, api.StartOptions{ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: dir, Target: "/tree", Overlay: true, Hide: ".ours"}}}})
	if got := execSh(t, c, "cd /tree; ls -A; mkdir .ours; ls -A .ours"); got != "seen\n" {
		t.Errorf("the container sees %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(dir, ".ours/file")); err != nil || string(text) != "text" {
		t.Errorf("on the host: %q, %v", text, err)
	}
}

func TestSessionPutAndGet(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c := session(t, e, api.StartOptions{ContainerOptions: api.ContainerOptions{User: "inside"}})
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []*tar.Header{{Name: "sub/", Typeflag: tar.TypeDir, Mode: 0o750}, {Name: "sub/run", Mode: 0o755, Size: 4, Uid: 77}} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			_, _ = io.WriteString(w, "text")
		}
	}
	_ = w.Close()
	if err := c.Put(t.Context(), "/new/dir", &archive); err != nil {
		t.Fatal(err)
	}
	if got := execSh(t, c, "cd /new/dir; stat -c '%n %a %u:%g' sub sub/run; cat sub/run; touch sub/mine"); got != "sub 750 1234:1235\nsub/run 755 1234:1235\ntext" {
		t.Errorf("got %q", got)
	}
	var out bytes.Buffer
	if err := c.Get(t.Context(), "/new/dir/sub", &out); err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(&out); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		names = append(names, fmt.Sprintf("%s %o", path.Clean(h.Name), h.Mode)) // podman 5.7 has sub/ for a directory
	}
	if got := strings.Join(names, ", "); got != "sub 750, sub/mine 644, sub/run 755" {
		t.Errorf("got %s", got)
	}
	execSh(t, c, "cd /new/dir; ln -s sub first; ln -s first second; ln -s nowhere gone")
	for name, want := range map[string]string{"first": "sub", "second": "first", "sub": ""} {
		var link bytes.Buffer
		if err := c.GetNoFollow(t.Context(), "/new/dir/"+name, &link); err != nil {
			t.Fatal(err)
		}
		if h, err := tar.NewReader(&link).Next(); err != nil || path.Clean(h.Name) != name || h.Linkname != want {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
	for _, name := range []string{"/no/such", "/new/dir/gone"} {
		if err := c.GetNoFollow(t.Context(), name, io.Discard); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := c.Get(t.Context(), "/no/such", io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if err := c.Put(t.Context(), "rel", &archive); err == nil || !strings.Contains(err.Error(), "not absolute") {
		t.Errorf("error %v", err)
	}
	if err := c.Put(t.Context(), "/x", strings.NewReader("this is no archive, however long it may be")); err == nil {
		t.Error("no archive was taken for one")
	} else {
		t.Log(err)
	}
}

// TestPathsAreNoPatterns: a file is found by its own name, whatever characters of patterns
// the name has, and no other file is.
func TestPathsAreNoPatterns(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c := session(t, e, api.StartOptions{})
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	names := []string{"[id].tsx", "i.tsx", `a\b`, "ab", "q?", "qq", "*.txt", ").txt", "b.txt", "[x", "x]", "{a,b}", "[^d]/f", "e/f", "[a-]/[b]", "*d/f", "+d/f"}
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(name))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, name); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"[l]": "x]", "[k]xx": "[id].tsx"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const dir = `/new/[0-9]\?`
	if err := c.Put(t.Context(), dir, &archive); err != nil {
		t.Fatal(err)
	}
	var empty bytes.Buffer
	if err := tar.NewWriter(&empty).Close(); err != nil {
		t.Fatal(err)
	}
	execSh(t, c, `chmod 700 '`+dir+`'`)
	if err := c.Put(t.Context(), dir, &empty); err != nil {
		t.Error(err)
	}
	if mode := execSh(t, c, `ls -ld '`+dir+`'`); !strings.HasPrefix(mode, "drwx------") { // it exists
		t.Errorf("the mode is %s", mode)
	}
	for _, get := range []func(context.Context, string, io.Writer) error{c.Get, c.GetNoFollow} {
		for _, name := range names[:len(names)-2] {
			var got bytes.Buffer
			if err := get(t.Context(), path.Join(dir, name), &got); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			in := tar.NewReader(&got)
			h, err := in.Next()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			text, _ := io.ReadAll(in)
			_, err = in.Next()
			if h.Name != path.Base(name) || string(text) != name || !errors.Is(err, io.EOF) {
				t.Errorf("%s: got %s with %q, then %v", name, h.Name, text, err)
			}
		}
		for _, name := range []string{"[q]q", "?b", "*b", "*.tsx", `\ab`} {
			if err := get(t.Context(), path.Join(dir, name), io.Discard); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := get(t.Context(), path.Join(dir, "*d/f"), io.Discard); err == nil || !strings.Contains(err.Error(), "podman reads no files in directories") {
			t.Errorf("*d/f: %v", err)
		}
	}
	for name, want := range map[string]string{"[l]": "x]", "[k]xx": "[id].tsx"} {
		var link bytes.Buffer
		if err := c.GetNoFollow(t.Context(), path.Join(dir, name), &link); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if h, err := tar.NewReader(&link).Next(); err != nil || h.Linkname != want {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

// TestSessionMountsFiles must return the container's own files, whatever it did to those
// mounted from this machine.
func TestSessionMountsFiles(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	files := api.Tree{Target: "/", AsPacked: true, Mounted: []string{"/state", "/.mark"}, Tar: packed(
		packedFile{"state/steps", 0o666, []byte("old")}, packedFile{"state/forged", 0o666, []byte("old")}, packedFile{".mark", 0o755, nil},
	)}
	for name, mounts := range map[string][]api.Mount{"copied": nil, "mounted": {{Source: t.TempDir(), Target: "/tree", Overlay: true}}} {
		t.Run(name, func(t *testing.T) {
			c := session(t, e, api.StartOptions{ContainerOptions: api.ContainerOptions{Mounts: mounts, Trees: []api.Tree{files}}})
			if got := os.Getuid() == 0 && mounts != nil; got != (len(c.mounted) > 0) {
				t.Errorf("mounted: %q", c.mounted)
			}
			script := "stat -c '%n %a %u %s' /.mark; cd /state; cat steps; stat -c ' %a %u' steps; echo new > steps; rm forged; ln -s /etc/passwd forged; grep -c :0: forged"
			if got := execSh(t, c, script); got != "/.mark 755 0 0\nold 666 0\n1\n" {
				t.Errorf("got %q", got)
			}
			inside := execSh(t, c, "cat /etc/passwd")
			for from, want := range map[string]string{"/state/steps": "new\n", "/state/forged": inside} {
				var out bytes.Buffer
				if err := c.Get(t.Context(), from, &out); err != nil {
					t.Fatal(err)
				}
				r := tar.NewReader(&out)
				if _, err := r.Next(); err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(r); string(text) != want || err != nil {
					t.Errorf("%s: %q, %v", from, text, err)
				}
			}
			if err := c.Get(t.Context(), "/state/none", io.Discard); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestSessionLowPorts: in a network of its own, each user may listen on port 80.
func TestSessionLowPorts(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	for network, own := range map[api.Network]bool{api.NetworkNone: true, api.NetworkHost: false} {
		o := api.StartOptions{ContainerOptions: api.ContainerOptions{Image: base, Network: network, User: "inside"}, Session: api.Session{AsImage: true}}
		got := strings.TrimSpace(execSh(t, session(t, e, o), "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"))
		if own && got != "0" && !e.refusedPorts.Load() { // a runtime in a container may have no right to set it
			t.Errorf("network %q: %q", network, got)
		}
	}
}

func TestKeep(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := session(t, e, api.StartOptions{
		ContainerOptions: api.ContainerOptions{
			Image: base, Network: api.NetworkNone, User: "daemon", Labels: map[string]string{"job": "x"}, Mounts: []api.Mount{{Source: dir, Target: "/tree", Overlay: true}},
		},
	})
	if _, err := c.Exec(t.Context(), api.ExecOptions{User: "0", Command: sh("echo new >/tree/file; echo more >/tree/more; echo etc >/etc/kept")}); err != nil {
		t.Fatal(err)
	}
	if got := execSh(t, c, "cat /tree/more; whoami"); got != "more\ndaemon\n" {
		t.Errorf("second exec: %q", got)
	}
	name, err := c.Keep(t.Context())
	if err != nil || !strings.HasPrefix(name, keptPrefix) {
		t.Fatal(name, err)
	}
	if again, err := c.Keep(t.Context()); err != nil || again != name {
		t.Errorf("kept again: %s, %v", again, err)
	}
	all, err := e.Kept(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != name || all[0].Labels["job"] != "x" || !all[0].Running || time.Since(all[0].Created) > time.Minute {
		t.Errorf("kept: %+v, %v", all, err)
	}
	o, err := e.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if got := execSh(t, o, "cat /tree/more; whoami"); got != "more\ndaemon\n" {
		t.Errorf("opened: %q", got)
	}
	here.podman(t, "stop", "--time=0", name)
	if o, err = e.Open(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if got := execSh(t, o, "cat /etc/kept /tree/more; whoami"); got != "etc\nmore\ndaemon\n" {
		t.Errorf("stopped and started: %q", got)
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "file")); string(data) != "old" {
		t.Errorf("the source became %q", data)
	}
	if _, err := e.Open(t.Context(), "lcitool-kept-none"); !errors.Is(err, api.ErrNotKept) {
		t.Errorf("error %v", err)
	}
}

// TestExecServiceDies: the output is lost, which is reported soon, and no command continues.
func TestExecServiceDies(t *testing.T) {
	o := here.options()
	o.RuntimeDir = here.dir + "/" + randomName()
	e, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range processes("system service", o.RuntimeDir) {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
	})
	nothingLeft(t, e)
	c := session(t, e, api.StartOptions{})
	kill := &trigger{word: "ready", do: func() {
		for _, pid := range processes("system service", o.RuntimeDir) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}}
	started := time.Now()
	_, err = c.Exec(t.Context(), api.ExecOptions{Command: sh("echo ready; sleep 1002"), Stdout: kill})
	if _, ok := errors.AsType[*api.EngineError](err); !ok || api.Status(err) != 125 || time.Since(started) > 2*time.Minute {
		t.Errorf("after %v: %v", time.Since(started), err)
	}
	t.Log(time.Since(started), err)
	if left := processes("sleep", "1002"); len(left) > 0 {
		t.Errorf("the command runs on: %v", left)
	}
	if got := execSh(t, c, "echo works"); got != "works\n" {
		t.Errorf("next: %q", got)
	}
}

// TestKeptOutlivesItsClient: the next run and prune remove kept containers only above the
// limit. Those that are not kept are removed with their files.
func TestKeptOutlivesItsClient(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	killedClient(t, "session")
	killedClient(t, "keep")
	if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: []string{"true"}}); err != nil {
		t.Fatal(err)
	}
	removed, err := e.Prune(t.Context(), api.PruneOptions{})
	if err != nil || len(removed) > 0 {
		t.Errorf("removed %v, %v", removed, err)
	}
	all, err := e.Kept(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("kept %v, %v", all, err)
	}
	c, err := e.Open(t.Context(), all[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	if got := execSh(t, c, "cat /tree/new"); got != "new\n" {
		t.Errorf("got %q", got)
	}
	for range keptMost {
		if _, err := session(t, e, api.StartOptions{}).Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Open(t.Context(), all[0].Name); !errors.Is(err, api.ErrNotKept) {
		t.Errorf("the oldest of too many: %v", err)
	}
	if names := here.podman(t, "volume", "ls", "-q"); names != "" {
		t.Errorf("volumes: %s", names)
	}
	listed, err := e.Prune(t.Context(), api.PruneOptions{Kept: true, DryRun: true})
	if err != nil || len(listed) != keptMost {
		t.Errorf("would remove %v, %v", listed, err)
	}
	if removed, err = e.Prune(t.Context(), api.PruneOptions{Kept: true}); err != nil || len(removed) != keptMost {
		t.Errorf("removed %v, %v", removed, err)
	}
}
