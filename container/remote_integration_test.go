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
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

// daemon starts a program that ends with the test, and waits until its port answers.
func daemon(t *testing.T, address string, env []string, program string, args ...string) *exec.Cmd {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stderr, cmd.WaitDelay = env, &said, time.Second // its children may live on
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	waitUntil(t, program+" answers", func() bool {
		network := "tcp"
		if strings.HasPrefix(address, "/") {
			network = "unix"
		}
		conn, err := net.Dial(network, address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return cmd
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func tcpService(t *testing.T) string {
	address := freeAddress(t)
	daemon(t, address, here.env, "podman", "system", "service", "--time", "0", "tcp://"+address)
	return "tcp://" + address
}

// sshServer starts an sshd, and puts an ssh into PATH that knows its key as known says:
// "yes", "no" or "another".
func sshServer(t *testing.T, known string) (host, identity string) {
	t.Helper()
	dir := t.TempDir()
	key := func(name string) string {
		file := filepath.Join(dir, name)
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v %s", err, out)
		}
		return file
	}
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	public := func(file string) string {
		data, err := os.ReadFile(file + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	hostKey, userKey := key("host"), key("user")
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	knownHosts := ""
	switch known {
	case "yes":
		knownHosts = fmt.Sprintf("[127.0.0.1]:%s %s", port, public(hostKey))
	case "another":
		knownHosts = fmt.Sprintf("[127.0.0.1]:%s %s", port, public(userKey))
	}
	config := fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nStrictModes no\nUsePAM no\nMaxStartups 100\n",
		port, hostKey, write("authorized", public(userKey), 0o600))
	client := fmt.Sprintf("UserKnownHostsFile %s\nGlobalKnownHostsFile /dev/null\nIdentityFile %s\n", write("known", knownHosts, 0o600), userKey)
	write("ssh", fmt.Sprintf("#!/bin/sh\nexec /usr/bin/ssh -F %s \"$@\"\n", write("config", client, 0o600)), 0o755)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if os.Getuid() == 0 { // sshd separates privileges there
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	daemon(t, address, os.Environ(), "/usr/sbin/sshd", "-D", "-e", "-f", write("sshd", config, 0o600))
	return self.Username + "@127.0.0.1:" + port, userKey
}

// away connects as if the tests' service were on another machine.
func away(t *testing.T, url string) *Engine {
	t.Helper()
	e, err := Connect(t.Context(), ConnectOptions{URL: url, RuntimeDir: here.dir + "/" + randomName(), Getenv: here.getenv})
	if err != nil {
		t.Fatal(err, api.Hint(err))
	}
	t.Cleanup(func() {
		e.service.Close()
	})
	return e
}

func oneFile(name, text string) func(context.Context, io.Writer) error {
	return packed(packedFile{name, 0o644, []byte(text)})
}

func TestRemote(t *testing.T) {
	local := engine(t)
	nothingLeft(t, local)
	for name, url := range map[string]func(t *testing.T) string{
		"tcp": tcpService,
		"ssh": func(t *testing.T) string {
			host, _ := sshServer(t, "yes")
			return "ssh://" + host + local.service.Socket()
		},
	} {
		t.Run(name, func(t *testing.T) { remote(t, away(t, url(t))) })
	}
}

// remote tests a podman that cannot see our files.
func remote(t *testing.T, e *Engine) {
	script := filepath.Join(t.TempDir(), "myscript")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nid -u; pwd; cat file; stat -c %u . file; echo new >more && exit 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for user, id := range map[string]string{"": "0", "daemon": "1", "inside": "1234", "4000:4001": "4000"} {
		var out, errs bytes.Buffer
		began := time.Now()
		_, err := e.Run(t.Context(), api.RunOptions{
			ContainerOptions: api.ContainerOptions{
				Image: base, Network: api.NetworkNone, User: user, WorkDir: "/tree", Trees: []api.Tree{{Target: "/tree", Tar: oneFile("file", "text\n")}},
			},
			Script: script,
			Stdout: &out,
			Stderr: &errs,
		})
		if want := id + "\n/tree\ntext\n" + id + "\n" + id + "\n"; api.Status(err) != 3 || out.String() != want {
			t.Errorf("user %q: %v, got %q, want %q\n%s", user, err, out.String(), want, errs.String())
		}
		t.Log(time.Since(began))
	}
	c := session(t, e, api.StartOptions{ContainerOptions: api.ContainerOptions{User: "daemon", Trees: []api.Tree{{Target: "/tree", Tar: oneFile("file", "text\n")}}, Image: base, Network: api.NetworkNone}})
	if got := execSh(t, c, "cat /tree/file; whoami; echo out >/tree/out"); got != "text\ndaemon\n" {
		t.Errorf("session: %q", got)
	}
	var archive bytes.Buffer
	if err := c.Get(t.Context(), "/tree/out", &archive); err != nil {
		t.Fatal(err)
	}
	if h, err := tar.NewReader(&archive).Next(); err != nil || h.Size != 4 {
		t.Errorf("got %+v, %v", h, err)
	}
	for _, o := range []api.RunOptions{{WorkloadDir: t.TempDir()}, {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: "/etc", Target: "/x"}}}}} {
		o.Image = base
		if _, err := e.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "another machine") {
			t.Errorf("mounted: %v", err)
		}
	}
	failing := errors.New("unreadable")
	o := api.RunOptions{ContainerOptions: api.ContainerOptions{Image: base, Network: api.NetworkNone, Trees: []api.Tree{{Target: "/t", Tar: func(context.Context, io.Writer) error { return failing }}}}}
	if _, err := e.Run(t.Context(), o); !errors.Is(err, failing) {
		t.Errorf("a tree that cannot be packed: %v", err)
	}
	cat := api.RunOptions{ContainerOptions: onBase, Command: []string{"cat"}, Stdin: strings.NewReader(strings.Repeat("x", 1<<20)), Stdout: &archive}
	archive.Reset()
	if _, err := e.Run(t.Context(), cat); err != nil || archive.Len() != 1<<20 {
		t.Errorf("%d bytes came back, %v", archive.Len(), err)
	}
}

func TestSSHHostKeys(t *testing.T) {
	local := engine(t)
	for _, known := range []string{"no", "another"} {
		t.Run(known, func(t *testing.T) {
			host, _ := sshServer(t, known)
			_, err := Connect(t.Context(), ConnectOptions{URL: "ssh://" + host + local.service.Socket(), RuntimeDir: here.dir + "/" + randomName(), Getenv: here.getenv})
			if err == nil || !strings.Contains(err.Error(), "Host key verification failed") || !strings.Contains(api.Hint(err), "compare the key") {
				t.Errorf("got %v, hint %q", err, api.Hint(err))
			}
		})
	}
	host, _ := sshServer(t, "yes")
	cases := map[string]string{
		"ssh://" + host + "/no/such.sock": "cannot reach",
		"ssh://" + host:                   "names no socket",
	}
	if os.Getuid() == 0 { // another user's sshd hangs up instead
		cases["ssh://nobody@"+host[strings.Index(host, "@")+1:]+"/x.sock"] = "Permission denied"
	}
	for url, want := range cases {
		_, err := Connect(t.Context(), ConnectOptions{URL: url, RuntimeDir: here.dir + "/" + randomName(), Getenv: here.getenv})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", url, err, want)
		} else {
			t.Log(err, "/", api.Hint(err))
		}
	}
}

// TestSSHDies: a run continues when its tunnel breaks, and loses no output.
func TestSSHDies(t *testing.T) {
	local := engine(t)
	nothingLeft(t, local)
	host, _ := sshServer(t, "yes")
	e := away(t, "ssh://"+host+local.service.Socket())
	var out bytes.Buffer
	kill := &trigger{word: "one", do: func() {
		for _, pid := range processes("ssh", "ssh-"+e.owner.Run+".sock") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}}
	_, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: sh("echo one; sleep 1; echo two; exit 5"), Stdout: tee{kill, &out}})
	if api.Status(err) != 5 || out.String() != "one\ntwo\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}
