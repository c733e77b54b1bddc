// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/specgen"
	spec "github.com/opencontainers/runtime-spec/specs-go"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// samePaths caches which paths are the same files for the engine. An engine may
// share some directories with this machine and have other directories of the
// same name.
type samePaths struct {
	needed bool // nothing else proves it
	mu     sync.Mutex
	known  map[string]bool
}

// provesItself reports whether the process that listens on the socket is podman
// or systemd in this mount namespace. Other programs may forward requests
// elsewhere.
func (e *Engine) provesItself() bool {
	if !e.isOurs() {
		return false
	}
	pid, err := podman.PeerPID(e.service.Socket())
	if err != nil {
		return false
	}
	return isServer(records.HostProcesses(), pid)
}

// isServer reports whether the process is podman or systemd, by its name.
func isServer(p records.Processes, pid int) bool {
	name, err := fs.ReadFile(p, fmt.Sprintf("%d/comm", pid))
	comm := strings.TrimSpace(string(name))
	return err == nil && (comm == "podman" || comm == "systemd" || comm == "init")
}

// seesWorkingDir checks the current directory, which most commands use.
func (e *Engine) seesWorkingDir(ctx context.Context) (bool, error) {
	e.same.needed = !e.provesItself()
	dir, err := os.Getwd()
	if err != nil || !e.same.needed || dir == "/" {
		return true, nil
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return true, nil
	}
	return e.sees(ctx, dir)
}

// refuseOthers returns an error if a path that s mounts is another file or
// directory for the engine.
func (e *Engine) refuseOthers(ctx context.Context, s *specgen.SpecGenerator) error {
	if !e.same.needed || !e.service.Local() {
		return nil
	}
	for _, source := range sourcesOf(s) {
		if strings.HasPrefix(source, filepath.Join(e.options.TempParent(), tempPrefix)) {
			continue // in a temporary directory of lcitool, which was checked before
		}
		sees, err := e.sees(ctx, source)
		if err != nil {
			return err
		}
		if !sees {
			return &api.EngineError{
				Op: "mount " + source, Code: 125, Err: fmt.Errorf("podman at %s has something else there, or nothing", e.service.URL()),
				Hint: "call lcitool in that directory: files are sent to an engine that does not have it",
			}
		}
	}
	return nil
}

func sourcesOf(s *specgen.SpecGenerator) []string {
	var sources []string
	for _, m := range s.Mounts {
		if m.Type == "bind" {
			sources = append(sources, m.Source)
		}
	}
	for _, m := range s.OverlayVolumes {
		sources = append(sources, m.Source)
	}
	return sources
}

// sees asks the engine for the mode and time of a file or directory. It creates
// a container that mounts it, and does not start it.
func (e *Engine) sees(ctx context.Context, path string) (bool, error) {
	e.same.mu.Lock()
	defer e.same.mu.Unlock()
	if sees, asked := e.same.known[path]; asked {
		return sees, nil
	}
	sees, err := e.askFor(ctx, path)
	if err == nil {
		if e.same.known == nil {
			e.same.known = map[string]bool{}
		}
		e.same.known[path] = sees
	}
	return sees, err
}

func (e *Engine) askFor(ctx context.Context, path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	root := path
	if !info.IsDir() {
		root = filepath.Dir(path)
	}
	c, err := e.service.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer podman.CloseIdle(c)
	s := specgen.NewSpecGenerator(root, true)
	s.Name, s.Command, s.Labels = "lcitool-probe-"+randomName(), []string{"/probe"}, ownerLabels(e.owner)
	s.Mounts = []spec.Mount{{Type: "bind", Source: path, Destination: "/probe", Options: []string{"ro"}}}
	r, _, err := e.create(c, s, "")
	if err != nil && code(err) == 0 {
		return false, engineError("ask for "+path, err)
	}
	if err != nil {
		e.log.Debug("the engine lacks a path", "path", path, "err", err)
		return false, nil
	}
	defer func() {
		if err := e.discard(c, r); err != nil {
			e.log.Warn("container stays behind", "container", r.Name, "err", err)
		}
	}()
	return asSeen(path, func() (fs.FileMode, time.Time, error) {
		theirs, err := containers.Stat(c, r.ID, "/probe")
		if err != nil {
			return 0, time.Time{}, err
		}
		return theirs.Mode, theirs.ModTime, nil
	})
}

// asSeen compares a path with what the engine returns. If the file changes in
// between, it compares again.
func asSeen(path string, theirs func() (fs.FileMode, time.Time, error)) (bool, error) {
	const tries = 5
	for range tries {
		before, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		mode, modified, err := theirs()
		if err != nil {
			return false, nil //nolint:nilerr // it is not there
		}
		if mode == before.Mode() && modified.Equal(before.ModTime()) {
			return true, nil
		}
		after, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		if after.ModTime().Equal(before.ModTime()) && after.Mode() == before.Mode() {
			return false, nil
		}
	}
	return false, nil
}
