// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// serveReleases serves this program as release v1.2.3 and, with wrong checksums, as v6.6.6.
func serveReleases(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lcitool")
	goBuild(t, "build", "-o", file, ".") // static, as a release is: the image has no libraries
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		version, name := path.Split(strings.TrimPrefix(r.URL.Path, "/"))
		version = strings.TrimSuffix(version, "/")
		file := "lcitool-" + version + "-linux-" + runtime.GOARCH
		sum := sha256.Sum256(program)
		if version == "v6.6.6" {
			sum[0]++
		}
		switch name {
		case file:
			_, _ = w.Write(program)
		case "SHA256SUMS":
			_, _ = fmt.Fprintf(w, "%x  lcitool.deb\n%x  %s\n", sha256.Sum256(nil), sum, file)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestComponentJobs(t *testing.T) {
	t.Parallel()
	room := newEngineRoom(t)
	room.importTiny(t, "localhost/tiny:1")
	params := engineParams(t, room, "", "RELEASES="+serveReleases(t))
	params.Files = []string{"testdata/component/run.txtar"}
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		if err := setup(e); err != nil {
			return err
		}
		return withTemplates(e)
	}
	testscript.Run(t, params)
}
