// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/container/api"
)

const secretDir = "/run/secrets"

// SecretMounts writes secrets to files that only user can read in a container of
// image, and returns their mounts. user has the format of RunOptions.User. The
// caller must call remove, which is never nil, after the container was removed.
// Prune removes the files of a killed process.
func (e *Engine) SecretMounts(ctx context.Context, image, user string, secrets []api.Secret) (mounts []api.Mount, remove func(), err error) {
	remove = func() {}
	if len(secrets) == 0 {
		return nil, remove, nil
	}
	if !e.service.Local() {
		return nil, remove, &api.EngineError{Op: "hand on " + secrets[0].String(), Code: 125, Err: fmt.Errorf("podman at %s is on another machine", e.service.URL())}
	}
	reader, err := e.secretReader(ctx, image, user)
	if err != nil {
		return nil, remove, err
	}
	dir, removeDir, err := e.TempDir(ctx, "run")
	if err != nil {
		return nil, remove, err
	}
	remove = removeDir
	for _, s := range secrets {
		file := filepath.Join(dir, "secret-"+s.Name)
		if err := errors.Join(s.Check(), reader.write(file, s.Data)); err != nil {
			remove()
			return nil, func() {}, fmt.Errorf("cannot hand on %s: %w", s, err)
		}
		mounts = append(mounts, api.Mount{Source: file, Target: secretDir + "/" + s.Name, ReadOnly: true})
	}
	return mounts, remove, nil
}

// A fileOwner is the owner of a file on the host; -1 means no change.
type fileOwner struct{ uid, gid int }

// secretReader returns the host owner that makes a file readable for user in a
// container. Rootless podman maps the caller to that user.
func (e *Engine) secretReader(ctx context.Context, image, user string) (fileOwner, error) {
	rootless, err := e.rootless(ctx)
	if err != nil || rootless {
		return fileOwner{-1, -1}, err
	}
	u, err := e.resolveUser(ctx, image, user)
	if err != nil || u.UID == os.Getuid() {
		return fileOwner{-1, -1}, err
	}
	return fileOwner{u.UID, u.GID}, nil
}

// write writes a file that other users can never read.
func (o fileOwner) write(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil && o.uid >= 0 {
		err = f.Chown(o.uid, o.gid)
	}
	return errors.Join(err, f.Close())
}
