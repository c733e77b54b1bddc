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

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	// annotationBuild is an annotation with the build's token on each image that
	// it commits. Images built on top inherit it, but only after the image has
	// its name.
	annotationBuild = "lcitool.build"
	// secretPrefix with a build's token is the name of a build secret that no
	// step uses. The builder writes the name to the buildah.json of each working
	// container. Images and other containers do not inherit it.
	secretPrefix = "lcitool-"
	// labelBuild makes each image unique. It also proves that the ID at the end
	// of the build's output was not printed by a step.
	labelBuild = "lcitool.build"
	// buildahFile is the builder's description of a working container.
	buildahFile = "buildah.json"
	maxBuildah  = 4 << 20
	// maxChain limits the number of parent images. It is the maximum number of
	// layers.
	maxChain = 200
)

func (e *Engine) newBuildRecord() records.Record {
	r := e.newRecord(records.Build, records.NewToken())
	r.Token = r.Name
	return r
}

// recordBuild stores the build record r. A build record exists before the build
// is requested from podman and until everything it made has a name or was
// removed. Prune and the next runs read it to find working containers and images
// that a killed build left: these carry the record's token. Only records prove
// that they are lcitool's.
func (e *Engine) recordBuild(r records.Record) error {
	if err := e.records.Put(r); err != nil {
		return &api.EngineError{Op: "record a build", Code: 125, Err: err}
	}
	return nil
}

// noteImage adds the image that a build is about to tag to the build record, and
// the image that had the tag before, with the images below it. From then on
// others may use the image, and only the image itself can be a leftover of the
// build.
func (e *Engine) noteImage(c context.Context, r records.Record, id, before string) (records.Record, error) {
	r.Extra = map[string]string{extraImage: id, extraBefore: strings.Join(sameBuild(c, before), " "), extraEnded: "yes"}
	return r, e.records.Put(r)
}

// sameBuild returns an image, unless it is "", and the images below it that the
// same build made for its steps, as far as podman names them. They are removed
// with the image, but lcitool may be killed before it has removed all.
func sameBuild(c context.Context, id string) []string {
	if id == "" {
		return nil
	}
	list := []string{id}
	image, err := images.GetImage(c, id, nil)
	if err != nil || image.Annotations[annotationBuild] == "" {
		return list
	}
	token := image.Annotations[annotationBuild]
	for len(list) < maxChain && image.Parent != "" {
		image, err = images.GetImage(c, image.Parent, nil)
		if err != nil || len(image.RepoTags) > 0 || image.Annotations[annotationBuild] != token {
			break
		}
		list = append(list, image.ID)
	}
	return list
}

// isStep reports whether a build of lcitool made an image for a step. Images of
// others inherit the annotation, but together with the label, which is written
// last.
func isStep(image *entities.ImageInspectReport) bool {
	token := image.Annotations[annotationBuild]
	return token != "" && image.Labels[labelBuild] != token
}

// removeReplaced removes the image that had the tag before, then the build
// record. If a container still uses the image, for example one of a killed
// build, the record stays and retryReplaced tries again. It also stays if the new
// image has no name, so that the next run removes that image.
func (e *Engine) removeReplaced(c context.Context, r records.Record) {
	if r.Extra[extraBefore] == "" {
		e.forget(r)
		return
	}
	replaced := strings.Fields(r.Extra[extraBefore])
	for range replaced {
		left, err := dangling(c, replaced)
		if err != nil {
			return
		}
		if len(left) == 0 {
			break
		}
		for _, id := range left {
			e.removeNameless(c, id)
		}
	}
	if left, err := dangling(c, append(replaced, r.Extra[extraImage])); err == nil && len(left) == 0 {
		e.forget(r)
	}
}

// dangling returns those of the images that have no name, and no image above
// them.
func dangling(c context.Context, ids []string) ([]string, error) {
	list, err := danglingImages(c)
	var found []string
	for _, i := range list {
		if slices.Contains(ids, i.ID) {
			found = append(found, i.ID)
		}
	}
	return found, err
}

// retryReplaced tries again to remove a replaced image, after a leftover that
// used it was removed.
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

// endBuild marks the record of a failed build as ended: nothing of it can appear
// any more.
func (e *Engine) endBuild(r records.Record) {
	r.Extra = map[string]string{extraEnded: "yes", extraBases: r.Extra[extraBases]}
	if err := e.records.Put(r); err != nil {
		e.log.Debug("cannot note the end of a build", "err", err)
	}
}

// deadBuilds returns the records of builds whose process has ended, by token.
func (p proofs) deadBuilds() map[string]records.Record {
	tokens := map[string]records.Record{}
	for _, r := range p.builds {
		if r.Token != "" && p.processes.Dead(r.Owner) {
			tokens[r.Token] = r
		}
	}
	return tokens
}

// bases returns the IDs of the images that the stages start from, as far as they
// exist locally.
func (e *Engine) bases(ctx context.Context, o api.BuildOptions) []string {
	var list []string
	for _, from := range fromLine.FindAllSubmatch(o.Dockerfile, -1) {
		if image, err := e.Inspect(ctx, string(from[1])); err == nil {
			list = append(list, image.ID)
		}
	}
	return list
}

