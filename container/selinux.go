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

// label lets a container read what is mounted in it where SELinux keeps it from
// that. Files that lcitool made get the containers' label. Files of the user
// keep theirs, which other programs go by: the container is not confined then.
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

// relabel does so for all mounts, or for none.
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
		s.Mounts[i].Options = append(s.Mounts[i].Options, "z") // several containers may have it
	}
}

// madeDir reports whether a path is in a temporary directory of ours.
func (e *Engine) madeDir(path string) bool {
	for dir := filepath.Clean(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		r, err := e.records.Get(records.Directory, filepath.Base(dir))
		if err == nil && r.Extra[extraPath] == dir {
			return true
		}
	}
	return false
}

// selinuxEnforcing looks at the file system that the kernel shows its policy in.
func selinuxEnforcing(sys fs.FS) bool {
	data, err := fs.ReadFile(sys, "enforce")
	return err == nil && bytes.Equal(bytes.TrimSpace(data), []byte("1"))
}
