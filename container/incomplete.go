// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// maxStoreIndex limits the size of a store's index files, in bytes.
const maxStoreIndex = 64 << 20

// temporaryName matches the name that the builder gives an image while it
// commits it.
var temporaryName = lazyregexp.New(`^docker\.io/library/[0-9a-f]{64}-tmp:latest$`)

// A storedImage is an image in the index of podman's store. The store adds the
// image first, then its configuration and manifest. If the builder is killed
// between these, podman cannot inspect images of the same layers any more, and
// cannot list any.
type storedImage struct {
	ID      string    `json:"id"`
	Names   []string  `json:"names"`
	Layer   string    `json:"layer"`
	Files   []string  `json:"big-data-names"`
	Created time.Time `json:"created"`
}

// incomplete reports whether the configuration or the manifest is missing in the
// image's directory.
func (i storedImage) incomplete(dir string) bool {
	if !slices.Contains(i.Files, "manifest") {
		return true
	}
	return slices.ContainsFunc(i.Files, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, i.ID, storeFileName(name)))
		return errors.Is(err, os.ErrNotExist)
	})
}

// temporary reports whether the image has no name but the builder's.
func (i storedImage) temporary() bool {
	return !slices.ContainsFunc(i.Names, func(name string) bool { return !temporaryName.MatchString(name) })
}

func storeFileName(item string) string {
	if strings.Trim(item, ".0123456789abcdefghijklmnopqrstuvwxyz") == "" {
		return item
	}
	return "=" + base64.StdEncoding.EncodeToString([]byte(item))
}

// A storeIndex is what the index files of a store say about images.
type storeIndex struct {
	imageDir string
	images   []storedImage
	parents  map[string]string // of layers
	users    map[string]string // image of each container, by the container's ID
}

// readStoreIndex reads the index files of the store with the given directory of
// containers.
func readStoreIndex(containerDir string) (storeIndex, error) {
	prefix := strings.TrimSuffix(containerDir, "containers")
	s := storeIndex{imageDir: prefix + "images", parents: map[string]string{}, users: map[string]string{}}
	var layers []struct{ ID, Parent string }
	var used, working []struct{ ID, Image string }
	for _, part := range []struct {
		file string
		to   any
	}{
		{filepath.Join(s.imageDir, "images.json"), &s.images},
		{filepath.Join(prefix+"layers", "layers.json"), &layers},
		{filepath.Join(containerDir, "containers.json"), &used},
		{filepath.Join(containerDir, "volatile-containers.json"), &working},
	} {
		data, err := readSmall(part.file, maxStoreIndex)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(data, part.to)
		}
		if err != nil {
			return s, fmt.Errorf("cannot read podman's store: %s: %w", part.file, err)
		}
	}
	for _, l := range layers {
		s.parents[l.ID] = l.Parent
	}
	for _, u := range append(used, working...) {
		s.users[u.ID] = u.Image
	}
	return s, nil
}

func (s storeIndex) incomplete() []storedImage {
	return slices.DeleteFunc(slices.Clone(s.images), func(i storedImage) bool { return !i.incomplete(s.imageDir) })
}

// committedFrom reports whether an image may have been committed from a
// container: it has the layer of the container's image or one on top of it.
func (s storeIndex) committedFrom(i storedImage, container string) bool {
	at := slices.IndexFunc(s.images, func(base storedImage) bool { return base.ID == s.users[container] })
	if at < 0 || s.users[container] == i.ID {
		return false
	}
	below := s.images[at].Layer
	return below != "" && (i.Layer == below || s.parents[i.Layer] == below)
}

// incompleteImages returns the images that builds, given by token, had not
// committed completely when they were killed. The working container of the
// killed commit proves that the image is the build's. others are the remaining
// incomplete images.
func (e *Engine) incompleteImages(c context.Context, builds map[string]records.Record) (ours []leftover, others []string, err error) {
	m, ok, err := e.machineStore(c)
	if err != nil || !ok {
		return nil, nil, err
	}
	store, err := readStoreIndex(m.Containers)
	if err != nil {
		return nil, nil, err
	}
	for _, image := range store.incomplete() {
		r, proven := store.committer(image, m.Containers, builds)
		if !proven {
			others = append(others, image.ID)
			continue
		}
		ours = append(ours, leftover{Leftover: api.Leftover{Kind: "image", Name: image.ID, Run: r.Owner.Run}, record: r})
	}
	return ours, others, nil
}

