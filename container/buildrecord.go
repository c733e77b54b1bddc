// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/images"
	"github.com/containers/podman/v4/pkg/domain/entities"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	// annotationBuild holds a build's token on each image that it commits. Images
	// made on top of them have it too, but none is before the image has its name.
	annotationBuild = "lcitool.build"
	// secretPrefix and a build's token are the name of a secret that no step asks
	// for. The builder writes it into its description of each working
	// container, which nothing inherits.
	secretPrefix = "lcitool-"
	// labelBuild makes each image another one, and proves that the ID at the end
	// of a build's stream is not one that a step printed.
	labelBuild = "lcitool.build"
	// buildahFile describes a working container.
	buildahFile = "buildah.json"
	maxBuildah  = 4 << 20
	// maxChain is how many images may stand on one another, as many as layers.
	maxChain = 200
)

func (e *Engine) newBuildRecord() records.Record {
	r := e.newRecord(records.Build, records.NewToken())
	r.Token = r.Name
	return r
}

// recordBuild notes a build before it is asked for.
func (e *Engine) recordBuild(r records.Record) error {
	if err := e.records.Put(r); err != nil {
		return &EngineError{Op: "record a build", Code: 125, Err: err}
	}
	return nil
}

// noteImage notes the image that a build is about to name: from then on others
// may build on it, and nothing but the image itself can be a leftover.
func (e *Engine) noteImage(r records.Record, id, before string) (records.Record, error) {
	r.Extra = map[string]string{extraImage: id, extraBefore: before, extraEnded: "yes"}
	return r, e.records.Put(r)
}

// removeReplaced removes the image that had the name before. While it is in the
// way of nothing but a container, such as one that a killed build left, the
// record stays for a later try.
func (e *Engine) removeReplaced(c context.Context, r records.Record) {
	if before := r.Extra[extraBefore]; before != "" {
		e.removeNameless(c, before)
		list, err := danglingImages(c)
		if err != nil || slices.ContainsFunc(list, func(i *entities.ImageSummary) bool { return i.ID == before }) {
			return
		}
	}
	e.forget(r)
}

// retryReplaced tries again what a leftover was in the way of.
func (e *Engine) retryReplaced(ctx context.Context, r records.Record) {
	r, err := e.records.Get(r.Kind, r.Name)
	if err != nil || r.Extra[extraBefore] == "" {
		return
	}
	if c, done, err := e.service.Afterwards(ctx); err == nil {
		e.removeReplaced(c, r)
		done()
	}
}

