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

// discardDir removes a directory of lcitool, after the processes and mounts that
// a build left in it.
func (e *Engine) discardDir(ctx context.Context, l leftover) error {
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

// removeDir unmounts what is mounted in a directory and removes it.
func removeDir(ctx context.Context, dir string) error {
	if err := unmountBelow(dir); err != nil {
		return err
	}
	err := os.RemoveAll(dir)
	if errors.Is(err, fs.ErrPermission) { // files of subordinate IDs
		err = exec.CommandContext(ctx, "podman", "unshare", "rm", "-rf", "--", dir).Run()
	}
	return err
}

// deleteSandbox stops a step that outlived its service and removes it from the
// runtime. Errors are ignored, because the runtime may not be installed or not
// know the sandbox.
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
