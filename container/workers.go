// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
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

// workers are the containers of one build. The builder keeps the running
// step's configuration in its TMPDIR, which is the build's own; the host name
// there is how the container's ID begins. That is the proof that it is ours.
type workers struct {
	dir  string
	mu   sync.Mutex
	seen []string
}

// watch notes containers until over is closed.
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

// look notes the container of the step that runs now and reports whether
// there is one, or no step being prepared.
func (w *workers) look() (settled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	scratch, _ := filepath.Glob(filepath.Join(w.dir, "buildah*"))
	hosts := scratchHosts(w.dir)
	for _, host := range hosts {
		if slices.Contains(w.seen, host) {
			continue
		}
		w.seen = append(w.seen, host)
		_ = os.WriteFile(filepath.Join(w.dir, workersFile), []byte(strings.Join(w.seen, "\n")+"\n"), 0o600)
	}
	return len(hosts) == len(scratch)
}

// settle waits until a step that is being prepared has shown its container.
func (w *workers) settle() {
	for limit := time.Now().Add(settleLimit); !w.look() && time.Now().Before(limit); {
		time.Sleep(2 * time.Millisecond)
	}
}

// scratchHosts returns the host names of the steps that run below dir.
func scratchHosts(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "buildah*", "config.json"))
	var hosts []string
	for _, file := range files {
		var config struct {
			Hostname string `json:"hostname"`
		}
		data, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(data, &config) == nil && shortHost(config.Hostname) {
			hosts = append(hosts, config.Hostname)
		}
	}
	return hosts
}

// workerHosts returns all that a build whose directory is dir is known to have used.
func workerHosts(dir string) []string {
	hosts := scratchHosts(dir)
	file, err := os.Open(filepath.Join(dir, workersFile))
	if err != nil {
		return hosts
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if shortHost(lines.Text()) {
			hosts = append(hosts, lines.Text())
		}
	}
	return hosts
}

// shortHost reports whether a host name is how the builder makes them, 12
// hexadecimal digits.
func shortHost(name string) bool {
	return len(name) == 12 && strings.Trim(name, "0123456789abcdef") == ""
}

// findWorkers returns the working containers whose ID begins with one of
// hosts, which maps to the run that made it.
func findWorkers(c context.Context, hosts map[string]string) ([]Leftover, error) {
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
			found = append(found, Leftover{"container", item.ID, run})
		}
	}
	return found, nil
}

// deadWorkers finds working containers of builds whose process is gone.
func (e *Engine) deadWorkers(c context.Context, proc procfs) ([]Leftover, error) {
	hosts := map[string]string{}
	for _, dir := range proc.deadDirs(buildTempParent(e.options)) {
		for _, host := range workerHosts(dir.Name) {
			hosts[host] = dir.Run
		}
	}
	return findWorkers(c, hosts)
}

// removeWorkers removes what a build that failed or was cancelled left.
func (e *Engine) removeWorkers(ctx context.Context, dir string) {
	hosts := map[string]string{}
	for _, host := range workerHosts(dir) {
		hosts[host] = e.owner.run
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
