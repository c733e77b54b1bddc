// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAddressOrder(t *testing.T) {
	conf := write(t, "containers.conf", "[engine]\nactive_service = \"far\"\n[engine.service_destinations.far]\nuri = \"ssh://u@far/sock\"\nidentity = \"/key\"\n"+
		"[engine.service_destinations.near]\nuri = \"unix:///near.sock\"\n")
	empty := write(t, "containers.conf", "")
	newer := write(t, "podman-connections.json", `{"Connection":{"Default":"five","Connections":{"five":{"URI":"tcp://five:1","IsMachine":true}}}}`)
	for _, c := range []struct {
		name string
		o    ConnectOptions
		env  map[string]string
		uid  int
		want string
	}{
		{"url wins", ConnectOptions{URL: "unix:///a"}, map[string]string{"CONTAINER_HOST": "unix:///b"}, 0, "unix:///a (--url)!"},
		{"connection", ConnectOptions{Connection: "near"}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_HOST": "unix:///b"}, 0, "unix:///near.sock (--connection near)!"},
		{"host before connection", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_HOST": "unix:///b", "CONTAINER_CONNECTION": "near"}, 0, "unix:///b (CONTAINER_HOST)!"},
		{"connection variable", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_CONNECTION": "near"}, 0, "unix:///near.sock (CONTAINER_CONNECTION near)!"},
		{"default connection", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": conf}, 0, "ssh://u@far/sock key /key (default connection of containers.conf far)!"},
		{"key variable", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_SSHKEY": "/mine"}, 0, "ssh://u@far/sock key /mine (default connection of containers.conf far)!"},
		{"podman 5", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": conf, "PODMAN_CONNECTIONS_CONF": newer}, 0, "tcp://five:1 machine (default connection of containers.conf five)!"},
		{"root", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": empty}, 0, "unix:///run/podman/podman.sock (system's socket)"},
		{"root with a session", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": empty, "XDG_RUNTIME_DIR": "/run/user/0"}, 0, "unix:///run/user/0/podman/podman.sock (user's socket), unix:///run/podman/podman.sock (system's socket)"},
		{"user", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": empty}, 1000, "unix:///run/user/1000/podman/podman.sock (user's socket)"},
		{"user with a session", ConnectOptions{}, map[string]string{"CONTAINERS_CONF": empty, "XDG_RUNTIME_DIR": "/x"}, 1000, "unix:///x/podman/podman.sock (user's socket)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Getenv = env(c.env)
			list, err := c.o.addresses(c.uid)
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, a := range list {
				word := a.URL
				if a.Identity != "" {
					word += " key " + a.Identity
				}
				if a.Machine {
					word += " machine"
				}
				word += " (" + a.Source + ")"
				if a.Fixed {
					word += "!"
				}
				words = append(words, word)
			}
			if got := strings.Join(words, ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBadAddresses(t *testing.T) {
	broken := write(t, "containers.conf", "[engine\n")
	brokenJSON := write(t, "podman-connections.json", "{")
	empty := write(t, "containers.conf", "")
	for want, o := range map[string]ConnectOptions{
		"exclude each other":                  {URL: "unix:///a", Connection: "b"},
		"must begin with unix://":             {URL: "/run/podman.sock"},
		`"unix://" names no socket`:           {URL: "unix://"},
		`"tcp://" names no host`:              {URL: "tcp://"},
		"is not an address":                   {URL: "unix://%zz\x00"},
		`no connection "nosuch"`:              {Connection: "nosuch", Getenv: env(map[string]string{"CONTAINERS_CONF": empty})},
		"CONTAINER_HOST: \"ftp://x\" must":    {Getenv: env(map[string]string{"CONTAINER_HOST": "ftp://x"})},
		"containers.conf: cannot decode":      {Getenv: env(map[string]string{"CONTAINERS_CONF": broken})},
		"connections.json: cannot decode":     {Getenv: env(map[string]string{"CONTAINERS_CONF": empty, "PODMAN_CONNECTIONS_CONF": brokenJSON})},
		"CONTAINER_CONNECTION: no connection": {Getenv: env(map[string]string{"CONTAINERS_CONF": empty, "CONTAINER_CONNECTION": "x"})},
	} {
		if list, err := o.addresses(0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want %s", list, err, want)
		}
	}
}

// TestUseRefusesWhatIsNotPodman: other servers, hanging ones, and nobody.
func TestUseRefusesWhatIsNotPodman(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "lca") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	serve := func(name string, header map[string]string, status int) string {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(status)
		})}
		go func() { _ = s.Serve(l) }()
		t.Cleanup(func() { s.Close() })
		return "unix://" + filepath.Join(dir, name)
	}
	stale := filepath.Join(dir, "stale")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	for _, c := range []struct{ url, want string }{
		{serve("docker", nil, 200), "it is not podman"},
		{serve("old", map[string]string{"Libpod-API-Version": "3.4.4"}, 200), "too old"},
		{serve("broken", nil, 500), "ping response was 500"},
		{"unix://" + filepath.Join(dir, "none"), "no such file or directory"},
		{"unix://" + stale, "connection refused"},
	} {
		began := time.Now()
		_, err := Connect(t.Context(), ConnectOptions{URL: c.url})
		if err == nil || !strings.HasPrefix(err.Error(), "cannot reach podman at "+c.url+": ") || !strings.Contains(err.Error(), c.want) || Hint(err) == "" || Status(err) != 125 {
			t.Errorf("got %v, hint %q; want %s", err, Hint(err), c.want)
		}
		if strings.HasSuffix(c.want, "directory") || strings.HasSuffix(c.want, "refused") {
			if took := time.Since(began); took > 300*time.Millisecond {
				t.Errorf("%s took %v", c.want, took)
			}
		}
	}
	good := serve("good", map[string]string{"Libpod-API-Version": "5.4.2"}, 200)
	e, err := Connect(t.Context(), ConnectOptions{URL: good})
	if err != nil || e.Version() != "5.4.2" || e.Address() != good || e.Private() {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestConnectSaysThatPodmanIsMissing(t *testing.T) {
	_, err := Connect(t.Context(), ConnectOptions{Private: true, Podman: "nosuchpodman", RuntimeDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "nosuchpodman is not installed") || Hint(err) == "" {
		t.Errorf("got %v, %q", err, Hint(err))
	}
	_, err = Connect(t.Context(), ConnectOptions{Private: true, Podman: "false", RuntimeDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "it ended at once") {
		t.Errorf("got %v", err)
	}
}

func TestRuntimeDir(t *testing.T) {
	long := "/tmp/" + strings.Repeat("x", 100)
	if _, err := (ConnectOptions{RuntimeDir: long}).runtimeDir(); err == nil || !strings.Contains(err.Error(), "too long for a socket") {
		t.Errorf("got %v", err)
	}
	if _, err := (ConnectOptions{RuntimeDir: write(t, "file", "")}).runtimeDir(); err == nil || !strings.Contains(err.Error(), "not a directory of ours") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if got, err := (ConnectOptions{Getenv: env(map[string]string{"XDG_RUNTIME_DIR": dir})}).runtimeDir(); err != nil || got != dir+"/lcitool" {
		t.Errorf("got %s, %v", got, err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o755); err != nil { //nolint:gosec // the point of the test
		t.Fatal(err)
	}
	if _, err := (ConnectOptions{RuntimeDir: open}).runtimeDir(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(open); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestServiceKeyTellsStoresApart(t *testing.T) {
	key := func(values ...string) string { return ConnectOptions{ServiceEnv: values}.serviceKey() }
	if key("A=1", "HOME=/a") != key("HOME=/a", "B=2", "LISTEN_FDS=3") {
		t.Error("order or strange variables changed the key")
	}
	if key("HOME=/a") == key("HOME=/b") || key() == key("CONTAINERS_STORAGE_CONF=/x") || key() == (ConnectOptions{ServiceEnv: []string{}, Podman: "/other"}).serviceKey() {
		t.Error("two stores have one key")
	}
}

func TestAvailableNeedsTheProgramsToWork(t *testing.T) {
	dir := t.TempDir()
	for name, status := range map[string]int{"podman": 1, "docker": 0} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, "#!/bin/sh\nexit %d\n", status), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	if got := Available(context.Background()); len(got) != 1 || got[0] != "docker" {
		t.Errorf("got %v", got)
	}
	t.Setenv("PATH", t.TempDir())
	if got := Available(context.Background()); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
