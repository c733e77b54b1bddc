// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// TestRemoveAboveAnImageInUse: a container of an image without a name does not prevent the removal of
// the image above it.
func TestRemoveAboveAnImageInUse(t *testing.T) {
	e := engine(t)
	removeLater(t, e, "test.above")
	below := imageBelow(t, e, "test.above")
	container := strings.TrimSpace(here.podman(t, "create", below, "true"))
	if err := e.Remove(t.Context(), api.RemoveOptions{Image: "test.above"}); err != nil {
		t.Error(err)
	}
	if there, err := e.Exists(t.Context(), "test.above"); err != nil || there {
		t.Errorf("the image exists: %t, %v", there, err)
	}
	here.podman(t, "rm", container)
	here.podman(t, "rmi", below)
}

// TestNamelessImagesOfOthersStay: podman removes the images without a name below an image
// together with it, also those of the user.
func TestNamelessImagesOfOthersStay(t *testing.T) {
	e := engine(t)
	before := untagged(t)
	dir := t.TempDir()
	build := func(text string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(here.podman(t, "build", "--quiet", "--network=none", dir))
	}
	made := func(from, step string) string {
		t.Helper()
		result, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.above", Dockerfile: []byte("FROM " + from + "\n" + step + "\nRUN echo 2\n"), Network: api.NetworkNone})
		if err != nil {
			t.Fatal(err)
		}
		return result.ID
	}
	ours := made(base, "RUN echo 0")
	user := build("FROM test.above\nRUN echo the only copy >/copy\n")
	removeLater(t, e, ours)
	removeLater(t, e, user)
	made(user, "RUN echo 1") // the user's image has what it inherits of ours
	made(base, "RUN echo 3")
	stays := func(when string) {
		t.Helper()
		for _, id := range untagged(t) {
			if id != "sha256:"+user && !slices.Contains(before, id) {
				t.Errorf("%s: image %s is left", when, id)
			}
		}
		if _, err := e.Inspect(t.Context(), user); err != nil {
			t.Errorf("%s: the user's image: %v", when, err)
		}
	}
	stays("replaced")
	made(user, "RUN echo 4")
	if err := e.Remove(t.Context(), api.RemoveOptions{Image: "test.above"}); err != nil {
		t.Error(err)
	}
	stays("removed")
	if _, err := e.Inspect(t.Context(), ours); err != nil {
		t.Errorf("the image below the user's: %v", err)
	}
}
