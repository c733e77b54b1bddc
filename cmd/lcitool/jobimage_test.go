// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// The manifest names hosts that never answer.
func TestStaleDockerfilesAreFoundWithoutRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			defer conn.Close()
		}
	}()
	defer listener.Close()
	s := serve(t, nil)
	projects := ""
	for i := range 40 {
		projects += fmt.Sprintf("  - https://%s/p%d.yml\n", listener.Addr(), i)
	}
	files := map[string]string{
		"ci/manifest.yml":                    "projects:\n" + projects + "gitlab: {namespace: n, project: p}\ntargets:\n  debian-12: x86_64\n",
		"ci/containers/debian-12.Dockerfile": "FROM docker.io/library/debian:12-slim\n",
		".gitlab-ci.yml":                     "build:\n  image: x\n  variables: {NAME: debian-12, TARGET_BASE_IMAGE: x}\n  script: [\"true\"]\n",
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	status, _, stderr := s.run(t, "job", "run", "build", "--url", "unix:///nonexistent/socket")
	if n := asked.Load(); n > 0 {
		t.Errorf("%d connections to hosts of the manifest", n)
	}
	if status != 125 || !strings.Contains(stderr, "cannot compare the Dockerfiles with the manifest: https://") || !strings.Contains(stderr, "is not in the cache") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if n := strings.Count(stderr, "\n"); n > 6 {
		t.Errorf("%d lines:\n%s", n, stderr)
	}
}
