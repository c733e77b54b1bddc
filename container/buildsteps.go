// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	// sandboxesFile lists the sandboxes seen during a build. The builder removes
	// their scratch directories before it commits.
	sandboxesFile = "workers"
	watchPause    = 100 * time.Millisecond
	// settleLimit is how long a cancelled step may take to create its container.
	// If the service is stopped earlier, the container is left behind.
	settleLimit = 2 * time.Second
	// removeLimit is how long the removal of working containers is tried.
	removeLimit = 10 * time.Second
)

// scratchName matches the builder's scratch directories.
var scratchName = lazyregexp.New(`^buildah[0-9]+$`)

// buildSteps tracks the steps of one build. The builder keeps the running step
// in a scratch directory of its TMPDIR, which only this build uses. The name of
// that directory is also the name of the runtime's sandbox.
type buildSteps struct {
	dir  string
	mu   sync.Mutex
	seen []string // scratch directories
}

// watch records steps until over is closed.
func (b *buildSteps) watch(over <-chan struct{}) {
	tick := time.NewTicker(watchPause)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			b.look()
		}
	}
}

// look records the running step. settled is false while a step is being
// prepared: the builder writes the PID file just before the step starts.
func (b *buildSteps) look() (settled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	settled = true
	for _, scratch := range containersIn(b.dir) {
		if _, err := os.Stat(filepath.Join(b.dir, scratch, "pid")); err != nil {
			settled = false
		}
		if !slices.Contains(b.seen, scratch) {
			b.seen = append(b.seen, scratch)
			_ = os.WriteFile(filepath.Join(b.dir, sandboxesFile), []byte(strings.Join(b.seen, "\n")+"\n"), 0o600)
		}
	}
	return settled
}

// stop waits until no step is being prepared, at most settleLimit.
func (b *buildSteps) stop() {
	for limit := time.Now().Add(settleLimit); !b.look() && time.Now().Before(limit); {
		time.Sleep(2 * time.Millisecond)
	}
}

// containersIn returns the names of the scratch directories below dir.
func containersIn(dir string) []string {
	var list []string
	for _, path := range safefs.Glob(dir, "buildah*") {
		if name := filepath.Base(path); scratchName.MatchString(name) {
			list = append(list, name)
		}
	}
	return list
}

// scratchesOf returns the scratch directories of all recorded steps of the build
// with TMPDIR dir.
func scratchesOf(dir string) []string {
	list := containersIn(dir)
	data, _ := readSmall(filepath.Join(dir, sandboxesFile), 1<<20)
	for name := range strings.Lines(string(data)) {
		if name = strings.TrimSpace(name); scratchName.MatchString(name) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// removeWorkers removes what an interrupted build left: the sandbox of its step,
// then its containers. The mounts of a sandbox can be busy for a moment longer.
func (e *Engine) removeWorkers(ctx context.Context, dir string, r records.Record) {
	for _, scratch := range scratchesOf(dir) {
		deleteSandbox(context.WithoutCancel(ctx), "buildah-"+scratch)
	}
	for deadline := time.Now().Add(removeLimit); ; time.Sleep(watchPause) {
		err := e.removeFoundWorkers(ctx, r)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			e.log.Warn("working container may stay behind", "err", err)
			return
		}
	}
}

func (e *Engine) removeFoundWorkers(ctx context.Context, r records.Record) error {
	c, done, err := e.service.Afterwards(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := e.removeCommits(c, r); err != nil { // the working containers prove them
		return err
	}
	found, err := e.findWorkers(c, map[string]records.Record{r.Token: r})
	for _, l := range found {
		err = errors.Join(err, removeContainer(c, l.Name))
	}
	return err
}
