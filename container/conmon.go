// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containers/podman/v4/pkg/bindings/system"

	"gitlab.com/lcitool/lcitool/container/internal/conmon"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// machineStore asks the engine. ok is false when it is on another machine.
func (e *Engine) machineStore(c context.Context) (m conmon.Store, ok bool, err error) {
	if !e.service.Local() {
		return m, false, nil
	}
	info, err := system.Info(c, nil)
	if err != nil {
		return m, false, engineError("ask podman about itself", err)
	}
	if info.Store == nil || info.Host == nil || info.Host.Conmon == nil || !filepath.IsAbs(info.Store.GraphRoot) {
		return m, false, nil
	}
	m.Containers = filepath.Join(info.Store.GraphRoot, info.Store.GraphDriverName+"-containers")
	if m.Program, err = filepath.EvalSymlinks(info.Host.Conmon.Path); err != nil {
		return m, false, nil // it is in a virtual machine or in a container
	}
	m.Mounts = conmon.MountNamespaces(info.Host.Security.Rootless)
	return m, true, nil
}

// deadConmons finds those of our containers that are not podman's any more: a
// service that was killed before it noted that the runtime had made one removes
// the container later without it, and both would wait for a start for ever.
func (e *Engine) deadConmons(c context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	byID := p.deadIDs()
	if len(byID) == 0 {
		return nil, nil
	}
	m, ok, err := e.machineStore(c)
	if err != nil || !ok {
		return nil, err
	}
	var dead []Leftover
	for _, found := range conmon.Processes(p.processes, m) {
		r, ours := byID[found.ID]
		_, err := os.Stat(filepath.Join(m.Containers, found.ID))
		if ours && errors.Is(err, fs.ErrNotExist) && !found.EndsItself(p.processes) {
			dead = append(dead, Leftover{Kind: "process", Name: fmt.Sprintf("%d, the conmon of %s", found.PID, r.Name), Run: r.Owner.Run, record: r, conmon: found})
		}
	}
	return dead, nil
}

// deadIDs returns the records of dead runs' containers that are not kept. One
// that was about to be kept has two records.
func (p proofs) deadIDs() map[string]records.Record {
	byID := map[string]records.Record{}
	for _, r := range p.dead() {
		if r.ID != "" {
			byID[r.ID] = r
		}
	}
	for _, list := range p.containers {
		for _, r := range list {
			if r.Extra[extraKept] != "" {
				delete(byID, r.ID)
			}
		}
	}
	return byID
}

// conmonLeft reports whether a process may be the conmon of a container that
// is removed. Its record must stay then.
func (e *Engine) conmonLeft(r records.Record) bool {
	if r.ID == "" || !e.service.Local() {
		return false
	}
	return conmon.MayWatch(records.HostProcesses(), r.ID)
}
