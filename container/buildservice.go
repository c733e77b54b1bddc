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

// A StillRunningError is a build that was cancelled at a service whose steps
// nobody can end: one of somebody else, or on another machine.
type StillRunningError struct {
	Step, Steps int
	URL         string // of the service
	Err         error  // why it was cancelled
}

func (e *StillRunningError) Error() string {
	return fmt.Sprintf("%v; step %d of %d is still running at %s until its end", e.Err, e.Step, e.Steps, e.URL)
}

// Unwrap returns the cause.
func (e *StillRunningError) Unwrap() error { return e.Err }

// buildService starts a service for one build if the engine's is a private
// one, or works on our own store: only then can the running step be ended, and
// a build that hangs is in nobody's way. The directory is its TMPDIR, in which
// the builder's scratch is found if we are killed. Without a service the
// directory only holds the context.
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

// isOurs reports whether the engine's service is one of this user on this very
// machine, such as a podman.socket that systemd listens on. In a container a
// socket leads out of it, even if all directories look the same.
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

// listensHere reports whether a process sees the files that we see. A user's
// systemd may hold a capability that keeps others from looking at it; then it
// counts that podman marks its containers.
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

// sharesStore reports whether a service that we started is of the same podman
// and works on the same store as the engine's: then both take the same locks.
func (e *Engine) sharesStore(ctx context.Context, s *podman.Process) bool {
	theirs, err := e.Info(ctx)
	if err != nil {
		return false
	}
	ours, err := e.at(s).Info(ctx)
	same := err == nil && ours == theirs && ours.Store.GraphRoot != ""
	if !same {
		e.log.Debug("the build goes through the engine's own service", "engine", theirs, "ours", ours, "err", err)
	}
	return same
}

// at returns an engine like e that speaks to another service.
func (e *Engine) at(s *podman.Process) *Engine {
	other := &Engine{options: e.options, log: e.log, owner: e.owner, records: e.records}
	other.service = podman.NewService("unix://"+s.Socket(), e.Version(), s)
	return other
}