func danglingImages(c context.Context) ([]*entities.ImageSummary, error) {
	filter := map[string][]string{"dangling": {"true"}}
	list, err := images.List(c, new(images.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list images", err)
	}
	return list, nil
}

// endBuild notes that nothing of a build that failed can appear any more.
func (e *Engine) endBuild(r records.Record) {
	r.Extra = map[string]string{extraEnded: "yes", extraBases: r.Extra[extraBases]}
	if err := e.records.Put(r); err != nil {
		e.log.Debug("cannot note the end of a build", "err", err)
	}
}

// deadBuilds returns the tokens of builds whose process is gone.
func (p proofs) deadBuilds() map[string]records.Record {
	tokens := map[string]records.Record{}
	for _, r := range p.builds {
		if r.Token != "" && p.processes.Dead(r.Owner) {
			tokens[r.Token] = r
		}
	}
	return tokens
}

// bases returns the IDs of the images that the stages start from, as far as
// they are there.
func (e *Engine) bases(ctx context.Context, o BuildOptions) []string {
	var list []string
	for _, from := range fromLine.FindAllSubmatch(o.Dockerfile, -1) {
		if image, err := e.Inspect(ctx, string(from[1])); err == nil {
			list = append(list, image.ID)
		}
	}
	return list
}

// deadWorkers finds working containers of builds whose process is gone.
func (e *Engine) deadWorkers(c context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	return e.findWorkers(c, p.deadBuilds())
}

// findWorkers returns the working containers of builds, by their tokens. It
// looks into the store itself, since the engine tells nothing of them.
func (e *Engine) findWorkers(c context.Context, builds map[string]records.Record) ([]Leftover, error) {
	if len(builds) == 0 {
		return nil, nil
	}
	m, ok, err := e.machineStore(c)
	if err != nil || !ok {
		return nil, err
	}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var found []Leftover
	for _, item := range list {
		file := filepath.Join(m.Containers, item.ID, "userdata", buildahFile)
		r, ours := builds[workerToken(file)]
		if !ours {
			r, ours = unfinishedWorker(c, item, file, builds)
		}
		if ours {
			found = append(found, Leftover{Kind: "container", Name: item.ID, Run: r.Owner.Run, record: r})
		}
	}
	return found, nil
}

// workerName is how the builder names its containers.
const workerName = "-working-container"

// unfinishedAge is how old a working container without a description must be:
// one of a build that goes on gets it at once.
const unfinishedAge = 10 * time.Second

// unfinishedWorker reports whether a working container was made in the moment
// before the builder was killed: it has no description, and nobody can do
// anything with it any more. It must be made from an image that only one of
// these builds knows, or from one that the build started from, since then.
func unfinishedWorker(c context.Context, item entities.ListContainer, file string, builds map[string]records.Record) (records.Record, bool) {
	named := slices.ContainsFunc(item.Names, func(name string) bool { return strings.Contains(name, workerName) })
	if !named || !inStorageOnly(item) {
		return records.Record{}, false
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return records.Record{}, false
	}
	var found records.Record
	if image, err := images.GetImage(c, item.ImageID, nil); err == nil {
		found = builds[image.Annotations[annotationBuild]]
	}
	for _, r := range builds {
		if found.Name == "" && item.Created.After(r.Time) && slices.Contains(strings.Fields(r.Extra[extraBases]), item.ImageID) {
			found = r
		}
	}
	if found.Name == "" {
		return found, false
	}
	select {
	case <-c.Done():
		return found, false
	case <-time.After(unfinishedAge - time.Since(item.Created)):
	}
	_, err := os.Lstat(file)
	return found, errors.Is(err, fs.ErrNotExist)
}

// workerToken returns the token of the build that a working container belongs
// to, "" for a container of anything else.
func workerToken(file string) string {
	data, err := readSmall(file, maxBuildah)
	if err != nil {
		return ""
	}
	var builder struct {
		CommonBuildOpts struct {
			Secrets []string
		}
	}
	if err := json.Unmarshal(data, &builder); err != nil {
		return ""
	}
	for _, secret := range builder.CommonBuildOpts.Secrets {
		for field := range strings.SplitSeq(secret, ",") {
			if token, ok := strings.CutPrefix(field, "id="+secretPrefix); ok {
				return token
			}
		}
	}
	return ""
}

func (e *Engine) discardWorker(c context.Context, l Leftover) error {
	return removeContainer(c, l.Name)
}

// deadImages finds images that builds committed but did not live to name.
func (e *Engine) deadImages(c context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	builds := p.deadBuilds()
	if len(builds) == 0 {
		return nil, nil
	}
	unlock, free := e.lockImages()
	if !free {
		return nil, nil // a build may be about to use them
	}
	defer unlock()
	found, err := findImages(c, builds)
	return slices.DeleteFunc(found, func(l Leftover) bool {
		used := imageInUse(c, l.Name)
		if used {
			p.inUse[l.record.Name] = true
		}
		return used
	}), err
}

// imageInUse reports whether a container was made from an image, other than a
// working container of a build. The user may have made it by the image's ID.
func imageInUse(c context.Context, id string) bool {
	filter := map[string][]string{"ancestor": {id}}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithFilters(filter))
	return err != nil || len(list) > 0
}

func findImages(c context.Context, builds map[string]records.Record) ([]Leftover, error) {
	list, err := danglingImages(c)
	if err != nil {
		return nil, err
	}
	replaced := map[string]records.Record{}
	for _, r := range builds {
		replaced[r.Extra[extraBefore]] = r
	}
	var dead []Leftover
	for _, item := range list {
		if len(item.RepoTags) > 0 {
			continue
		}
		if r, ours := replaced[item.ID]; ours {
			dead = append(dead, Leftover{Kind: "image", Name: item.ID, Run: r.Owner.Run, record: r})
			continue
		}
		image, err := images.GetImage(c, item.ID, nil)
		if err != nil {
			continue // removed meanwhile
		}
		r, ours := builds[image.Annotations[annotationBuild]]
		if named := r.Extra[extraImage]; ours && (named == "" || named == item.ID) {
			dead = append(dead, Leftover{Kind: "image", Name: item.ID, Run: r.Owner.Run, record: r})
		}
	}
	return dead, nil
}

// discardImage removes an image and those below it that are left without a
// name, if they are of a build of ours as well.
func (e *Engine) discardImage(c context.Context, l Leftover) error {
	unlock, free := e.lockImages()
	if !free {
		return errors.New("an image is being built")
	}
	defer unlock()
	if l.Name == l.record.Extra[extraBefore] {
		_, errs := images.Remove(c, []string{l.Name}, nil)
		return errors.Join(errs...)
	}
	for id, tries := l.Name, 0; tries < maxChain; tries++ {
		_, errs := images.Remove(c, []string{id}, new(images.RemoveOptions).WithNoPrune(true))
		if err := errors.Join(errs...); err != nil && code(err) != http.StatusNotFound {
			return err
		}
		below, err := findImages(c, map[string]records.Record{l.record.Token: l.record})
		if err != nil || len(below) == 0 {
			return err
		}
		id = below[0].Name
	}
	return errors.New("it does not go")
}

// buildSecret asks for a secret that is a variable which no service has: the
// builder looks for it only when a step wants it.
func buildSecret(token string) string { return "id=" + secretPrefix + token + ",type=env" }
