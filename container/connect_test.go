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

	"gitlab.com/lcitool/lcitool/container/api"
)

// TestUseRefusesWhatIsNotPodman has other servers, servers that do not answer, and closed
// ports.
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
		s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
		if err == nil || !strings.HasPrefix(err.Error(), "cannot reach podman at "+c.url+": ") || !strings.Contains(err.Error(), c.want) || api.Hint(err) == "" || api.Status(err) != 125 {
			t.Errorf("got %v, hint %q; want %s", err, api.Hint(err), c.want)
		}
		if strings.HasSuffix(c.want, "directory") || strings.HasSuffix(c.want, "refused") {
			if took := time.Since(began); took > time.Minute {
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
	if err == nil || !strings.Contains(err.Error(), "nosuchpodman is not installed") || api.Hint(err) == "" {
		t.Errorf("got %v, %q", err, api.Hint(err))
	}
	_, err = Connect(t.Context(), ConnectOptions{Private: true, Podman: "false", RuntimeDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "it ended at once") {
		t.Errorf("got %v", err)
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
