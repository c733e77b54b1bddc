// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
)

func TestResolveUserWithoutTheImage(t *testing.T) {
	for wanted, want := range map[string]string{
		"":            "0:0 /root",
		"root":        "0:0 /root",
		"0":           "0:0 /root",
		"0:0":         "0:0 /root",
		"0:5":         "0:5 /root",
		"12:34":       "12:34 /home/user fresh",
		"4294967":     "4294967 /home/user fresh",
		"daemon":      "1:1 /home/daemon fresh host",
		"1":           "1:1 /home/daemon fresh host",
		"-1":          "user, -1 not found",
		"1:-1":        "user, 1:-1 not found",
		"1:2:3":       "user, 1:2:3 not found",
		":":           "user, : not found",
		"1:":          "user, 1: not found",
		"+1:1":        "user, +1:1 not found",
		"a b":         "user, a b not found",
		"../x":        "user, ../x not found",
		"a\nb":        "user, a\nb not found",
		"9999999999":  "user, 9999999999 not found",
		"99999999999": "", // not a number of ours, so a name: asks the image
	} {
		if want == "" {
			continue
		}
		u, err := (&Engine{}).resolveUser(t.Context(), "x", wanted)
		got := u.spec() + " " + u.Home
		if u.Fresh {
			got += " fresh"
		}
		if u.OnHost {
			got += " host"
		}
		if err != nil {
			got = err.Error()
			if !errors.Is(err, api.ErrNoUser) {
				t.Errorf("%q: %v is not ErrNoUser", wanted, err)
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", wanted, got, want)
		}
	}
}

func TestUserFromArchive(t *testing.T) {
	passwd := "root:x:0:0::/root:/bin/sh\nshort:x\nbuild:x:5:6::/home/build/:/bin/sh\nsys:x:7:8::/usr/sbin:/bin/sh\nbad:x:y:8::/:/bin/sh\nup:x:9:9::/home/../etc:/x\n"
	for name, want := range map[string]string{
		"build": "5:6 /home/build false",
		"sys":   "7:8 /home/sys true",
		"root":  "0:0 /root false",
		"up":    "9:9 /home/up true",
		"bad":   "user, y:8 not found",
		"short": "user, short not found",
		"none":  "user, none not found",
	} {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: "passwd", Mode: 0o644, Size: int64(len(passwd))}), writeTo(w, passwd), w.Close()); err != nil {
			t.Fatal(err)
		}
		u, err := userFromImage(name, func(string) (io.Reader, error) { return bytes.NewReader(archive.Bytes()), nil })
		got := u.spec() + " " + u.Home + map[bool]string{true: " true", false: " false"}[u.Fresh]
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if _, err := userFromImage("x", func(string) (io.Reader, error) { return strings.NewReader("no tar"), nil }); !errors.Is(err, api.ErrNoUser) {
		t.Errorf("got %v", err)
	}
}

func writeTo(w *tar.Writer, text string) error {
	_, err := w.Write([]byte(text))
	return err
}

func TestAccounts(t *testing.T) {
	if _, err := fromAccount(&user.User{Uid: "x", Gid: "1"}); err == nil {
		t.Error("accepted an account without a number")
	}
	if u, err := fromAccount(&user.User{Uid: "7", Gid: "8", Username: "a/../b"}); err != nil || u.Home != "/home/user" {
		t.Errorf("got %+v, %v", u, err)
	}
	u := runUser{Name: "me", UID: 5, GID: 6, Home: "/home/me"}
	got := string(passwdCopy([]byte("root:x:0:0::/root:/bin/bash\nme:x:5:6:Me:/usr/me:/bin/zsh\nmeat:x:7:7::/:/bin/zsh\nbroken\n"), u))
	if want := "root:x:0:0::/root:/bin/bash\nme:x:5:6:Me:/home/me:/bin/sh\nmeat:x:7:7::/:/bin/zsh\nbroken\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	passwd, _, err := hostFiles(runUser{Name: "from-ldap", UID: 70000, GID: 70001, Home: "/home/from-ldap"})
	if err != nil || !strings.HasSuffix(string(passwd), "\nfrom-ldap:x:70000:70001::/home/from-ldap:/bin/sh\n") {
		t.Errorf("got %s, %v", passwd, err)
	}
}

