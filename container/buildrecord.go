// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/images"

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
func (e *Engine) noteImage(r records.Record, id string) error {
	r.Extra = map[string]string{extraImage: id, extraEnded: "yes"}
	return e.records.Put(r)
}

// endBuild notes that nothing of a build that failed can appear any more.
func (e *Engine) endBuild(r records.Record) {
	r.Extra = map[string]string{extraEnded: "yes"}
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
		r, ours := builds[workerToken(filepath.Join(m.containers, item.ID, "userdata", buildahFile))]
		if ours {
			found = append(found, Leftover{Kind: "container", Name: item.ID, Run: r.Owner.Run, record: r})
		}
	}
	return found, nil
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
	return findImages(c, builds)
}

func findImages(c context.Context, builds map[string]records.Record) ([]Leftover, error) {
	filter := map[string][]string{"dangling": {"true"}}
	list, err := images.List(c, new(images.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list images", err)
	}
	var dead []Leftover
	for _, item := range list {
		if len(item.RepoTags) > 0 {
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
// name, as far as they are of a build of ours too.
func (e *Engine) discardImage(c context.Context, l Leftover) error {
	unlock, free := e.lockImages()
	if !free {
		return errors.New("an image is being built")
	}
	defer unlock()
	id := l.Name
	for {
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
}

// buildSecret asks for a secret that is a variable which no service has: the
// builder looks for it only when a step wants it.
func buildSecret(token string) string { return "id=" + secretPrefix + token + ",type=env" }
