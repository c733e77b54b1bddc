// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// TestBuildSeesWhatBaseImagesBring has a base image whose ONBUILD and variables would change
// the build.
func TestBuildSeesWhatBaseImagesBring(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	for name, lines := range map[string]string{
		"onbuild":  "ONBUILD COPY --from=dir:/etc / /stolen\nONBUILD RUN touch /ran",
		"variable": "ENV F=dir:/etc",
		"harmless": "ENV F=x\nONBUILD RUN echo > /ran",
	} {
		file := filepath.Join(t.TempDir(), "Dockerfile")
		if err := os.WriteFile(file, []byte("FROM "+base+"\n"+lines+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		here.podman(t, "build", "--quiet", "--layers=false", "--format", "docker", "--tag", "localhost/brings-"+name+":1", "--file", file, filepath.Dir(file)) // OCI has no ONBUILD
		removeLater(t, e, "localhost/brings-"+name+":1")
	}
	sameOnBuildInAnExport(t, e, "localhost/brings-onbuild:1", "COPY --from=dir:/etc / /stolen", "RUN touch /ran")
	sameOnBuildInAnExport(t, e, "localhost/brings-variable:1")
	tests := []struct{ name, text, want string }{
		{"onbuild", "FROM localhost/brings-onbuild:1\nRUN true", `Dockerfile:1: COPY: image "dir:/etc" is not read from a registry`},
		{"first stage", "FROM localhost/brings-onbuild:1 AS a\nFROM " + base + "\nCOPY --from=a /stolen /", `Dockerfile:1: COPY: image "dir:/etc"`},
		{"variable", "FROM localhost/brings-variable:1\nARG F=scratch\nCOPY --from=$F / /stolen", `Dockerfile:3: COPY: image "dir:/etc"`},
		{"harmless", "FROM localhost/brings-harmless:1\nRUN test -f /ran", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tag := "test.brings-" + filepath.Base(t.Name())
			removeLater(t, e, tag)
			var log bytes.Buffer
			_, err := e.Build(t.Context(), api.BuildOptions{Tag: tag, Dockerfile: []byte(test.text), Network: api.NetworkNone, Log: &log})
			var unsafe *api.UnsafeError
			switch {
			case test.want == "" && (err != nil || strings.Contains(log.String(), "warning")):
				t.Errorf("%v\n%s", err, log.String())
			case test.want != "" && (!errors.As(err, &unsafe) || !strings.Contains(err.Error(), test.want) || log.Len() > 0):
				t.Errorf("got %v, want %q\n%s", err, test.want, log.String())
			}
		})
	}
}

func TestPingNamesTheBuilder(t *testing.T) {
	e := engine(t)
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := e.Info(t.Context())
	if got := pingedBuildah(c); err != nil || got == "" || got != info.Host.BuildahVersion {
		t.Errorf("a ping says %q, info %q, %v", got, info.Host.BuildahVersion, err)
	}
}

// sameOnBuildInAnExport checks that an image has the same ONBUILD instructions in its
// export, which is read if the store is elsewhere.
func sameOnBuildInAnExport(t *testing.T, e *Engine, image string, want ...string) {
	t.Helper()
	found, err := e.Inspect(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.imageStore(c, found.ID)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := storedOnBuild(store, found.ID)
	if err != nil || !slices.Equal(stored, want) {
		t.Errorf("%s: stored %q, %v", image, stored, err)
	}
	sent, err := exportedOnBuild(c, found.ID)
	if err != nil || !slices.Equal(sent, want) {
		t.Errorf("%s: exported %q, %v", image, sent, err)
	}
}