func TestStorage(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	script := filepath.Join(work, "s")
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(script, []byte("#!"), 0o600), os.Symlink(work, link)); err != nil {
		t.Fatal(err)
	}
	s := specgen.NewSpecGenerator("x", false)
	o := api.RunOptions{ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: "/a", Target: "/b", Overlay: true}}, Volumes: []api.Volume{{Name: "v", Target: "/v", ReadOnly: true}}}, Script: script, WorkloadDir: link}
	daemon := runUser{Name: "daemon", UID: 1, GID: 1, Home: "/home/daemon", OnHost: true, Fresh: true}
	own, err := ownMounts(o, daemon, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := addStorage(o.ContainerOptions, s, daemon, dir, own); err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{}
	for _, m := range s.Mounts {
		targets[m.Destination] = m.Source
	}
	if len(targets) != 4 || targets["/home/daemon/datadir"] != work || targets["/home/daemon/script"] != dir+"/script" || targets["/etc/passwd"] == "" || targets["/etc/group"] == "" {
		t.Errorf("mounts %v", targets)
	}
	if len(s.OverlayVolumes) != 1 || len(s.Volumes) != 2 || s.Volumes[0].Dest != "/home/daemon" || s.Volumes[1].Name != "v" {
		t.Errorf("volumes %+v %+v", s.OverlayVolumes, s.Volumes)
	}
	if info, err := os.Stat(dir + "/script"); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("script %v, %v", info.Mode(), err)
	}
	for want, bad := range map[string]api.RunOptions{
		"'/nosuch' is not a file":      {Script: "/nosuch"},
		"'" + work + "' is not a file": {Script: work},
		"'' is not a directory":        {WorkloadDir: script + "/"},
		"must be absolute":             {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: "/a", Target: "b"}}}},
	} {
		root := runUser{Home: "/root"}
		own, err := ownMounts(bad, root, dir)
		err = errors.Join(err, addStorage(bad.ContainerOptions, specgen.NewSpecGenerator("x", false), root, dir, own))
		if want = strings.Replace(want, "''", "'"+script+"/'", 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestSELinux(t *testing.T) {
	for text, want := range map[string]bool{"1": true, "1\n": true, "0": false, "": false, "permissive": false} {
		if got := selinuxEnforcing(fstest.MapFS{"enforce": {Data: []byte(text)}}); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
	if selinuxEnforcing(fstest.MapFS{}) {
		t.Error("enforcing without SELinux")
	}
}

func TestReferences(t *testing.T) {
	for reference, want := range map[string]string{
		"x": "x latest", "x:1": "x 1", "localhost:5000/x": "localhost:5000/x latest", "localhost:5000/x:1.0": "localhost:5000/x 1.0",
		"docker.io/library/debian:12-slim": "docker.io/library/debian 12-slim", "x:": "x ",
	} {
		repository, tag := splitTag(reference)
		if got := repository + " " + tag; got != want {
			t.Errorf("%s: got %q, want %q", reference, got, want)
		}
	}
	if got := api.WithTag("x@sha256:0"); got != "x@sha256:0" {
		t.Errorf("got %s", got)
	}
}

func TestSafeProcs(t *testing.T) {
	for _, c := range []struct {
		hard   uint64
		pidMax string
		want   uint64
	}{{96365, "32768\n", 32768}, {1000, "32768", 1000}, {1 << 63, "4194304", 4194304}, {96365, "", 32768}, {96365, "x", 32768}, {96365, "0", 32768}} {
		if got := safeProcs(c.hard, c.pidMax); got != c.want {
			t.Errorf("%d, %q: got %d, want %d", c.hard, c.pidMax, got, c.want)
		}
	}
	if files, procs := limits(false); files != maxFiles || procs != maxProcsAway {
		t.Errorf("got %d, %d", files, procs)
	}
}

func TestUserFromImageWithLinks(t *testing.T) {
	files := map[string]*tar.Header{
		"/etc/passwd":     {Name: "passwd", Typeflag: tar.TypeSymlink, Linkname: "../usr/etc/passwd"},
		"/usr/etc/passwd": {Name: "passwd", Typeflag: tar.TypeSymlink, Linkname: "/lib/passwd"},
	}
	get := func(file string) (io.Reader, error) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		text := "joe:x:7:8::/home/joe:/bin/sh\n"
		header := files[file]
		if file == "/lib/passwd" && header == nil {
			header = &tar.Header{Name: "passwd", Typeflag: tar.TypeReg, Size: int64(len(text))}
		} else {
			text = ""
		}
		if header == nil {
			return nil, fs.ErrNotExist
		}
		return &b, errors.Join(w.WriteHeader(header), writeTo(w, text), w.Close())
	}
	if u, err := userFromImage("joe", get); err != nil || u.UID != 7 || u.GID != 8 {
		t.Errorf("%+v, %v", u, err)
	}
	for _, to := range []string{"/etc/passwd", "/dev/null", "", "../../../../gone"} {
		files["/lib/passwd"] = &tar.Header{Name: "passwd", Typeflag: tar.TypeSymlink, Linkname: to}
		if _, err := userFromImage("joe", get); !errors.Is(err, api.ErrNoUser) {
			t.Errorf("a link to %q: %v", to, err)
		}
	}
	files["/lib/passwd"] = &tar.Header{Name: "passwd", Typeflag: tar.TypeFifo}
	if _, err := userFromImage("joe", get); !errors.Is(err, api.ErrNoUser) {
		t.Errorf("a FIFO: %v", err)
	}
}
