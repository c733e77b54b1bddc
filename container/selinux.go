// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// label permits a container to read its mounts if SELinux is enforcing.
// lcitool's own files get the container label. The user's files keep their
// label, because other programs depend on it; the container is not confined
// then.
func (e *Engine) label(ctx context.Context, s *specgen.SpecGenerator) error {
	if len(s.Mounts)+len(s.OverlayVolumes) == 0 || !e.service.Local() || !selinuxEnforcing(os.DirFS("/sys/fs/selinux")) {
		return nil
	}
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	if info.Host.Security.SELinuxEnabled {
		relabel(s, e.madeDir)
	}
	return nil
}

// relabel relabels all mounts, or disables the confinement if one of them is not
// lcitool's.
func relabel(s *specgen.SpecGenerator, ours func(path string) bool) {
	foreign := len(s.OverlayVolumes) > 0
	for _, m := range s.Mounts {
		foreign = foreign || !ours(m.Source)
	}
	if foreign {
		s.SelinuxOpts = append(s.SelinuxOpts, "disable")
		return
	}
	for i := range s.Mounts {
		s.Mounts[i].Options = append(s.Mounts[i].Options, "z") // shared label, as several containers may use it
	}
}

// madeDir reports whether a path is in a temporary directory of lcitool.
func (e *Engine) madeDir(path string) bool {
	for dir := filepath.Clean(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		r, err := e.records.Get(records.Directory, filepath.Base(dir))
		if err == nil && r.Extra[extraPath] == dir {
			return true
		}
	}
	return false
}

func selinuxEnforcing(sys fs.FS) bool {
	data, err := fs.ReadFile(sys, "enforce")
	return err == nil && bytes.Equal(bytes.TrimSpace(data), []byte("1"))
}
