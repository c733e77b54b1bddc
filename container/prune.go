// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/volumes"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/conmon"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	// sweepTimeout limits the cleanup that a run does for earlier runs.
	sweepTimeout = 20 * time.Second
	// lateLimit is how long a service may take to complete a request of a process
	// that has ended. Records without an object are kept for this time.
	lateLimit = time.Hour
	// recordAge is the maximum age of records of an engine that is no longer
	// used.
	recordAge = 60 * 24 * time.Hour
	// maxAbsent limits the list of engines that do not have an object.
	maxAbsent = 16
)

func isCacheName(name string) bool { return strings.HasPrefix(name, api.CachePrefix) }

type leftover struct {
	api.Leftover
	record records.Record // proves that it is lcitool's; the zero value for a process
	conmon conmon.Process // if it is a process
}

// A leftoverKind is one kind of leftovers. Prune and the cleanup of each run use
// the same list of kinds.
type leftoverKind struct {
	find   func(context.Context, proofs, api.PruneOptions) ([]leftover, error)
	remove func(context.Context, leftover) error
}

func (e *Engine) leftoverKinds() []leftoverKind {
	return []leftoverKind{
		{e.deadContainers, e.discardContainer},
		{e.surplus, e.discardContainer},
		{e.deadVolumes, e.discardVolumeOf},
		{e.unusedCaches, e.discardVolumeOf},
		{e.deadConmons, func(ctx context.Context, l leftover) error { return l.conmon.Discard(ctx, records.HostProcesses()) }},
		{e.deadCommits, e.discardCommit}, // before the working containers, which prove them
		{e.deadWorkers, e.discardWorker},
		{e.deadImages, e.discardImage},
		{e.deadAuxiliaries, e.discardAuxiliary},
		{e.deadDirs, e.discardDir},
	}
}

// Prune removes containers, volumes, images, processes and temporary directories
// of runs whose process has ended, and kept containers that are too old or too
// many. It removes only what a record proves to be lcitool's. It returns what
// was removed, or with DryRun would be; the error names what could not be
// removed.
func (e *Engine) Prune(ctx context.Context, o api.PruneOptions) ([]api.Leftover, error) {
	p, err := e.proofs()
	return e.prune(ctx, o, p, err)
}

// prune is Prune with the given records, whose error was err.
func (e *Engine) prune(ctx context.Context, o api.PruneOptions, p proofs, err error) ([]api.Leftover, error) {
	c, connErr := e.service.Conn(ctx)
	if connErr != nil {
		return nil, connErr
	}
	defer podman.CloseIdle(c)
	faults := []error{err}
	done, err := e.pruneDamaged(o.DryRun)
	faults = append(faults, err)
	for _, kind := range e.leftoverKinds() {
		found, err := kind.find(c, p, o)
		faults = append(faults, err)
		for _, l := range found {
			if !o.DryRun {
				if err := kind.remove(c, l); err != nil {
					faults = append(faults, fmt.Errorf("cannot remove %s %s: %w", l.Kind, l.Name, explain.Reason(err)))
					continue
				}
			}
			done = append(done, l.Leftover)
		}
	}
	err = errors.Join(faults...)
	if !o.DryRun && err == nil {
		err = e.forgetGone(c, p)
	}
	return done, err
}

// pruneDamaged removes records that a crash of the machine has cut off. They prove
// nothing any more, so Unproven lists their objects.
func (e *Engine) pruneDamaged(dryRun bool) (done []api.Leftover, err error) {
	files, err := e.records.Damaged(records.Container, records.Volume, records.Build, records.Directory, records.Auxiliary)
	for _, file := range files {
		if !dryRun {
			if fault := e.records.RemoveDamaged(file); fault != nil {
				err = errors.Join(err, fmt.Errorf("cannot remove record %s: %w", file, fault))
				continue
			}
		}
		done = append(done, api.Leftover{Kind: "record", Name: filepath.Join(e.records.Dir(), file)})
	}
	return done, err
}

// sweepLater does the same as Prune concurrently with a run, but does not look again
// for what this engine does not have. The channel is closed at its end.
func (e *Engine) sweepLater(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
		defer cancel()
		p, err := e.proofs()
		removed, err := e.prune(ctx, api.PruneOptions{}, p.without(e.service.URL()), err)
		for _, l := range removed {
			e.log.Info("removed what a killed run left", "kind", l.Kind, "name", l.Name)
		}
		if err != nil {
			e.log.Debug("leftovers may stay", "err", err)
		}
	}()
	return over
}

// sweepAfterKill does the same as Prune if records show that a run was killed. It
// is for commands that start nothing.
func (e *Engine) sweepAfterKill(ctx context.Context) {
	if p, err := e.proofs(); err != nil || p.without(e.service.URL()).killed() {
		<-e.sweepLater(ctx)
	}
}

func (e *Engine) deadContainers(c context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	if len(p.dead()) == 0 {
		return nil, nil
	}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var dead []leftover
	for _, item := range list {
		if r, ours := p.container(item); ours && r.Extra[extraKept] == "" && p.processes.Dead(r.Owner) {
			p.taken[r.Extra[extraLayers]] = true
			dead = append(dead, leftover{Leftover: api.Leftover{Kind: "container", Name: r.Name, Run: r.Owner.Run}, record: r})
		}
	}
	joinedFirst(dead)
	return dead, nil
}