func (s storeIndex) committer(image storedImage, containerDir string, builds map[string]records.Record) (records.Record, bool) {
	if !image.temporary() {
		return records.Record{}, false
	}
	var found records.Record
	for container, base := range s.users {
		if base == image.ID {
			return records.Record{}, false
		}
		if !s.committedFrom(image, container) {
			continue
		}
		r, ours := builds[workerToken(filepath.Join(containerDir, container, "userdata", buildahFile))]
		if ours && image.Created.After(r.Time) {
			found = r
		}
	}
	return found, found.Name != ""
}

// deadCommits returns incomplete images of builds whose process has ended. The
// service may still be committing one, so it returns only images that stay
// incomplete for a while.
func (e *Engine) deadCommits(c context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	builds := p.deadBuilds()
	if len(builds) == 0 {
		return nil, nil
	}
	return staying(c, func() ([]leftover, error) {
		found, _, err := e.incompleteImages(c, builds)
		return found, err
	})
}

// staying returns what list returns now and still returns after unfinishedAge.
func staying(c context.Context, list func() ([]leftover, error)) ([]leftover, error) {
	first, err := list()
	if err != nil || len(first) == 0 {
		return nil, err
	}
	select {
	case <-c.Done():
		return nil, c.Err()
	case <-time.After(unfinishedAge):
	}
	found, err := list()
	return slices.DeleteFunc(found, func(l leftover) bool {
		return !slices.ContainsFunc(first, func(f leftover) bool { return f.Name == l.Name })
	}), err
}

func (e *Engine) discardCommit(c context.Context, l leftover) error {
	_, errs := images.Remove(c, []string{l.Name}, new(images.RemoveOptions).WithNoPrune(true))
	if err := errors.Join(errs...); err != nil && code(err) != http.StatusNotFound {
		return err
	}
	return nil
}

// removeCommits removes incomplete images of one build whose service has ended.
func (e *Engine) removeCommits(c context.Context, r records.Record) error {
	found, _, err := e.incompleteImages(c, map[string]records.Record{r.Token: r})
	for _, l := range found {
		err = errors.Join(err, e.discardCommit(c, l))
	}
	return err
}

// inspect is like the function inspect. If podman fails because a killed build
// left an incomplete image, it removes that image first.
func (e *Engine) inspect(c context.Context, reference string) (api.Image, error) {
	image, err := inspect(c, reference)
	if err == nil || code(err) < http.StatusInternalServerError {
		return image, err
	}
	p, faults := e.proofs()
	found, faultsFound := e.deadCommits(c, p, api.PruneOptions{})
	faults = errors.Join(faults, faultsFound)
	for _, l := range found {
		e.log.Info("removed an image that a killed build left incomplete", "name", l.Name)
		faults = errors.Join(faults, e.discardCommit(c, l))
	}
	if faults != nil {
		e.log.Debug("incomplete images may stay", "err", faults)
	}
	if len(found) > 0 {
		image, err = inspect(c, reference)
	}
	return image, e.explainIncomplete(c, err)
}

// explainIncomplete adds to an error of podman how to remove the incomplete
// images in its store.
func (e *Engine) explainIncomplete(c context.Context, err error) error {
	failed, ok := errors.AsType[*api.EngineError](err)
	if !ok || code(err) < http.StatusInternalServerError {
		return err
	}
	_, others, readErr := e.incompleteImages(c, nil)
	if readErr != nil || len(others) == 0 {
		return err
	}
	explained := *failed
	explained.Hint = fmt.Sprintf("podman's storage has images whose build or pull was killed: podman rmi --force %s", strings.Join(others, " "))
	return &explained
}
