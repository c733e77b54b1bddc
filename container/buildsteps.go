// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

const (
	// sandboxesFile lists the sandboxes that were seen, since the builder deletes
	// its scratch directory before it commits.
	sandboxesFile = "workers"
	watchPause    = 100 * time.Millisecond
	// settleLimit is how long a cancelled step may take to show its container:
	// a service that is stopped before that leaves it behind.
	settleLimit = 2 * time.Second
)

// scratchName is how the builder names its directories.
var scratchName = lazyregexp.New(`^buildah[0-9]+$`)

// buildSteps are the steps of one build. The builder keeps the running one in a
// scratch directory of its TMPDIR, which is the build's own: the directory's
// name is that of the runtime's sandbox.
type buildSteps struct {
	dir  string
	mu   sync.Mutex
	seen []string // scratch directories
}

// watch notes steps until over is closed.
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

// look notes the step that runs now. It reports whether none is being
// prepared: a file with its process number is the last thing written before
// it starts.
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

// stop waits until no step is being prepared.
func (b *buildSteps) stop() {
	for limit := time.Now().Add(settleLimit); !b.look() && time.Now().Before(limit); {
		time.Sleep(2 * time.Millisecond)
	}
}

// containersIn returns the scratch directories below dir.
func containersIn(dir string) []string {
	paths, _ := filepath.Glob(filepath.Join(dir, "buildah*"))
	var list []string
	for _, path := range paths {
		if name := filepath.Base(path); scratchName.MatchString(name) {
			list = append(list, name)
		}
	}
	return list
}

// scratchesOf returns those of all steps that a build is known to have run, dir
// being its directory.
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

// removeWorkers removes what a build that was cut short left: the sandbox of
// its step, then its containers.
func (e *Engine) removeWorkers(ctx context.Context, dir string, r records.Record) {
	for _, scratch := range scratchesOf(dir) {
		deleteSandbox(context.WithoutCancel(ctx), "buildah-"+scratch)
	}
	c, done, err := e.service.Afterwards(ctx)
	if err != nil {
		return
	}
	defer done()
	found, err := e.findWorkers(c, map[string]records.Record{r.Token: r})
	if err != nil {
		e.log.Warn("working container may stay behind", "err", err)
	}
	for _, l := range found {
		if err := removeContainer(c, l.Name); err != nil {
			e.log.Warn("working container stays behind", "container", l.Name, "err", err)
		}
	}
}