func (e *Engine) surplus(c context.Context, p proofs, o api.PruneOptions) ([]leftover, error) {
	all, err := p.kept(c)
	if err != nil {
		return nil, err
	}
	if !o.Kept {
		all = surplusKept(all, time.Now())
	}
	var list []leftover
	for _, k := range all {
		switch {
		case !e.inUse(k):
			list = append(list, k.leftover())
		case o.Kept:
			err = errors.Join(err, fmt.Errorf("cannot remove container %s: its job is being continued, or a shell runs in it", k.Name))
		}
	}
	return list, err
}

func (e *Engine) discardContainer(c context.Context, l leftover) error { return e.discard(c, l.record) }

// deadVolumes returns the volumes of dead runs, except for those that are
// removed with a container.
func (e *Engine) deadVolumes(c context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	var dead []leftover
	for _, r := range p.volumes {
		if r.Extra[extraCache] != "" || p.taken[r.Name] || !p.processes.Dead(r.Owner) {
			continue
		}
		data, err := volumes.Inspect(c, r.Name, nil)
		if code(err) == http.StatusNotFound {
			continue
		}
		if err != nil {
			return dead, engineError("inspect volume "+r.Name, err)
		}
		if _, ours := p.volume(data.Name, data.Labels); ours {
			dead = append(dead, leftover{Leftover: api.Leftover{Kind: "volume", Name: r.Name, Run: r.Owner.Run}, record: r})
		}
	}
	return dead, nil
}

func (e *Engine) discardVolumeOf(c context.Context, l leftover) error {
	return e.discardVolume(c, l.Name)
}

// unusedCaches returns lcitool's cache volumes that no container uses.
func (e *Engine) unusedCaches(c context.Context, p proofs, o api.PruneOptions) ([]leftover, error) {
	if !o.Caches {
		return nil, nil
	}
	filter := map[string][]string{"dangling": {"true"}}
	list, err := volumes.List(c, new(volumes.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list volumes", err)
	}
	var unused []leftover
	for _, item := range list {
		if r, ours := p.volume(item.Name, item.Labels); ours && r.Extra[extraCache] != "" {
			unused = append(unused, leftover{Leftover: api.Leftover{Kind: "volume", Name: item.Name}, record: r})
		}
	}
	return unused, nil
}

// deadDirs returns directories of dead runs. The list of kinds puts containers
// first, so a directory is removed after its container.
func (e *Engine) deadDirs(_ context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	list := append(e.recordedDirs(p), legacyDirs(p.processes, e.options.TempParent())...)
	if parent := e.options.BuildTempParent(); parent != e.options.TempParent() {
		list = append(list, legacyDirs(p.processes, parent)...)
	}
	return list, nil
}

// forgetGone removes records of dead runs whose object does not exist and cannot
// appear any more. If another engine was asked for the object, the record stays and
// says that this one does not have it. A private service with another configuration
// is another engine.
func (e *Engine) forgetGone(c context.Context, p proofs) error {
	late := func(r records.Record) bool { return p.processes.Dead(r.Owner) && time.Since(r.Time) > lateLimit }
	gone := func(r records.Record) bool {
		return late(r) && (r.Engine == e.service.URL() || time.Since(r.Time) > recordAge)
	}
	for _, b := range p.builds {
		if !p.inUse[b.Name] && (late(b) || p.processes.Dead(b.Owner) && b.Extra[extraEnded] != "") {
			e.notHere(b)
		}
	}
	for _, r := range p.dead() {
		if !late(r) || e.conmonLeft(r) {
			continue
		}
		there, err := containers.Exists(c, cmpID(r), nil)
		if err != nil {
			return engineError("look for container "+r.Name, err)
		}
		if !there {
			e.notHere(r)
		}
	}
	if err := e.forgetAuxiliaries(c, p, gone); err != nil {
		return err
	}
	for _, r := range p.volumes {
		if !gone(r) {
			continue
		}
		there, err := volumes.Exists(c, r.Name, nil)
		if err != nil {
			return engineError("look for volume "+r.Name, err)
		}
		if !there {
			e.forget(r)
		}
	}
	return nil
}

// notHere removes the record of an object that the engine does not have, or notes
// that in it if another engine may have the object.
func (e *Engine) notHere(r records.Record) {
	here := e.service.URL()
	if r.Engine == here || time.Since(r.Time) > recordAge {
		e.forget(r)
		return
	}
	engines := slices.DeleteFunc(strings.Fields(r.Extra[extraAbsent]), func(url string) bool { return url == here })
	engines = append(engines, here)
	r.Extra = maps.Clone(r.Extra)
	if r.Extra == nil {
		r.Extra = map[string]string{}
	}
	r.Extra[extraAbsent] = strings.Join(engines[max(0, len(engines)-maxAbsent):], " ")
	if err := e.records.Put(r); err != nil {
		e.log.Debug("cannot note that an object does not exist", "kind", r.Kind, "name", r.Name, "err", err)
	}
}

// cmpID returns the ID of a recorded container, or its name if the ID is not
// known.
func cmpID(r records.Record) string {
	if r.ID != "" {
		return r.ID
	}
	return r.Name
}
