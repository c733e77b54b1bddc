// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/aptsources"
)

// TestBootstrapFromTheMachinesMirror makes a real base image and builds on it with its
// package sources. A second call does nothing.
func TestBootstrapFromTheMachinesMirror(t *testing.T) {
	e := container.NewTestEngine(t)
	const reference = "docker.io/library/debian:12-slim"
	e.RemoveLater(t, reference)
	var log bytes.Buffer
	o := bootstrap.Options{Reference: reference, Distro: "debian", Suite: "bookworm", Sources: ownSources(t), TempDir: e.Dir, Log: &log}
	made, err := bootstrap.Image(t.Context(), e, o)
	if err != nil {
		t.Fatalf("%v (%s)\n%s", err, api.Hint(err), log.String())
	}
	if made.Existed || !strings.Contains(log.String(), "success in") {
		t.Errorf("got %+v\n%s", made, log.String())
	}
	again, err := bootstrap.Image(t.Context(), e, o)
	if err != nil || !again.Existed || again.ID != made.ID {
		t.Errorf("second call: %+v, %v", again, err)
	}
	image, err := e.Inspect(t.Context(), reference)
	if err != nil || image.Labels[api.LabelSuite] != "bookworm" || image.Labels[api.LabelDate] == "" {
		t.Errorf("image %+v, %v", image, err)
	}
	e.RemoveLater(t, "test.apt")
	log.Reset()
	// With the settings of the official images.
	lines := `
RUN apt-get update && apt-get install -y --no-install-recommends hello && hello && ! ls /var/cache/apt/archives/*.deb
RUN grep -rqx force-unsafe-io /etc/dpkg/dpkg.cfg.d && apt-config dump | grep -x 'Acquire::Languages.* "none";' && ! ls /var/lib/apt/lists/*Translation*
`
	build := api.BuildOptions{Tag: "test.apt", Dockerfile: []byte("FROM " + reference + lines), Network: api.NetworkHost, Log: &log}
	if _, err := e.Build(t.Context(), build); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if !strings.Contains(log.String(), "Hello, world!") {
		t.Errorf("no greeting in\n%s", log.String())
	}
}

func TestBootstrapCancelled(t *testing.T) {
	e := container.NewTestEngine(t)
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	log := container.OnWord("I: running apt-get update", func() { cancel(reason) })
	o := bootstrap.Options{Reference: "localhost/test:cancelled", Distro: "debian", Suite: "bookworm", Sources: ownSources(t), TempDir: e.Dir, Log: log}
	if _, err := bootstrap.Image(ctx, e, o); !errors.Is(err, reason) {
		t.Errorf("got %v", err)
	}
	if there, err := e.Exists(t.Context(), o.Reference); there || err != nil {
		t.Errorf("the image is there: %v, %v", there, err)
	}
}

func TestBootstrapOfWhatTheMirrorLacks(t *testing.T) {
	e := container.NewTestEngine(t)
	o := bootstrap.Options{Reference: "localhost/test:none", Distro: "debian", Suite: "nosuch", TempDir: e.Dir, Sources: []string{"deb http://127.0.0.1:9/debian nosuch main"}}
	if _, err := bootstrap.Image(t.Context(), e, o); err == nil || strings.Contains(err.Error(), "\n") || api.Hint(err) == "" {
		t.Errorf("got %v, hint %q", err, api.Hint(err))
	}
}

// ownSources returns the sources of bookworm on this machine's mirror, or on
// TEST_DEBIAN_MIRROR.
func ownSources(t *testing.T) []string {
	t.Helper()
	m, err := aptsources.Read(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != "debian" {
		mirror := cmp.Or(os.Getenv("TEST_DEBIAN_MIRROR"), "http://ftp.debian.org/debian")
		return []string{"deb " + mirror + " bookworm main"}
	}
	return m.Lines("bookworm", []string{"main"})
}
