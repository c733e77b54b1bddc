// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/images"
	"github.com/containers/podman/v4/pkg/bindings/volumes"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// sweepTimeout bounds what a run does for others.
const sweepTimeout = 20 * time.Second

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

// A Leftover is something that a dead run left behind.
type Leftover struct {
	Kind string `json:"kind"`          // container, volume, image, process or directory
	Name string `json:"name"`          // name, ID or path
	Run  string `json:"run,omitempty"` // run that made it

	labels  map[string]string // of a container with a volume of its own; nil else
	monitor monitor           // if it is a process
}

// Prune removes containers, volumes, images and temporary directories of runs
// whose process is gone, and kept containers that are too old or too many.
// Nothing of a live run is touched, nor an image that has a name. The list is
// what was removed, or would be; an error names what could not be.
func (e *Engine) Prune(ctx context.Context, o PruneOptions) ([]Leftover, error) {
	c, err := e.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer closeIdle(c)
	proc := records.HostProcesses()
	var done []Leftover
	var faults []error
	for _, step := range []struct {
		find   func(context.Context, records.Processes) ([]Leftover, error)
		remove func(context.Context, Leftover) error
	}{
		{e.deadContainers, discardContainer},
		{o.surplus, discardWithLayers},
		{e.deadVolumes, discardVolume},
		{o.unusedCaches, discardVolume},
		{e.deadImages, discardImage},
		{e.deadWorkers, discardContainer},
		{e.deadMonitors, discardMonitor},
		{e.deadTemp, discardDir},
	} {
		found, err := step.find(c, proc)
		faults = append(faults, err)
		for _, l := range found {
			if !o.DryRun {
				if err := step.remove(c, l); err != nil {
					faults = append(faults, fmt.Errorf("cannot remove %s %s: %w", l.Kind, l.Name, err))
					continue
				}
			}
			done = append(done, l)
		}
	}
	return done, errors.Join(faults...)
}

// sweepLater removes what dead runs left, beside a run of our own. The
// channel is closed when that is over.
func (e *Engine) sweepLater(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
		defer cancel()
		c, err := e.conn(ctx)
		if err != nil {
			return
		}
		defer closeIdle(c)
		proc := records.HostProcesses()
		found, err := e.deadContainers(c, proc)
		if err != nil {
			e.log.Debug("cannot look for leftovers", "err", err)
		}
		for _, l := range found {
			err := discardWithLayers(c, l)
			e.log.Info("removed what a killed run left", "container", l.Name, "err", err)
		}
		orphans, _ := e.deadMonitors(c, proc)
		for _, l := range orphans {
			err := discardMonitor(c, l)
			e.log.Info("ended what a killed service left", "process", l.Name, "err", err)
		}
		for _, l := range deadDirs(proc, e.options.tempParent()) {
			if strings.HasPrefix(filepath.Base(l.Name), tempPrefix+"run-") {
				_ = discardDir(c, l)
			}
		}
	}()
	return over
}

func (e *Engine) deadContainers(c context.Context, proc records.Processes) ([]Leftover, error) {
	filter := map[string][]string{"label": {labelRun}}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithFilters(filter))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var dead []Leftover
	for _, item := range list {
		if o, ok := ownerOf(item.Labels); ok && proc.Dead(o) && !isKept(item) {
			dead = append(dead, Leftover{Kind: "container", Name: strings.Join(item.Names, ","), Run: o.Run, labels: item.Labels})
		}
	}
	return dead, nil
}

func (e *Engine) deadVolumes(c context.Context, proc records.Processes) ([]Leftover, error) {
	filter := map[string][]string{"label": {labelRun}}
	list, err := volumes.List(c, new(volumes.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list volumes", err)
	}
	kept, err := keptContainers(c)
	if err != nil {
		return nil, err
	}
	var dead []Leftover
	for _, item := range list {
		needed := slices.ContainsFunc(kept, func(k Kept) bool { return k.Labels[labelLayers] == item.Name })
		if o, ok := ownerOf(item.Labels); ok && proc.Dead(o) && !needed {
			dead = append(dead, Leftover{Kind: "volume", Name: item.Name, Run: o.Run})
		}
	}
	return dead, nil
}

// unusedCaches finds the volumes that no container, live or kept, has.
func (o PruneOptions) unusedCaches(c context.Context, _ records.Processes) ([]Leftover, error) {
	if !o.Caches {
		return nil, nil
	}
	filter := map[string][]string{"name": {"^" + cachePrefix}, "dangling": {"true"}}
	list, err := volumes.List(c, new(volumes.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list volumes", err)
	}
	var unused []Leftover
	for _, item := range list {
		if strings.HasPrefix(item.Name, cachePrefix) { // whatever the engine makes of the pattern
			unused = append(unused, Leftover{Kind: "volume", Name: item.Name})
		}
	}
	return unused, nil
}

// deadImages finds images that a build finished but did not live to name.
func (e *Engine) deadImages(c context.Context, proc records.Processes) ([]Leftover, error) {
	filter := map[string][]string{"label": {labelRun}, "dangling": {"true"}}
	list, err := images.List(c, new(images.ListOptions).WithFilters(filter))
	if err != nil {
		return nil, engineError("list images", err)
	}
	var dead []Leftover
	for _, item := range list {
		if o, ok := ownerOf(item.Labels); ok && len(item.RepoTags) == 0 && proc.Dead(o) {
			dead = append(dead, Leftover{Kind: "image", Name: item.ID, Run: o.Run})
		}
	}
	return dead, nil
}

func (e *Engine) deadTemp(_ context.Context, proc records.Processes) ([]Leftover, error) {
	list := deadDirs(proc, e.options.tempParent())
	if parent := buildTempParent(e.options); parent != e.options.tempParent() {
		list = append(list, deadDirs(proc, parent)...)
	}
	return list, nil
}

func discardContainer(c context.Context, l Leftover) error { return removeContainer(c, l.Name) }

// discardWithLayers also removes the volume that the container wrote to.
func discardWithLayers(c context.Context, l Leftover) error {
	return errors.Join(removeContainer(c, l.Name), discardLayers(c, l.labels))
}

// discardVolume does not insist: by force podman removes the containers that
// use the volume, whosever they are.
func discardVolume(c context.Context, l Leftover) error {
	err := volumes.Remove(c, l.Name, nil)
	if code(err) == http.StatusNotFound {
		return nil
	}
	return err
}

func discardImage(c context.Context, l Leftover) error {
	_, errs := images.Remove(c, []string{l.Name}, nil)
	return errors.Join(errs...)
}
