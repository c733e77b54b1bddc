// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"context"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// TestAuxiliaryImages: an image with a lifetime is removed after it, unless a container
// uses it.
func TestAuxiliaryImages(t *testing.T) {
	e := engine(t)
	lifetimes := map[string]api.Lifetime{"test.exit": api.UntilExit, "test.alive": api.UntilExit, "test.cache": api.UntilCleared, "test.kept": api.UntilRemoved}
	for tag, lifetime := range lifetimes {
		removeLater(t, e, tag)
		if _, err := e.Build(t.Context(), api.BuildOptions{Tag: tag, Dockerfile: dockerfile("RUN echo " + tag), Network: api.NetworkNone, Lifetime: lifetime}); err != nil {
			t.Fatal(err)
		}
	}
	for tag := range lifetimes {
		r, err := e.records.Get(records.Auxiliary, tag)
		if (err == nil) != (tag != "test.kept") {
			t.Fatalf("record of %s: %v", tag, err)
		}
		if err == nil && tag != "test.alive" {
			r.Owner = e.killed().owner
			if err := e.records.Put(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	container := strings.TrimSpace(here.podman(t, "create", "test.cache", "true"))
	prune := func(o api.PruneOptions, want ...string) {
		t.Helper()
		list, err := e.Prune(context.WithoutCancel(t.Context()), o)
		if err != nil {
			t.Error(err)
		}
		var images []string
		for _, l := range list {
			if l.Kind == "image" {
				images = append(images, l.Name)
			}
		}
		if !slices.Equal(images, want) {
			t.Errorf("%+v: removed %v, want %v", o, images, want)
		}
	}
	prune(api.PruneOptions{DryRun: true, Caches: true}, "test.exit")
	prune(api.PruneOptions{}, "test.exit")
	here.podman(t, "rm", container)
	prune(api.PruneOptions{})
	prune(api.PruneOptions{Caches: true}, "test.cache")
	for tag, want := range map[string]bool{"test.exit": false, "test.cache": false, "test.kept": true, "test.alive": true} {
		if there, err := e.Exists(t.Context(), tag); err != nil || there != want {
			t.Errorf("%s exists: %t, %v", tag, there, err)
		}
	}
}

// TestAuxiliaryImagesUsedAgain: an unchanged image belongs to the process that uses it now.
func TestAuxiliaryImagesUsedAgain(t *testing.T) {
	e := engine(t)
	removeLater(t, e, "test.again")
	o := api.BuildOptions{Tag: "test.again", Dockerfile: dockerfile("RUN echo again"), Network: api.NetworkNone, Lifetime: api.UntilExit}
	first, err := e.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.killed().recordAuxiliary(first.ID, "", o); err != nil {
		t.Fatal(err)
	}
	again, err := e.Build(t.Context(), o)
	if err != nil || !again.Cached || again.ID != first.ID {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := e.Prune(t.Context(), api.PruneOptions{}); err != nil {
		t.Error(err)
	}
	if there, err := e.Exists(t.Context(), o.Tag); err != nil || !there {
		t.Errorf("the image exists: %t, %v", there, err)
	}
}

// TestAuxiliaryImagesBeforeTheirName: a process was killed after it recorded an image and before it gave
// it the name, which another image still has.
func TestAuxiliaryImagesBeforeTheirName(t *testing.T) {
	e := engine(t)
	removeLater(t, e, "test.before")
	o := api.BuildOptions{Tag: "test.before", Dockerfile: dockerfile("RUN echo old"), Network: api.NetworkNone, Lifetime: api.UntilExit}
	old, err := e.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.killed().recordAuxiliary(strings.Repeat("0", 64), old.ID, o); err != nil {
		t.Fatal(err)
	}
	container := strings.TrimSpace(here.podman(t, "create", o.Tag, "true"))
	for _, used := range []bool{true, false} {
		if !used {
			here.podman(t, "rm", container)
		}
		if _, err := e.Prune(t.Context(), api.PruneOptions{}); err != nil {
			t.Error(err)
		}
		if there, err := e.Exists(t.Context(), o.Tag); err != nil || there != used {
			t.Errorf("used %t: the image exists: %t, %v", used, there, err)
		}
	}
}
