// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

func untagged(t *testing.T) []string {
	t.Helper()
	return strings.Fields(here.podman(t, "images", "--filter", "dangling=true", "--no-trunc", "--quiet"))
}

// TestDeltaWhoseServiceDies kills the service after the commit of the delta. Then the delta
// is the result, or the whole image is built and the delta is removed.
func TestDeltaWhoseServiceDies(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	build := func(log *trigger, tag string, packages ...string) api.BuildResult {
		t.Helper()
		o := api.BuildOptions{Tag: tag, Dockerfile: dockerfile("RUN echo " + strings.Join(packages, " ") + " >/packages.txt"), Network: api.NetworkNone}
		o.Delta = &api.Delta{Rest: []byte("rest"), Packages: packages, Layer: func(added []string) ([]byte, error) {
			return []byte("RUN echo " + strings.Join(added, " ") + " >>/packages.txt\n"), nil
		}}
		if log != nil {
			o.Log = log
		}
		result, err := e.Build(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	for tag, answered := range map[string]time.Duration{"test.delta": 0, "test.delta-late": 2 * time.Second} {
		removeLater(t, e, tag)
		build(nil, tag, "one")
		before := untagged(t)
		killed := false
		build(&trigger{word: "\n--> ", do: func() {
			time.Sleep(answered) // long enough for the rest of the answer to be in the socket
			for _, pid := range processes("system service", here.dir, "build-") {
				killed = true
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}}, tag, "one", "two")
		if !killed {
			t.Errorf("%s: no service was killed", tag)
		}
		for _, id := range untagged(t) {
			if !slices.Contains(before, id) {
				t.Errorf("%s: the image %s is left", tag, id)
			}
		}
	}
}

// TestImageThatGotNoName: an image without a tag is in the record of its build until it is
// removed.
func TestImageThatGotNoName(t *testing.T) {
	e := engine(t)
	removeLater(t, e, "test.named")
	ids := map[string]string{}
	for _, tag := range []string{"test.named", "test.nameless"} {
		result, err := e.Build(t.Context(), api.BuildOptions{Tag: tag, Dockerfile: dockerfile("RUN echo " + tag + " >/one"), Network: api.NetworkNone})
		if err != nil {
			t.Fatal(err)
		}
		ids[tag] = result.ID
	}
	here.podman(t, "untag", ids["test.nameless"])
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.noteImage(c, e.newBuildRecord(), ids["test.nameless"], ids["test.named"])
	if err != nil {
		t.Fatal(err)
	}
	e.removeReplaced(c, r)
	if _, err := e.records.Get(r.Kind, r.Name); err != nil {
		t.Errorf("nothing proves any more whose image it is: %v", err)
	}
	if _, err := e.Inspect(t.Context(), "test.named"); err != nil {
		t.Errorf("the image with the name: %v", err)
	}
	here.podman(t, "rmi", ids["test.nameless"])
	e.removeReplaced(c, r)
	if _, err := e.records.Get(r.Kind, r.Name); err == nil {
		t.Error("the record stays although the image is gone")
	}
}

// TestReplacedImageIsRemovedHalf: podman was killed after it removed the image and before it
// removed the images below it.
func TestReplacedImageIsRemovedHalf(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	removeLater(t, e, "test.half")
	below := imageBelow(t, e, "test.half")
	before := untagged(t)
	old, err := e.Inspect(t.Context(), "test.half")
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.noteImage(c, e.newBuildRecord(), below, old.ID)
	if err != nil {
		t.Fatal(err)
	}
	here.podman(t, "rmi", "--no-prune", "test.half")
	if len(untagged(t)) == len(before) {
		t.Fatal("nothing is left below the image")
	}
	e.removeReplaced(c, r)
	if left := untagged(t); len(left) != len(before) {
		t.Errorf("left: %v, before: %v", left, before)
	}
	if _, err := e.records.Get(r.Kind, r.Name); err == nil {
		t.Error("the record stays although the images are gone")
	}
}

// TestPruneTakesStepsOfEarlierBuilds: the image that a killed build replaced stands on a step from
// the cache, which another build made.
func TestPruneTakesStepsOfEarlierBuilds(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	removeLater(t, e, "test.steps")
	removeLater(t, e, "test.held")
	before := untagged(t)
	build := func(lines ...string) api.BuildResult {
		t.Helper()
		result, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.steps", Dockerfile: dockerfile(lines...), Network: api.NetworkNone})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	build("RUN echo shared >/one", "RUN echo first >/two")
	old := build("RUN echo shared >/one", "RUN echo second >/two")
	here.podman(t, "tag", old.ID, "test.held") // stays when it is replaced
	replaced := build("RUN echo new >/one")
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead := e.killed()
	if _, err := dead.noteImage(c, dead.newBuildRecord(), replaced.ID, old.ID); err != nil {
		t.Fatal(err)
	}
	here.podman(t, "untag", old.ID)
	if removed, err := e.Prune(t.Context(), api.PruneOptions{}); err != nil || kinds(removed) != "image" {
		t.Errorf("removed %v, %v", removed, err)
	}
	if left := here.podman(t, "images", "--all", "--no-trunc", "--quiet", "--filter", "dangling=true"); len(strings.Fields(left)) != len(before) {
		t.Errorf("left: %v, before: %v", left, before)
	}
}

// TestUnchangedImageAfterAKill removes the image that the killed build replaced, although
// there is nothing to build.
func TestUnchangedImageAfterAKill(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	removeLater(t, e, "test.unchanged")
	before := untagged(t)
	build := func(line string) api.BuildResult {
		t.Helper()
		result, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.unchanged", Dockerfile: dockerfile(line), Network: api.NetworkNone})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	old := build("RUN echo old >/one")
	here.podman(t, "tag", old.ID, "test.held") // stays when it is replaced
	removeLater(t, e, "test.held")
	replaced := build("RUN echo new >/one")
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead := e.killed()
	if _, err := dead.noteImage(c, dead.newBuildRecord(), replaced.ID, old.ID); err != nil {
		t.Fatal(err)
	}
	here.podman(t, "untag", old.ID)
	if len(untagged(t)) == len(before) {
		t.Fatal("nothing is left of the killed build")
	}
	if again := build("RUN echo new >/one"); !again.Cached {
		t.Errorf("built again: %+v", again)
	}
	if left := untagged(t); len(left) != len(before) {
		t.Errorf("left: %v, before: %v", left, before)
	}
}
