// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	// workerSuffix is how the builder names the containers its steps run in.
	// They have no labels.
	workerSuffix = "-working-container"
	// workersFile lists what was seen, since the builder deletes its scratch
	// before it commits.
	workersFile = "workers"
	watchPause  = 100 * time.Millisecond
	// settleLimit is how long a cancelled step may take to show its container:
	// a service that is stopped before that leaves it behind.
	settleLimit = 2 * time.Second
)

// scratchName is how the builder names its folders.
var scratchName = regexp.MustCompile(`^buildah[0-9]+$`)

// workers are the steps of one build. The builder keeps the running one in a
// scratch folder of its TMPDIR, which is the build's own: the folder's name is
// the sandbox's, and the host name in its configuration is how the working
// container's ID begins. That is the proof that both are ours.
type workers struct {
	dir  string
	mu   sync.Mutex
	seen map[string]string // scratch folder to host name, which may not be known yet
}

// watch notes steps until over is closed.
func (w *workers) watch(over <-chan struct{}) {
	tick := time.NewTicker(watchPause)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
			w.look()
		}
	}
}

// look notes the step that runs now. It reports whether none is being
// prepared: a file with its process number is the last thing written before
// it starts.
func (w *workers) look() (settled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	settled = true
	for scratch, host := range scratches(w.dir) {
		if _, err := os.Stat(filepath.Join(w.dir, scratch, "pid")); err != nil {
			settled = false
		}
		if before, known := w.seen[scratch]; known && before == host {
			continue
		}
		if w.seen == nil {
			w.seen = map[string]string{}
		}
		w.seen[scratch] = host
		w.write()
	}
	return settled
}

func (w *workers) write() {
	var text strings.Builder
	for scratch, host := range w.seen {
		fmt.Fprintln(&text, scratch, host)
	}
	_ = os.WriteFile(filepath.Join(w.dir, workersFile), []byte(text.String()), 0o600)
}

// settle waits until no step is being prepared.
func (w *workers) settle() {
	for limit := time.Now().Add(settleLimit); !w.look() && time.Now().Before(limit); {
		time.Sleep(2 * time.Millisecond)
	}
}

// scratches returns the scratch folders below dir with the host names in them.
func scratches(dir string) map[string]string {
	folders, _ := filepath.Glob(filepath.Join(dir, "buildah*"))
	all := map[string]string{}
	for _, folder := range folders {
		if !scratchName.MatchString(filepath.Base(folder)) {
			continue // its cache
		}
		var config struct {
			Hostname string `json:"hostname"`
		}
		data, err := os.ReadFile(filepath.Join(folder, "config.json"))
		if err != nil || json.Unmarshal(data, &config) != nil || !shortHost(config.Hostname) {
			config.Hostname = ""
		}
		all[filepath.Base(folder)] = config.Hostname
	}
	return all
}

// workersOf returns all steps that a build is known to have run, dir being its directory.
func workersOf(dir string) map[string]string {
	all := scratches(dir)
	data, _ := os.ReadFile(filepath.Join(dir, workersFile))
	for line := range strings.Lines(string(data)) {
		scratch, host, _ := strings.Cut(strings.TrimSpace(line), " ")
		if scratchName.MatchString(scratch) && all[scratch] == "" && (host == "" || shortHost(host)) {
			all[scratch] = host
		}
	}
	return all
}

// shortHost reports whether a host name is how the builder makes them, 12
// hexadecimal digits.
func shortHost(name string) bool {
	return len(name) == 12 && strings.Trim(name, "0123456789abcdef") == ""
}

// findWorkers returns the working containers whose ID begins with one of
// hosts, which maps to the run that made it.
func findWorkers(c context.Context, hosts map[string]string) ([]Leftover, error) {
	delete(hosts, "")
	if len(hosts) == 0 {
		return nil, nil
	}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var found []Leftover
	for _, item := range list {
		run, ours := hosts[item.ID[:min(len(item.ID), 12)]]
		worker := slices.ContainsFunc(item.Names, func(name string) bool { return strings.Contains(name, workerSuffix) })
		if ours && worker {
			found = append(found, Leftover{Kind: "container", Name: item.ID, Run: run})
		}
	}
	return found, nil
}

// deadWorkers finds working containers of builds whose process is gone.
func (e *Engine) deadWorkers(c context.Context, proc records.Processes) ([]Leftover, error) {
	hosts := map[string]string{}
	for _, dir := range deadDirs(proc, buildTempParent(e.options)) {
		for _, host := range workersOf(dir.Name) {
			hosts[host] = dir.Run
		}
	}
	return findWorkers(c, hosts)
}

// removeWorkers removes what a build that was cut short left: the sandbox of
// its step, then the container.
func (e *Engine) removeWorkers(ctx context.Context, dir string) {
	hosts := map[string]string{}
	for scratch, host := range workersOf(dir) {
		deleteSandbox(context.WithoutCancel(ctx), "buildah-"+scratch)
		hosts[host] = e.owner.Run
	}
	if len(hosts) == 0 {
		return
	}
	c, done, err := e.afterwards(ctx)
	if err != nil {
		return
	}
	defer done()
	found, err := findWorkers(c, hosts)
	if err != nil {
		e.log.Warn("working container may stay behind", "err", err)
	}
	for _, l := range found {
		if err := removeContainer(c, l.Name); err != nil {
			e.log.Warn("working container stays behind", "container", l.Name, "err", err)
		}
	}
}
