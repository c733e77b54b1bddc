// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/aptsources"
)

// TestBootstrapFromTheMachinesMirror makes a real base image, builds on it
// with its own package sources, and sees that a second call does nothing.
func TestBootstrapFromTheMachinesMirror(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	const reference = "docker.io/library/debian:12-slim"
	removeLater(t, e, reference)
	var log bytes.Buffer
	o := BootstrapOptions{Reference: reference, Distro: "debian", Suite: "bookworm", Sources: ownSources(t), TempDir: here.dir + "/tmp", Log: &log}
	made, err := e.Bootstrap(t.Context(), o)
	if err != nil {
		t.Fatalf("%v (%s)\n%s", err, Hint(err), log.String())
	}
	if made.Existed || !strings.Contains(log.String(), "success in") {
		t.Errorf("got %+v\n%s", made, log.String())
	}
	again, err := e.Bootstrap(t.Context(), o)
	if err != nil || !again.Existed || again.ID != made.ID {
		t.Errorf("second call: %+v, %v", again, err)
	}
	image, err := e.Inspect(t.Context(), reference)
	if err != nil || image.Labels[LabelSuite] != "bookworm" || image.Labels[LabelDate] == "" {
		t.Errorf("image %+v, %v", image, err)
	}
	removeLater(t, e, "test.apt")
	log.Reset()
	build := BuildOptions{Tag: "test.apt", Dockerfile: []byte("FROM " + reference + "\nRUN apt-get update && apt-get install -y --no-install-recommends hello && hello\n"), Network: NetworkHost, Log: &log}
	if _, err := e.Build(t.Context(), build); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if !strings.Contains(log.String(), "Hello, world!") {
		t.Errorf("no greeting in\n%s", log.String())
	}
}

func TestBootstrapCancelled(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	log := &trigger{word: "I: running apt-get update", do: func() { cancel(reason) }}
	o := BootstrapOptions{Reference: "localhost/test:cancelled", Distro: "debian", Suite: "bookworm", Sources: ownSources(t), TempDir: here.dir + "/tmp", Log: log}
	if _, err := e.Bootstrap(ctx, o); !errors.Is(err, reason) {
		t.Errorf("got %v\n%s", err, log.seen.String())
	}
	if there, err := e.Exists(t.Context(), o.Reference); there || err != nil {
		t.Errorf("the image is there: %v, %v", there, err)
	}
}

func TestBootstrapOfWhatTheMirrorLacks(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	o := BootstrapOptions{Reference: "localhost/test:none", Distro: "debian", Suite: "nosuch", TempDir: here.dir + "/tmp", Sources: []string{"deb http://127.0.0.1:9/debian nosuch main"}}
	if _, err := e.Bootstrap(t.Context(), o); err == nil || strings.Contains(err.Error(), "\n") || Hint(err) == "" {
		t.Errorf("got %v, hint %q", err, Hint(err))
	}
}

// ownSources are bookworm's on the mirror that this machine installs from.
func ownSources(t *testing.T) []string {
	t.Helper()
	m, err := aptsources.Read(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	return m.Lines("bookworm", []string{"main"})
}
