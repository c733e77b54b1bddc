// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// writeStore writes the index files of a store and returns its directory of containers.
func writeStore(t *testing.T, stored []storedImage, layers, containers []map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]any{
		"overlay-images/images.json": stored, "overlay-layers/layers.json": layers, "overlay-containers/volatile-containers.json": containers,
	} {
		data, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		writeStoreFile(t, filepath.Join(dir, name), string(data))
	}
	return filepath.Join(dir, "overlay-containers")
}

func writeStoreFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestIncompleteImagesOfKilledBuilds has one base image and an image on top of it that
// changes in each case. Container w belongs to a build.
func TestIncompleteImagesOfKilledBuilds(t *testing.T) {
	const temporary = "docker.io/library/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-tmp:latest"
	begin := time.Now()
	half := storedImage{ID: "half", Layer: "l1", Created: begin.Add(time.Second)}
	change := func(edit func(*storedImage)) storedImage {
		i := half
		edit(&i)
		return i
	}
	worker := map[string]string{"id": "w", "image": "base", "layer": "lw"}
	builder := `{"CommonBuildOpts":{"Secrets":["id=lcitool-tok,type=env"]}}`
	for name, test := range map[string]struct {
		image            storedImage
		users            []map[string]string
		builder          string
		incomplete, ours bool
	}{
		"no files":                    {half, []map[string]string{worker}, builder, true, true},
		"same layer as its base":      {change(func(i *storedImage) { i.Layer = "l0" }), []map[string]string{worker}, builder, true, true},
		"configuration only":          {change(func(i *storedImage) { i.Files = []string{"sha256:half"} }), []map[string]string{worker}, builder, true, true},
		"file missing":                {change(func(i *storedImage) { i.Files = []string{"manifest", "sha256:lost"} }), []map[string]string{worker}, builder, true, true},
		"temporary name":              {change(func(i *storedImage) { i.Names = []string{temporary} }), []map[string]string{worker}, builder, true, true},
		"complete":                    {change(func(i *storedImage) { i.Files = []string{"manifest", "sha256:half"} }), []map[string]string{worker}, builder, false, false},
		"name of a user":              {change(func(i *storedImage) { i.Names = []string{"localhost/mine:1"} }), []map[string]string{worker}, builder, true, false},
		"older than the build":        {change(func(i *storedImage) { i.Created = begin.Add(-time.Second) }), []map[string]string{worker}, builder, true, false},
		"on another layer":            {change(func(i *storedImage) { i.Layer = "l2" }), []map[string]string{worker}, builder, true, false},
		"no working container":        {half, nil, builder, true, false},
		"container of another build":  {half, []map[string]string{worker}, `{"CommonBuildOpts":{"Secrets":["id=lcitool-other,type=env"]}}`, true, false},
		"container that is no build":  {half, []map[string]string{worker}, "", true, false},
		"image that a container uses": {half, []map[string]string{worker, {"id": "c", "image": "half", "layer": "lc"}}, builder, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			base := storedImage{ID: "base", Names: []string{"localhost/base:1"}, Layer: "l0", Files: []string{"manifest"}}
			layers := []map[string]string{{"id": "l0"}, {"id": "l1", "parent": "l0"}, {"id": "l2", "parent": "l1"}}
			dir := writeStore(t, []storedImage{base, test.image}, layers, test.users)
			images := filepath.Join(filepath.Dir(dir), "overlay-images")
			writeStoreFile(t, filepath.Join(images, "base", "manifest"), "{}")
			writeStoreFile(t, filepath.Join(images, "half", "manifest"), "{}")
			writeStoreFile(t, filepath.Join(images, "half", "=c2hhMjU2OmhhbGY="), "{}")
			if test.builder != "" {
				writeStoreFile(t, filepath.Join(dir, "w", "userdata", buildahFile), test.builder)
			}
			store, err := readStoreIndex(dir)
			if err != nil {
				t.Fatal(err)
			}
			found := store.incomplete()
			if got := slices.ContainsFunc(found, func(i storedImage) bool { return i.ID == "half" }); got != test.incomplete || len(found) > 1 {
				t.Errorf("incomplete: %v", found)
			}
			builds := map[string]records.Record{"tok": {Kind: records.Build, Name: "tok", Token: "tok", Time: begin}}
			if r, ours := store.committer(test.image, dir, builds); test.incomplete && (ours != test.ours || ours && r.Name != "tok") {
				t.Errorf("ours: %v, %+v", ours, r)
			}
		})
	}
}

func TestStoreIndexThatCannotBeRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vfs-containers")
	if store, err := readStoreIndex(dir); err != nil || len(store.incomplete()) > 0 {
		t.Errorf("no store: %v, %v", store, err)
	}
	writeStoreFile(t, filepath.Join(filepath.Dir(dir), "vfs-images", "images.json"), "[{")
	if _, err := readStoreIndex(dir); err == nil {
		t.Error("half an index is read without an error")
	}
}

// TestImagesThatStayIncomplete compares the images before and after the wait.
func TestImagesThatStayIncomplete(t *testing.T) {
	for name, test := range map[string]struct {
		lists []string // names separated by spaces
		want  string
		wait  time.Duration
	}{
		"none":           {[]string{""}, "", 0},
		"stays":          {[]string{"a", "a"}, "a", unfinishedAge},
		"completed":      {[]string{"a b", "b"}, "b", unfinishedAge},
		"began meantime": {[]string{"a", "a c"}, "a", unfinishedAge},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, lists := time.Now(), test.lists
				found, err := staying(t.Context(), func() (found []leftover, err error) {
					for image := range strings.FieldsSeq(lists[0]) {
						found = append(found, leftover{Leftover: api.Leftover{Name: image}})
					}
					lists = lists[1:]
					return found, nil
				})
				var got []string
				for _, l := range found {
					got = append(got, l.Name)
				}
				if wait := time.Since(begin); err != nil || strings.Join(got, " ") != test.want || wait != test.wait {
					t.Errorf("got %q after %v, %v; want %q after %v", got, wait, err, test.want, test.wait)
				}
			})
		})
	}
}

func TestWaitForImagesIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		found, err := staying(ctx, func() ([]leftover, error) { return []leftover{{Leftover: api.Leftover{Name: "a"}}}, nil })
		if !errors.Is(err, context.DeadlineExceeded) || len(found) > 0 {
			t.Errorf("got %v, %v", found, err)
		}
	})
}
