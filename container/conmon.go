// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/conmon"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// machineStore returns the engine's store on this machine. ok is false if the
// engine is on another machine, in a virtual one or in a container.
func (e *Engine) machineStore(c context.Context) (m conmon.Store, ok bool, err error) {
	if !e.service.Local() {
		return m, false, nil
	}
	info, err := e.Info(c)
	if err != nil || info.Host.Conmon.Path == "" || !filepath.IsAbs(info.Store.GraphRoot) {
		return m, false, err
	}
	if m.Program, err = filepath.EvalSymlinks(info.Host.Conmon.Path); err != nil {
		return m, false, nil // it is elsewhere
	}
	m.Containers = filepath.Join(info.Store.GraphRoot, info.Store.GraphDriverName+"-containers")
	m.Mounts = conmon.MountNamespaces(info.Host.Security.Rootless)
	return m, true, nil
}

// deadConmons finds conmon processes of containers that podman no longer knows.
// A service that was killed before it recorded that the runtime had created the
// container removes only podman's part; conmon and the runtime would wait
// forever.
func (e *Engine) deadConmons(c context.Context, p proofs, _ api.PruneOptions) ([]leftover, error) {
	byID := p.deadIDs()
	dead := func(id string) bool { return byID[id].ID != "" }
	if len(byID) == 0 || !conmon.MayWatch(p.processes, dead) {
		return nil, nil
	}
	m, ok, err := e.machineStore(c)
	if err != nil || !ok {
		return nil, err
	}
	var list []leftover
	for _, found := range conmon.Processes(p.processes, m) {
		r, ours := byID[found.ID]
		_, err := os.Stat(filepath.Join(m.Containers, found.ID))
		if ours && errors.Is(err, fs.ErrNotExist) && !found.EndsItself(p.processes) {
			list = append(list, leftover{Leftover: api.Leftover{Kind: "process", Name: fmt.Sprintf("%d, the conmon of %s", found.PID, r.Name), Run: r.Owner.Run}, record: r, conmon: found})
		}
	}
	return list, nil
}

// deadIDs returns the records of dead runs' containers by ID, without kept ones.
// A container that was about to be kept has two records.
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

// conmonLeft reports whether a process may be the conmon of a removed container.
// In that case its record must be kept.
func (e *Engine) conmonLeft(r records.Record) bool {
	if r.ID == "" || !e.service.Local() {
		return false
	}
	return conmon.MayWatch(records.HostProcesses(), func(id string) bool { return id == r.ID })
}
