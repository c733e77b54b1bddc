// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	tempPrefix = "lcitool-"
	// ownerFile identifies the owner of a directory from an earlier version.
	// Other users cannot write to such a directory.
	ownerFile = "owner.json"
)

// TempDir creates a directory of mode 0700 for files of a container or the
// builder. remove removes it; if this process is killed, the next run removes
// it.
func (e *Engine) TempDir(ctx context.Context, kind string) (dir string, remove func(), err error) {
	return e.TempDirIn(ctx, e.options.TempParent(), kind)
}

// TempDirIn is TempDir with a directory below parent.
func (e *Engine) TempDirIn(ctx context.Context, parent, kind string) (dir string, remove func(), err error) {
	fail := func(err error) (string, func(), error) {
		return "", nil, fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	parent, err = filepath.Abs(parent)
	if err != nil {
		return fail(err)
	}
	r := e.newRecord(records.Directory, tempPrefix+kind+"-"+e.owner.Run+"-"+randomName())
	dir = filepath.Join(parent, r.Name)
	r.Extra = map[string]string{extraPath: dir}
	if err := e.records.Put(r); err != nil {
		return fail(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		e.forget(r)
		return fail(err)
	}
	return dir, func() {
		if err := removeDir(context.WithoutCancel(ctx), dir); err != nil {
			e.log.Warn("directory stays behind", "dir", dir, "err", err)
			return
		}
		e.forget(r)
	}, nil
}

// recordedDirs returns the directories of dead runs. It removes the records of
// those that do not exist, since no process is left to create them.
func (e *Engine) recordedDirs(p proofs) []leftover {
	var list []leftover
	for _, r := range p.dirs {
		if !p.processes.Dead(r.Owner) {
			continue
		}
		dir := r.Extra[extraPath]
		info, err := os.Lstat(dir)
		if filepath.Base(dir) == r.Name && err == nil && info.IsDir() && safefs.UID(info) == os.Getuid() {
			list = append(list, leftover{Leftover: api.Leftover{Kind: "directory", Name: dir, Run: r.Owner.Run}, record: r})
			continue
		}
		e.forget(r)
	}
	return list
}

// legacyDirs returns the directories below parent that earlier versions left.
func legacyDirs(p records.Processes, parent string) []leftover {
	var list []leftover
	for _, dir := range safefs.Glob(parent, tempPrefix+"*-*-*") {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || safefs.UID(info) != os.Getuid() {
			continue
		}
		labels := map[string]string{}
		data, err := readSmall(filepath.Join(dir, ownerFile), 4<<10)
		if err == nil {
			err = json.Unmarshal(data, &labels)
		}
		o, complete := ownerOf(labels)
		if err == nil && complete && p.Dead(o) {
			list = append(list, leftover{Leftover: api.Leftover{Kind: "directory", Name: dir, Run: o.Run}})
		}
	}
	return list
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(file string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s: not a regular file of at most %d bytes", file, limit)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
