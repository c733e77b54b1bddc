// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/volumes"

	"gitlab.com/lcitool/lcitool/container/internal/conmon"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	// sweepTimeout bounds what a run does for others.
	sweepTimeout = 20 * time.Second
	// lateLimit is how long a service may take over a request of a process that
	// is gone. A record without an object is kept for as long.
	lateLimit = time.Hour
	// recordAge bounds the age of records at an engine that is not asked any more.
	recordAge = 60 * 24 * time.Hour
)

// PruneOptions says how far Prune goes.
type PruneOptions struct {
	DryRun bool // only list
	Kept   bool // also remove all kept containers, not only those too old or too many
	Caches bool // also remove the volumes of CacheVolume that nothing uses
}

// cachePrefix begins the names of volumes that outlive the runs that use them.
const cachePrefix = "lcitool-ccache-"

// CacheVolume names a volume that stays when the run has ended, by what it is
// good for.
func CacheVolume(id string) string { return cachePrefix + id }

func isCacheName(name string) bool { return strings.HasPrefix(name, cachePrefix) }

// A Leftover is something that a dead run left behind.
type Leftover struct {
	Kind string `json:"kind"`          // container, volume, image, process or directory
	Name string `json:"name"`          // name, ID or path
	Run  string `json:"run,omitempty"` // run that made it

	record records.Record // that proves it ours; the zero value if something else does
	conmon conmon.Process // if it is a process
}

// A leftoverKind is one kind of what killed runs leave. There is one list of
// them, for Prune and for what each run does.
type leftoverKind struct {
	find   func(context.Context, proofs, PruneOptions) ([]Leftover, error)
	remove func(context.Context, Leftover) error
}

func (e *Engine) leftoverKinds() []leftoverKind {
	return []leftoverKind{
		{e.deadContainers, e.discardContainer},
		{e.surplus, e.discardContainer},
		{e.deadVolumes, e.discardVolumeOf},
		{e.unusedCaches, e.discardVolumeOf},
		{e.deadConmons, func(ctx context.Context, l Leftover) error { return l.conmon.Discard(ctx, records.HostProcesses()) }},
		{e.deadWorkers, e.discardWorker},
		{e.deadImages, e.discardImage},
		{e.deadDirs, e.discardDir},
	}
}

// Prune removes containers, volumes, images, processes and temporary
// directories of runs whose process is gone, and kept containers that are too
// old or too many. It takes only what a record proves to be ours. The list is
// what was removed, or would be; an error names what could not be.
func (e *Engine) Prune(ctx context.Context, o PruneOptions) ([]Leftover, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer podman.CloseIdle(c)
	p, err := e.proofs()
	var done []Leftover
	faults := []error{err}
	for _, kind := range e.leftoverKinds() {
		found, err := kind.find(c, p, o)
		faults = append(faults, err)
		for _, l := range found {
			if !o.DryRun {
				if err := kind.remove(c, l); err != nil {
					faults = append(faults, fmt.Errorf("cannot remove %s %s: %w", l.Kind, l.Name, podman.Reason(err)))
					continue
				}
			}
			done = append(done, l)
		}
	}
	err = errors.Join(faults...)
	if !o.DryRun && err == nil {
		err = e.forgetGone(c, p)
	}
	return done, err
}

// sweepLater does what Prune does, beside a run of our own. The channel is
// closed when that is over.
func (e *Engine) sweepLater(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
		defer cancel()
		removed, err := e.Prune(ctx, PruneOptions{})
		for _, l := range removed {
			e.log.Info("removed what a killed run left", "kind", l.Kind, "name", l.Name)
		}
		if err != nil {
			e.log.Debug("leftovers may stay", "err", err)
		}
	}()
	return over
}

func (e *Engine) deadContainers(c context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	if len(p.dead()) == 0 {
		return nil, nil
	}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var dead []Leftover
	for _, item := range list {
		if r, ours := p.container(item); ours && r.Extra[extraKept] == "" && p.processes.Dead(r.Owner) {
			p.taken[r.Extra[extraLayers]] = true
			dead = append(dead, Leftover{Kind: "container", Name: r.Name, Run: r.Owner.Run, record: r})
		}
	}
	joinedFirst(dead)
	return dead, nil
}

// surplus returns the kept containers that Prune removes.
func (e *Engine) surplus(c context.Context, p proofs, o PruneOptions) ([]Leftover, error) {
	all, err := p.kept(c)
	if err != nil {
		return nil, err
	}
	if !o.Kept {
		all = surplusKept(all, time.Now())
	}
	var list []Leftover
	for _, k := range all {
		list = append(list, k.leftover())
	}
	return list, nil
}

func (e *Engine) discardContainer(c context.Context, l Leftover) error { return e.discard(c, l.record) }

// deadVolumes finds the volumes of dead runs, but for those that a container
// still has: they go with it.
func (e *Engine) deadVolumes(c context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	var dead []Leftover
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
			dead = append(dead, Leftover{Kind: "volume", Name: r.Name, Run: r.Owner.Run, record: r})
		}
	}
	return dead, nil
}

func (e *Engine) discardVolumeOf(c context.Context, l Leftover) error {
	return e.discardVolume(c, l.Name)
}

// unusedCaches finds the cache volumes of ours that no container has.
func (e *Engine) unusedCaches(c context.Context, p proofs, o PruneOptions) ([]Leftover, error) {
	if !o.Caches {
		return nil, nil
	}
	filter := map[string][]string{"dangling": {"true"}}
	list, err := volumes.List(c, new(volumes.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list volumes", err)
	}
	var unused []Leftover
	for _, item := range list {
		if r, ours := p.volume(item.Name, item.Labels); ours && r.Extra[extraCache] != "" {
			unused = append(unused, Leftover{Kind: "volume", Name: item.Name, record: r})
		}
	}
	return unused, nil
}

// deadDirs finds directories. Those of containers go when their container is
// gone, which comes first in the list of kinds.
func (e *Engine) deadDirs(_ context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	list := append(e.recordedDirs(p), legacyDirs(p.processes, e.options.TempParent())...)
	if parent := e.options.BuildTempParent(); parent != e.options.TempParent() {
		list = append(list, legacyDirs(p.processes, parent)...)
	}
	return list, nil
}

// forgetGone drops the records of dead runs whose object is not there and
// cannot appear any more.
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

// cmpID is what a recorded container is asked for by.
func cmpID(r records.Record) string {
	if r.ID != "" {
		return r.ID
	}
	return r.Name
}