// deadWorkers returns the working containers of builds whose process has ended.
func (e *Engine) deadWorkers(c context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	return e.findWorkers(c, p.deadBuilds())
}

// findWorkers returns the working containers of builds, given by token. It reads
// the store's files, because the API does not list these containers.
func (e *Engine) findWorkers(c context.Context, builds map[string]records.Record) ([]leftover, error) {
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
	var found []leftover
	for _, item := range list {
		file := filepath.Join(m.Containers, item.ID, "userdata", buildahFile)
		r, ours := builds[workerToken(file)]
		if !ours {
			r, ours = unfinishedWorker(c, item, file, builds)
		}
		if ours {
			found = append(found, leftover{Leftover: api.Leftover{Kind: "container", Name: item.ID, Run: r.Owner.Run}, record: r})
		}
	}
	return found, nil
}

// workerName is a part of the names that the builder gives its working
// containers.
const workerName = "-working-container"

// unfinishedAge is the minimum age of a working container without a description.
// A running build writes the description immediately.
const unfinishedAge = 10 * time.Second

// unfinishedWorker returns the record of the build that a working container
// without a description belongs to, because the builder was killed just after it
// created the container. The container's image must be one that only this build
// knows, or one that the build started from; in the second case the container
// must be newer than the build.
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
	case <-time.After(min(unfinishedAge, unfinishedAge-time.Since(item.Created))): // the clock may have been set back
	}
	_, err := os.Lstat(file)
	return found, errors.Is(err, fs.ErrNotExist)
}

// workerToken returns the token of the build that a working container belongs
// to, or "".
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

func (e *Engine) discardWorker(c context.Context, l leftover) error {
	return removeContainer(c, l.Name)
}

// deadImages returns images that builds committed and were killed before they
// tagged them.
func (e *Engine) deadImages(c context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	builds := p.deadBuilds()
	if len(builds) == 0 {
		return nil, nil
	}
	unlock, free := e.lockImages()
	if !free {
		return nil, nil // a running build may use them
	}
	defer unlock()
	found, err := findImages(c, builds)
	return slices.DeleteFunc(found, func(l leftover) bool {
		used := imageInUse(c, l.Name)
		if used {
			p.inUse[l.record.Name] = true
		}
		return used
	}), err
}

// imageInUse reports whether a container other than a working container uses an
// image. A user may have created it by the image's ID.
func imageInUse(c context.Context, id string) bool {
	filter := map[string][]string{"ancestor": {id}}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithFilters(filter))
	return err != nil || len(list) > 0
}

func findImages(c context.Context, builds map[string]records.Record) ([]leftover, error) {
	list, err := danglingImages(c)
	if err != nil {
		return nil, err
	}
	replaced := map[string]records.Record{}
	for _, r := range builds {
		for _, id := range strings.Fields(r.Extra[extraBefore]) {
			replaced[id] = r
		}
	}
	var dead []leftover
	for _, item := range list {
		if len(item.RepoTags) > 0 {
			continue
		}
		if r, ours := replaced[item.ID]; ours {
			dead = append(dead, leftover{Leftover: api.Leftover{Kind: "image", Name: item.ID, Run: r.Owner.Run}, record: r})
			continue
		}
		image, err := images.GetImage(c, item.ID, nil)
		if err != nil {
			continue // removed meanwhile
		}
		r, ours := builds[image.Annotations[annotationBuild]]
		if named := r.Extra[extraImage]; ours && (named == "" || named == item.ID) {
			dead = append(dead, leftover{Leftover: api.Leftover{Kind: "image", Name: item.ID, Run: r.Owner.Run}, record: r})
		}
	}
	return dead, nil
}

// removeDelta removes the image of a delta that the builder committed before it
// failed. It has a single layer, which no other build uses from its cache.
func (e *Engine) removeDelta(ctx context.Context, r records.Record) {
	c, done, err := e.service.Afterwards(ctx)
	if err == nil {
		defer done()
		var found []leftover
		found, err = findImages(c, map[string]records.Record{r.Token: r})
		for _, l := range found {
			err = errors.Join(err, e.discardCommit(c, l))
		}
	}
	if err != nil {
		e.log.Debug("the image of a failed delta may stay", "err", err)
	}
}

// discardImage removes an image and its parents that have no name, if builds of
// lcitool made them.
func (e *Engine) discardImage(c context.Context, l leftover) error {
	unlock, free := e.lockImages()
	if !free {
		return errors.New("an image is being built")
	}
	defer unlock()
	if slices.Contains(strings.Fields(l.record.Extra[extraBefore]), l.Name) { // the images below it may be those of an earlier build
		if err := e.removeImage(c, l.Name, false); code(err) != http.StatusNotFound {
			return err
		}
		return nil
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

// buildSecret returns the definition of a build secret from an environment
// variable that does not exist. The builder reads it only if a step uses it.
func buildSecret(token string) string { return "id=" + secretPrefix + token + ",type=env" }
