// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/domain/entities"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	keptPrefix = "lcitool-kept-"
	keptMost   = 5                  // newest ones that are kept
	keptAge    = 7 * 24 * time.Hour // how long at most
)

// A Kept is a container that stays until somebody has looked into it, or it is
// too old, or there are too many newer ones.
type Kept struct {
	Name    string            `json:"name"`
	Image   string            `json:"image"`
	Created time.Time         `json:"created"`
	Labels  map[string]string `json:"labels"` // the caller's and ours
	Running bool              `json:"running"`
}

// Expires returns when the container is too old to be kept.
func (k Kept) Expires() time.Time { return k.Created.Add(keptAge) }

// Keep lets the container stay after this process, under a new name, for Open.
// Kept containers that are too old or too many are removed.
func (c *Container) Keep(ctx context.Context) (string, error) {
	conn, done, err := c.engine.afterwards(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	defer c.settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(c.name, keptPrefix) {
		return c.name, nil
	}
	name := keptPrefix + c.name[strings.LastIndexByte(c.name, '-')+1:]
	if err := containers.Rename(conn, c.name, new(containers.RenameOptions).WithName(name)); err != nil {
		return "", engineError("keep container "+c.name, err)
	}
	c.name = name
	all, err := keptContainers(conn)
	if err != nil {
		return name, err
	}
	for _, k := range surplusKept(all, time.Now()) {
		if k.Name == name {
			continue
		}
		if err := discardWithLayers(conn, k.leftover()); err != nil {
			c.engine.log.Warn("kept container stays behind", "container", k.Name, "err", err)
		}
	}
	return name, nil
}

// Open finds a kept container by its name, and starts it if it is stopped: its
// files are then as they were, but no process is left. A name that no kept
// container has gives an error that is ErrNotKept.
func (e *Engine) Open(ctx context.Context, name string) (*Container, error) {
	conn, err := e.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer closeIdle(conn)
	all, err := keptContainers(conn)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(k Kept) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("container %s: %w", name, ErrNotKept)
	}
	if !all[i].Running {
		if err := containers.Start(conn, name, nil); err != nil {
			return nil, engineError("start container "+name, err)
		}
	}
	return &Container{engine: e, name: name, labels: all[i].Labels}, nil
}

// ErrNotKept is a name that no kept container has.
var ErrNotKept = errors.New("no such kept container")

// Kept returns the kept containers, newest first.
func (e *Engine) Kept(ctx context.Context) ([]Kept, error) {
	conn, err := e.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer closeIdle(conn)
	return keptContainers(conn)
}

func keptContainers(conn context.Context) ([]Kept, error) {
	filter := map[string][]string{"label": {labelRun}, "name": {"^" + keptPrefix}}
	list, err := containers.List(conn, new(containers.ListOptions).WithAll(true).WithFilters(filter))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var all []Kept
	for _, item := range list {
		if _, whole := ownerOf(item.Labels); whole && isKept(item) {
			all = append(all, Kept{
				Name: item.Names[0], Image: item.Image, Created: item.Created, Labels: item.Labels, Running: item.State == "running",
			})
		}
	}
	slices.SortFunc(all, func(a, b Kept) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all, nil
}

// isKept reports whether a container of ours is to stay though its run is gone.
func isKept(item entities.ListContainer) bool {
	return len(item.Names) == 1 && strings.HasPrefix(item.Names[0], keptPrefix)
}

// surplusKept returns those that are too old or too many; all are newest first.
func surplusKept(all []Kept, now time.Time) []Kept {
	var surplus []Kept
	for i, k := range all {
		if i >= keptMost || !now.Before(k.Expires()) {
			surplus = append(surplus, k)
		}
	}
	return surplus
}

// surplus returns the kept containers that Prune removes.
func (o PruneOptions) surplus(c context.Context, _ records.Processes) ([]Leftover, error) {
	all, err := keptContainers(c)
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

func (k Kept) leftover() Leftover {
	return Leftover{Kind: "container", Name: k.Name, Run: k.Labels[labelRun], labels: k.Labels}
}
