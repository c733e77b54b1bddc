// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	keptPrefix = "lcitool-kept-"
	keptMost   = 5 // number of newest containers to keep
)

type keptContainer struct {
	api.KeptContainer
	record records.Record
}

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
		return "", &api.EngineError{Op: "keep container " + c.name, Code: 125, Err: err}
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
		if k.Name == except || e.inUse(k) {
			continue
		}
		if err := e.discard(conn, k.record); err != nil {
			e.log.Warn("kept container stays behind", "container", k.Name, "err", err)
		}
	}
	return nil
}

// LockKept locks a kept container until unlock: exclusively to continue its job, or
// shared for a shell. busy says that another process has it. A locked container is
// not removed as surplus. The error is ErrNotKept if there is no such container.
func (e *Engine) LockKept(name string, shared bool) (unlock func(), busy bool, err error) {
	unlock, busy, err = e.records.Lock(records.Container, name, shared)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("container %s: %w", name, api.ErrNotKept)
	case err != nil:
		return nil, false, &api.EngineError{Op: "lock container " + name, Code: 125, Err: err}
	}
	return unlock, busy, nil
}

// inUse reports whether a process has locked a kept container.
func (e *Engine) inUse(k keptContainer) bool {
	unlock, busy, err := e.LockKept(k.Name, false)
	if err == nil && !busy {
		unlock()
	}
	return busy
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
	i := slices.IndexFunc(all, func(k keptContainer) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("container %s: %w", name, api.ErrNotKept)
	}
	if !all[i].Running {
		if err := containers.Start(conn, all[i].record.ID, nil); err != nil {
			return nil, engineError("start container "+name, err)
		}
	}
	return &Container{engine: e, name: name, record: all[i].record}, nil
}

// Kept returns the kept containers, newest first.
func (e *Engine) Kept(ctx context.Context) ([]api.KeptContainer, error) {
	conn, err := e.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer podman.CloseIdle(conn)
	all, err := e.keptContainers(conn)
	var list []api.KeptContainer
	for _, k := range all {
		list = append(list, k.KeptContainer)
	}
	return list, err
}

func (e *Engine) keptContainers(conn context.Context) ([]keptContainer, error) {
	p, err := e.proofs()
	if err != nil {
		e.log.Warn("kept containers may be missing", "err", err)
	}
	return p.kept(conn)
}

// kept returns the containers whose record says that they are kept, newest
// first.
func (p proofs) kept(conn context.Context) ([]keptContainer, error) {
	if !p.anyKept() {
		return nil, nil
	}
	list, err := containers.List(conn, new(containers.ListOptions).WithAll(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var all []keptContainer
	for _, item := range list {
		if r, ours := p.container(item); ours && r.Extra[extraKept] != "" {
			p.taken[r.Extra[extraLayers]] = true
			all = append(all, keptContainer{api.KeptContainer{
				Name: r.Name, Image: item.Image, Created: item.Created, Labels: item.Labels, Running: item.State == "running",
			}, r})
		}
	}
	slices.SortFunc(all, func(a, b keptContainer) int {
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
func surplusKept(all []keptContainer, now time.Time) []keptContainer {
	var surplus []keptContainer
	for i, k := range all {
		if i >= keptMost || !now.Before(k.Expires()) {
			surplus = append(surplus, k)
		}
	}
	return surplus
}

func (k keptContainer) leftover() leftover {
	return leftover{Leftover: api.Leftover{Kind: "container", Name: k.Name, Run: k.record.Owner.Run}, record: k.record}
}
