// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// discardDir removes a directory of ours with what a build may have left
// running or mounted in it.
func (e *Engine) discardDir(ctx context.Context, l Leftover) error {
	for _, scratch := range scratchesOf(l.Name) {
		deleteSandbox(ctx, "buildah-"+scratch)
	}
	if err := removeDir(ctx, l.Name); err != nil {
		return err
	}
	if l.record.Name != "" {
		e.forget(l.record)
	}
	return nil
}

// removeDir removes a directory after what is mounted in it.
func removeDir(ctx context.Context, dir string) error {
	if err := unmountBelow(dir); err != nil {
		return err
	}
	err := os.RemoveAll(dir)
	if errors.Is(err, fs.ErrPermission) { // files of subordinate ids
		err = exec.CommandContext(ctx, "podman", "unshare", "rm", "-rf", "--", dir).Run()
	}
	return err
}

// deleteSandbox ends a step that outlived its service and clears the
// runtime's list. A runtime that is not there, or does not know it, is fine.
func deleteSandbox(ctx context.Context, name string) {
	for _, runtime := range []string{"runc", "crun"} {
		if _, err := exec.LookPath(runtime); err == nil {
			_ = exec.CommandContext(ctx, runtime, "delete", "--force", name).Run() //nolint:gosec // fixed programs, name of our own directory
		}
	}
}

// mountsIn returns the mount points at and below dir, outermost first.
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
