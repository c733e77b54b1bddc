// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/volumes"
	"github.com/containers/podman/v4/pkg/domain/entities"
	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// labelToken is the label with the token of a container's or volume's record. It
// is checked together with the name, until the record has the ID.
const labelToken = "lcitool.token"

// Keys of Record.Extra.
const (
	extraKept   = "kept"   // the container stays though its process is gone
	extraJoined = "joined" // the container uses the network of another one, which cannot be removed before
	extraLayers = "layers" // volume that the container writes to
	extraCache  = "cache"  // the volume outlives its runs
	extraPath   = "path"   // path of a directory
	extraImage  = "image"  // ID of the image that a build is about to tag
	extraBases  = "bases"  // IDs of images that a build starts from, separated by spaces
	extraBefore = "before" // IDs of the image that had the tag before and of those below it, which must be removed
	extraEnded  = "ended"  // the build has ended and creates nothing more
	extraAbsent = "absent" // URLs of engines that do not have the object and will not get it, separated by spaces
)

func (e *Engine) newRecord(kind records.Kind, name string) records.Record {
	return records.Record{Kind: kind, Name: name, Token: records.NewToken(), Engine: e.service.URL(), Owner: e.owner}
}

// create writes the record of a container, then creates the container.
func (e *Engine) create(c context.Context, s *specgen.SpecGenerator, layers string) (records.Record, []string, error) {
	r := e.newRecord(records.Container, s.Name)
	r.Extra = map[string]string{}
	if layers != "" {
		r.Extra[extraLayers] = layers
	}
	if s.NetNS.IsContainer() {
		r.Extra[extraJoined] = s.NetNS.Value
	}
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	s.Labels[labelToken] = r.Token
	if err := e.recordCaches(s.Volumes); err != nil {
		return r, nil, err
	}
	if err := e.records.Put(r); err != nil {
		return r, nil, &api.EngineError{Op: "run image " + s.Image, Code: 125, Err: err}
	}
	var made entities.ContainerCreateResponse
	err := whileVolumesAppear(func() (err error) {
		made, err = containers.CreateWithSpec(c, s, nil)
		return err
	})
	if err != nil {
		if code(err) != 0 { // refused; if the response was lost, the container may exist
			e.forget(r)
		}
		return r, nil, err
	}
	r.ID = made.ID
	return r, made.Warnings, e.records.Put(r)
}

// recordCaches writes records for the cache volumes that podman may create with
// a container.
func (e *Engine) recordCaches(list []*specgen.NamedVolume) error {
	for _, v := range list {
		if !isCacheName(v.Name) {
			continue
		}
		if _, err := e.records.Get(records.Volume, v.Name); err == nil {
			continue
		}
		r := e.newRecord(records.Volume, v.Name)
		r.Extra = map[string]string{extraCache: "yes"}
		if err := e.records.Put(r); err != nil {
			return err
		}
	}
	return nil
}

// createVolume writes the record of a volume, then creates the volume.
func (e *Engine) createVolume(c context.Context, name string) (*entities.VolumeConfigResponse, error) {
	r := e.newRecord(records.Volume, name)
	if err := e.records.Put(r); err != nil {
		return nil, &api.EngineError{Op: "make volume " + name, Code: 125, Err: err}
	}
	labels := ownerLabels(e.owner)
	labels[labelToken] = r.Token
	made, err := volumes.Create(c, entities.VolumeCreateOptions{Name: name, Label: labels}, nil)
	if err != nil {
		if code(err) != 0 {
			e.forget(r)
		}
		return nil, engineError("make volume "+name, err)
	}
	return made, nil
}

// discard removes a container of lcitool and the volume of its upper layers.
func (e *Engine) discard(c context.Context, r records.Record) error {
	if r.Name != "" { // it may have been asked for
		id, err := e.idOf(c, r)
		if err == nil && id != "" {
			err = removeContainer(c, id)
		}
		if err != nil {
			return err
		}
	}
	if err := e.discardVolume(c, r.Extra[extraLayers]); err != nil {
		return err
	}
	// If the service died, the record is needed to find the container's conmon.
	if r.Name != "" && !(e.service.Died() && e.conmonLeft(r)) {
		e.forget(r)
	}
	return nil
}

// idOf returns the ID of a recorded container, or "" if it does not exist.
// Without an ID in the record, the container must have the record's token.
func (e *Engine) idOf(c context.Context, r records.Record) (string, error) {
	if r.ID != "" {
		return r.ID, nil
	}
	data, err := containers.Inspect(c, r.Name, nil)
	if code(err) == http.StatusNotFound {
		return storageID(c, r)
	}
	if err != nil {
		return "", err
	}
	if data.Config == nil || data.Config.Labels[labelToken] != r.Token {
		return "", nil
	}
	return data.ID, nil
}

