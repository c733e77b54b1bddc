// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
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
	c, err := e.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer podman.CloseIdle(c)
	done, err := e.pruneDamaged(o.DryRun)
	faults := []error{err}
	p, err := e.proofs()
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

// sweepLater does the same as Prune concurrently with a run. The channel is
// closed at its end.
func (e *Engine) sweepLater(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
		defer cancel()
		removed, err := e.Prune(ctx, api.PruneOptions{})
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
	if p, err := e.proofs(); err != nil || p.killed() {
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
		list = append(list, k.leftover())
	}
	return list, nil
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
// appear any more.
func (e *Engine) forgetGone(c context.Context, p proofs) error {
	gone := func(r records.Record) bool {
		age := time.Since(r.Time)
		return p.processes.Dead(r.Owner) && (age > recordAge || r.Engine == e.service.URL() && age > lateLimit)
	}
	for _, b := range p.builds {
		if !p.inUse[b.Name] && (gone(b) || p.processes.Dead(b.Owner) && b.Extra[extraEnded] != "" && b.Engine == e.service.URL()) {
			e.forget(b)
		}
	}
	for _, r := range p.dead() {
		if !gone(r) || e.conmonLeft(r) {
			continue
		}
		there, err := containers.Exists(c, cmpID(r), nil)
		if err != nil {
			return engineError("look for container "+r.Name, err)
		}
		if !there {
			e.forget(r)
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

// cmpID returns the ID of a recorded container, or its name if the ID is not
// known.
func cmpID(r records.Record) string {
	if r.ID != "" {
		return r.ID
	}
	return r.Name
}
