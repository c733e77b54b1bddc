// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

// makeIncomplete changes the store as if the commit of an image had been killed before it
// stored the image's configuration and manifest.
func makeIncomplete(e *Engine, id string) error {
	c, err := e.service.Conn(context.Background())
	if err != nil {
		return err
	}
	m, ok, err := e.machineStore(c)
	if err != nil || !ok {
		return fmt.Errorf("the store is not here: %w", err)
	}
	dir := strings.TrimSuffix(m.Containers, "containers") + "images"
	index := filepath.Join(dir, "images.json")
	data, err := os.ReadFile(index)
	if err != nil {
		return err
	}
	var list []map[string]any
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, image := range list {
		if image["id"] != id {
			continue
		}
		for _, key := range []string{"digest", "big-data-names", "big-data-sizes", "big-data-digests"} {
			delete(image, key)
		}
		image["created"] = time.Now()
	}
	if data, err = json.Marshal(list); err != nil {
		return err
	}
	writer := make([]byte, 64) // a store reads its index again if another process has locked it
	_, _ = rand.Read(writer)
	return errors.Join(os.RemoveAll(filepath.Join(dir, id)), os.WriteFile(index, data, 0o600),
		os.WriteFile(filepath.Join(dir, "images.lock"), writer, 0o600))
}

// imageBelow builds an image of one step under a tag and returns the ID of the image that
// the step made. The image with the tag also has labels.
func imageBelow(t *testing.T, e *Engine, tag string) string {
	t.Helper()
	o := api.BuildOptions{Tag: tag, Dockerfile: dockerfile("RUN echo " + tag + " >/one"), Network: api.NetworkNone}
	if _, err := e.Build(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	parent := strings.TrimSpace(here.podman(t, "image", "inspect", "--format", "{{.Parent}}", tag))
	if len(parent) != 64 {
		t.Fatalf("the image below %s is %q", tag, parent)
	}
	return parent
}

// TestBuildServiceKilledInACommit kills the service after it added an image to the store and
// before the image is complete. podman then panics when it inspects an image on top of it.
func TestBuildServiceKilledInACommit(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	removeLater(t, e, "test.above")
	below := imageBelow(t, e, "test.above")
	log := &trigger{word: "committing", do: func() {
		if err := makeIncomplete(e, below); err != nil {
			t.Error(err)
		}
		for _, pid := range processes("system service", here.dir, "build-") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}}
	_, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.commit", Dockerfile: dockerfile("RUN echo commit''ting; sleep 3003"), Network: api.NetworkNone, Log: log})
	if err == nil {
		t.Error("the build ended well")
	}
	if _, err := e.Inspect(t.Context(), "test.above"); err != nil {
		t.Errorf("after the build: %v", err)
	}
	if left := here.podman(t, "images", "--all", "--no-trunc", "--quiet"); strings.Contains(left, below) {
		t.Errorf("the incomplete image %s is left", below)
	}
}

// TestIncompleteImageOfAnother: the image stays, and the error says how to remove it.
func TestIncompleteImageOfAnother(t *testing.T) {
	e := engine(t)
	removeLater(t, e, "test.stays")
	below := imageBelow(t, e, "test.stays")
	if err := makeIncomplete(e, below); err != nil {
		t.Fatal(err)
	}
	_, err := e.Inspect(t.Context(), "test.stays")
	if code(err) >= http.StatusInternalServerError && (api.Status(err) != 125 || !strings.Contains(api.Hint(err), "podman rmi --force "+below)) { // later podmans may cope
		t.Errorf("got %v, hint %q", err, api.Hint(err))
	}
	if _, err := e.Prune(t.Context(), api.PruneOptions{}); err != nil {
		t.Logf("prune: %v", err)
	}
	here.podman(t, "rmi", "--force", below)
	if _, err := e.Inspect(t.Context(), "test.stays"); err != nil {
		t.Errorf("after the hint was followed: %v", err)
	}
}
