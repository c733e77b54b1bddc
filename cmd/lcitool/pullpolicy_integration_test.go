// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// serveRegistry starts Debian's docker-registry and returns its host and port. After a
// request for /gone it answers no more.
func serveRegistry(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/store}}\nhttp: {net: unix, addr: %s}\n", dir, socket)
	if err := os.WriteFile(filepath.Join(dir, "config.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := exec.Command("docker-registry", "serve", filepath.Join(dir, "config.yml"))
	if err := registry.Start(); err != nil {
		t.Fatalf("docker-registry must be there, ci/host-setup installs it: %v", err)
	}
	t.Cleanup(func() {
		_ = registry.Process.Kill()
		_ = registry.Wait()
	})
	var gone atomic.Bool
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: r.In.Host})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/gone":
			gone.Store(true)
		case gone.Load():
			panic(http.ErrAbortHandler) // ends the connection
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	waitForSocket(t, socket)
	return strings.TrimPrefix(server.URL, "http://")
}

func waitForSocket(t *testing.T, socket string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the registry does not answer: %v", err)
		}
	}
}

// TestPullPolicyOfRegistry changes images in the registry between jobs.
func TestPullPolicyOfRegistry(t *testing.T) {
	t.Parallel()
	room := newEngineRoom(t)
	room.importTiny(t, "localhost/tiny:1", "ENV V=one")
	room.importTiny(t, "localhost/tiny:3", "ENV V=two")
	testscript.Run(t, engineParams(t, room, "testdata/registry", "REGISTRY="+serveRegistry(t)))
}
