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

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	keptPrefix = "lcitool-kept-"
	keptMost   = 5 // number of newest containers to keep

)

// KeptAge is the maximum age of a kept container.
const KeptAge = 7 * 24 * time.Hour

// A KeptContainer is a container that stays after its run, for inspection, until
// it is removed, is older than KeptAge or there are too many newer ones.
type KeptContainer struct {
	Name    string            `json:"name"`
	Image   string            `json:"image"`
	Created time.Time         `json:"created"`
	Labels  map[string]string `json:"labels"` // the caller's and ours
	Running bool              `json:"running"`

	record records.Record
}

// Expires returns when the container exceeds KeptAge.
func (k KeptContainer) Expires() time.Time { return k.Created.Add(KeptAge) }

// Keep renames the container and lets it stay after this process ends, so that
// Open can find it. It removes kept containers that are too old or too many.
func (c *Container) Keep(ctx context.Context) (string, error) {
	conn, done, err := c.engine.service.Afterwards(ctx)
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
	kept := c.record
	kept.Name = keptPrefix + c.name[strings.LastIndexByte(c.name, '-')+1:]
	kept.Extra = map[string]string{extraKept: "yes", extraLayers: c.record.Extra[extraLayers]}
	// There are two records until the container has been renamed.
	if err := c.engine.records.Put(kept); err != nil {
		return "", &EngineError{Op: "keep container " + c.name, Code: 125, Err: err}
	}
	if err := containers.Rename(conn, c.record.ID, new(containers.RenameOptions).WithName(kept.Name)); err != nil {
		if code(err) != 0 {
			c.engine.forget(kept)
		}
		return "", engineError("keep container "+c.name, err)
	}
	c.engine.forget(c.record)
	c.name, c.record = kept.Name, kept
	return kept.Name, c.engine.removeSurplus(conn, kept.Name)
}

// removeSurplus removes kept containers that are too old or too many, except for
// one.
func (e *Engine) removeSurplus(conn context.Context, except string) error {
	all, err := e.keptContainers(conn)
	if err != nil {
		return err
	}
	for _, k := range surplusKept(all, time.Now()) {
		if k.Name == except {
			continue
		}
		if err := e.discard(conn, k.record); err != nil {
			e.log.Warn("kept container stays behind", "container", k.Name, "err", err)
		}
	}
	return nil
}

// Open returns a kept container and starts it if it is stopped. Its files are
// unchanged then, but no process is left. The error is ErrNotKept if there is no
// such container.
func (e *Engine) Open(ctx context.Context, name string) (*Container, error) {
	conn, err := e.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer podman.CloseIdle(conn)
	all, err := e.keptContainers(conn)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(k KeptContainer) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("container %s: %w", name, ErrNotKept)
	}
	if !all[i].Running {
		if err := containers.Start(conn, all[i].record.ID, nil); err != nil {
			return nil, engineError("start container "+name, err)
		}
	}
	return &Container{engine: e, name: name, record: all[i].record}, nil
}

// ErrNotKept reports a name without a kept container.
var ErrNotKept = errors.New("no such kept container")

// Kept returns the kept containers, newest first.
func (e *Engine) Kept(ctx context.Context) ([]KeptContainer, error) {
	conn, err := e.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer podman.CloseIdle(conn)
	return e.keptContainers(conn)
}

func (e *Engine) keptContainers(conn context.Context) ([]KeptContainer, error) {
	p, err := e.proofs()
	if err != nil {
		e.log.Warn("kept containers may be missing", "err", err)
	}
	return p.kept(conn)
}

// kept returns the containers whose record says that they are kept, newest
// first.
func (p proofs) kept(conn context.Context) ([]KeptContainer, error) {
	if !p.anyKept() {
		return nil, nil
	}
	list, err := containers.List(conn, new(containers.ListOptions).WithAll(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var all []KeptContainer
	for _, item := range list {
		if r, ours := p.container(item); ours && r.Extra[extraKept] != "" {
			p.taken[r.Extra[extraLayers]] = true
			all = append(all, KeptContainer{
				Name: r.Name, Image: item.Image, Created: item.Created, Labels: item.Labels, Running: item.State == "running", record: r,
			})
		}
	}
	slices.SortFunc(all, func(a, b KeptContainer) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all, nil
}

func (p proofs) anyKept() bool {
	for _, list := range p.containers {
		if slices.ContainsFunc(list, func(r records.Record) bool { return r.Extra[extraKept] != "" }) {
			return true
		}
	}
	return false
}

// surplusKept returns the containers that are too old or too many. all is sorted
// newest first.
func surplusKept(all []KeptContainer, now time.Time) []KeptContainer {
	var surplus []KeptContainer
	for i, k := range all {
		if i >= keptMost || !now.Before(k.Expires()) {
			surplus = append(surplus, k)
		}
	}
	return surplus
}

func (k KeptContainer) leftover() Leftover {
	return Leftover{Kind: "container", Name: k.Name, Run: k.record.Owner.Run, record: k.record}
}
