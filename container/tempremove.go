// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"golang.org/x/sys/unix"
)

// workerSuffix is how builders name the containers their steps run in. These
// have no labels.
const workerSuffix = "-working-container"

// deadWorkers finds working containers of builds whose process is gone. That
// one is ours is proven by the build's own directory, in which the builder
// left the container's configuration; its host name is how its ID begins.
func (e *Engine) deadWorkers(c context.Context, proc procfs) ([]Leftover, error) {
	hosts := map[string]string{}
	for _, dir := range proc.deadDirs(buildTempParent(e.options)) {
		for _, host := range workerHosts(dir.Name) {
			hosts[host] = dir.Run
		}
	}
	if len(hosts) == 0 {
		return nil, nil
	}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var dead []Leftover
	for _, item := range list {
		run, ours := hosts[item.ID[:min(len(item.ID), 12)]]
		worker := slices.ContainsFunc(item.Names, func(name string) bool { return strings.Contains(name, workerSuffix) })
		if ours && worker {
			dead = append(dead, Leftover{"container", item.ID, run})
		}
	}
	return dead, nil
}

// workerHosts returns the host names in what builders left below dir.
func workerHosts(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "buildah*", "config.json"))
	var hosts []string
	for _, file := range files {
		var config struct {
			Hostname string `json:"hostname"`
		}
		data, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(data, &config) == nil && len(config.Hostname) == 12 {
			hosts = append(hosts, config.Hostname)
		}
	}
	return hosts
}

// discardDir removes a directory of ours with what a build may have left
// running or mounted in it.
func discardDir(ctx context.Context, l Leftover) error {
	scratch, _ := filepath.Glob(filepath.Join(l.Name, "buildah*"))
	for _, dir := range scratch {
		deleteSandbox(ctx, "buildah-"+filepath.Base(dir))
	}
	mounts, err := mountsBelow(l.Name)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(mounts) {
		_ = unix.Unmount(m, unix.MNT_DETACH)
	}
	// What is mounted there is not ours to empty.
	if mounts, err = mountsBelow(l.Name); err != nil || len(mounts) > 0 {
		return errors.Join(err, fmt.Errorf("still mounted: %s", strings.Join(mounts, ", ")))
	}
	err = os.RemoveAll(l.Name)
	if errors.Is(err, fs.ErrPermission) { // files of subordinate ids
		err = exec.CommandContext(ctx, "podman", "unshare", "rm", "-rf", "--", l.Name).Run()
	}
	return err
}

// deleteSandbox ends a step that outlived its service and clears the
// runtime's list. A runtime that is not there, or does not know it, is fine.
func deleteSandbox(ctx context.Context, name string) {
	for _, runtime := range []string{"runc", "crun"} {
		if _, err := exec.LookPath(runtime); err == nil {
			_ = exec.CommandContext(ctx, runtime, "delete", "--force", name).Run() //nolint:gosec // fixed programs, name of our own folder
		}
	}
}

// mountsBelow returns the mount points at and below dir, outermost first.
func mountsBelow(dir string) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return mountsIn(string(data), dir), nil
}

func mountsIn(mountinfo, dir string) []string {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var list []string
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		if point := unescape.Replace(f[4]); point == dir || strings.HasPrefix(point, dir+"/") {
			list = append(list, point)
		}
	}
	slices.Sort(list)
	return list
}

func uidOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// buildTempParent is where builds unpack their contexts and keep their
// scratch: as in podman, the service's TMPDIR or else /var/tmp.
func buildTempParent(o ConnectOptions) string {
	for _, v := range o.environ() {
		if dir, ok := strings.CutPrefix(v, "TMPDIR="); ok && dir != "" {
			return dir
		}
	}
	return "/var/tmp"
}

// tempParent is where copies for a container go.
func (o ConnectOptions) tempParent() string {
	if dir := o.getenv("TMPDIR"); dir != "" {
		return dir
	}
	return "/tmp"
}