// discardVolume removes a volume of lcitool. It does not use force, because
// podman would then remove all containers that use the volume.
func (e *Engine) discardVolume(c context.Context, name string) error {
	if name == "" {
		return nil
	}
	r, err := e.records.Get(records.Volume, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := volumes.Inspect(c, name, nil)
	if err == nil && (r.Extra[extraCache] != "" || data.Labels[labelToken] == r.Token) {
		err = volumes.Remove(c, name, nil)
	}
	if err != nil && code(err) != http.StatusNotFound {
		return engineError("remove volume "+name, err)
	}
	e.forget(r)
	return nil
}

// storageID finds a container that a killed service had created only in its
// storage. Nothing but its name is known.
func storageID(c context.Context, r records.Record) (string, error) {
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return "", err
	}
	for _, item := range list {
		if slices.Contains(item.Names, r.Name) && inStorageOnly(item) {
			return item.ID, nil
		}
	}
	return "", nil
}

// inStorageOnly reports whether a listed container is only in podman's storage,
// like a build's working container.
func inStorageOnly(item entities.ListContainer) bool {
	return len(item.Labels) == 0 && strings.EqualFold(item.State, "storage")
}

func (e *Engine) forget(r records.Record) {
	if err := e.records.Remove(r.Kind, r.Name); err != nil {
		e.log.Debug("record stays", "kind", r.Kind, "name", r.Name, "err", err)
	}
}

// proofs are all records at one time.
type proofs struct {
	processes   records.Processes
	containers  map[string][]records.Record // by name
	volumes     map[string]records.Record
	builds      []records.Record
	dirs        []records.Record
	auxiliaries []records.Record
	taken       map[string]bool // volumes that belong to a container and are removed with it
	inUse       map[string]bool // builds with an image that a container still needs
}

// proofs reads all records. Those that cannot be read prove nothing, and the
// error names them.
func (e *Engine) proofs() (proofs, error) {
	p := proofs{processes: records.HostProcesses(), containers: map[string][]records.Record{}, volumes: map[string]records.Record{}, taken: map[string]bool{}, inUse: map[string]bool{}}
	list, err := e.records.List(records.Container, records.Volume, records.Build, records.Directory, records.Auxiliary)
	for _, r := range list {
		switch r.Kind {
		case records.Container:
			p.containers[r.Name] = append(p.containers[r.Name], r)
		case records.Volume:
			p.volumes[r.Name] = r
		case records.Build:
			p.builds = append(p.builds, r)
		case records.Directory:
			p.dirs = append(p.dirs, r)
		case records.Auxiliary:
			p.auxiliaries = append(p.auxiliaries, r)
		}
	}
	if err != nil {
		return p, fmt.Errorf("cannot read records: %w", err)
	}
	return p, nil
}

// container returns the record of a container. ok is false if no record proves
// that it is lcitool's.
func (p proofs) container(item entities.ListContainer) (records.Record, bool) {
	if len(item.Names) != 1 {
		return records.Record{}, false
	}
	for _, r := range p.containers[item.Names[0]] {
		if r.ID == item.ID || r.ID == "" && r.Token != "" && (item.Labels[labelToken] == r.Token || inStorageOnly(item)) {
			r.ID = item.ID
			return r, true
		}
	}
	return records.Record{}, false
}

// volume returns the record of a volume. ok is false if no record proves that it
// is lcitool's.
func (p proofs) volume(name string, labels map[string]string) (records.Record, bool) {
	r, there := p.volumes[name]
	return r, there && (r.Extra[extraCache] != "" || r.Token != "" && labels[labelToken] == r.Token)
}

// killed reports whether a process ended and left a record other than that of a
// kept container.
func (p proofs) killed() bool {
	left := slices.Concat(p.dead(), p.builds, p.dirs)
	return slices.ContainsFunc(p.auxiliaries, p.abandoned) || slices.ContainsFunc(left, func(r records.Record) bool { return r.Extra[extraKept] == "" && p.processes.Dead(r.Owner) })
}

// without returns the proofs without the builds and containers that are known to
// have left nothing with the engine of the given URL.
func (p proofs) without(engine string) proofs {
	absent := func(r records.Record) bool { return slices.Contains(strings.Fields(r.Extra[extraAbsent]), engine) }
	p.builds = slices.DeleteFunc(slices.Clone(p.builds), absent)
	all := p.containers
	p.containers = map[string][]records.Record{}
	for name, list := range all {
		p.containers[name] = slices.DeleteFunc(slices.Clone(list), absent)
	}
	return p
}

// dead returns the records of containers whose process has ended, including kept
// ones.
func (p proofs) dead() []records.Record {
	var list []records.Record
	for _, all := range p.containers {
		list = append(list, slices.DeleteFunc(slices.Clone(all), func(r records.Record) bool { return !p.processes.Dead(r.Owner) })...)
	}
	return list
}
