// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gitlab.com/lcitool/lcitool/container/internal/conmon"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A StillRunningError is a cancelled build whose current step goes on, because
// lcitool cannot stop the service: it belongs to another user or machine.
type StillRunningError struct {
	Step, Steps int
	URL         string // of the service
	Err         error  // why it was cancelled
}

func (e *StillRunningError) Error() string {
	return fmt.Sprintf("%v; step %d of %d is still running at %s until its end", e.Err, e.Step, e.Steps, e.URL)
}

func (e *StillRunningError) Unwrap() error { return e.Err }

// buildService starts a service for one build if the engine uses a private
// service or this user's own store. Only then can the running step be stopped,
// and a hanging build blocks nothing else. dir is the service's TMPDIR; after a
// kill, the builder's scratch directories are found there. If service is nil,
// dir is only for the build context.
func (e *Engine) buildService(ctx context.Context) (service *podman.Process, dir string, remove func(), err error) {
	private := e.service.Private() != nil
	if !private && !e.isOurs() {
		dir, remove, err := e.TempDir(ctx, "build")
		return nil, dir, remove, err
	}
	dir, remove, err = e.TempDirIn(ctx, e.options.BuildTempParent(), "build")
	if err != nil {
		return nil, "", nil, err
	}
	s, err := e.startBuildService(ctx, dir)
	if err == nil && !private && !e.sharesStore(ctx, s) {
		s.Stop()
		s = nil
	}
	if err != nil && !private && ctx.Err() == nil {
		e.log.Debug("the build goes through the engine's own service", "err", err)
		s, err = nil, nil
	}
	if err != nil {
		remove()
		return nil, "", nil, err
	}
	return s, dir, remove, nil
}

func (e *Engine) startBuildService(ctx context.Context, dir string) (*podman.Process, error) {
	runtimeDir, err := e.options.SocketDir()
	if err != nil {
		return nil, err
	}
	base := filepath.Join(runtimeDir, "build-"+randomName())
	s, err := e.options.StartService(ctx, base, "0", []string{"TMPDIR=" + dir})
	_ = os.Remove(base + ".log")
	return s, err
}

// isOurs reports whether the engine's service belongs to this user and runs on
// this machine outside of containers, for example the podman.socket of systemd.
// A socket can lead out of a container even if all paths are equal.
func (e *Engine) isOurs() bool {
	info, err := os.Stat(e.service.Socket())
	if err != nil || !e.service.Local() || safefs.UID(info) != os.Geteuid() {
		return false
	}
	pid, err := podman.PeerPID(e.service.Socket())
	if err != nil {
		return false
	}
	return listensHere(records.HostProcesses(), pid, conmon.MountNamespaces(os.Geteuid() != 0))
}

// listensHere reports whether a process sees the same files as this one. If the
// user's systemd has a capability that hides its mount namespace, it checks
// instead that this process is not in a podman container.
func listensHere(p records.Processes, pid int, mounts []string) bool {
	if pid <= 0 { // of another pid namespace
		return false
	}
	mount, err := p.Readlink(fmt.Sprintf("%d/ns/mnt", pid))
	if err == nil {
		return slices.Contains(mounts, mount)
	}
	_, err = p.Readlink("self/root/run/.containerenv")
	return errors.Is(err, fs.ErrNotExist)
}

// sharesStore reports whether a service started by lcitool has the same podman
// version and store as the engine. Both then use the same locks. What is true of
// one such service is true of the next.
func (e *Engine) sharesStore(ctx context.Context, s *podman.Process) bool {
	if e.shares.Load() {
		return true
	}
	theirs, err := e.Info(ctx)
	if err != nil {
		return false
	}
	ours, err := e.at(s).Info(ctx)
	same := err == nil && ours == theirs && ours.Store.GraphRoot != ""
	if !same {
		e.log.Debug("the build goes through the engine's own service", "engine", theirs, "ours", ours, "err", err)
	}
	e.shares.Store(same)
	return same
}

// at returns a copy of e that uses another service.
func (e *Engine) at(s *podman.Process) *Engine {
	other := &Engine{options: e.options, log: e.log, owner: e.owner, records: e.records}
	other.service = podman.NewService("unix://"+s.Socket(), e.Version(), s)
	return other
}
