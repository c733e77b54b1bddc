// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

const secretDir = "/run/secrets"

var secretName = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// A Secret is a file for a workload. Its content appears neither in environment
// variables nor in the engine's description of the container.
type Secret struct {
	Name string // it is the file /run/secrets/Name: letters, digits, "_", "-", "." but not as the first
	Data []byte
}

// String returns only the name, so that logs do not contain the data.
func (s Secret) String() string { return "secret " + s.Name }

func (s Secret) GoString() string { return s.String() }

// Check returns an error if the name is not a valid file name.
func (s Secret) Check() error {
	if !secretName.MatchString(s.Name) {
		return fmt.Errorf("%q cannot be the name of a secret", s.Name)
	}
	return nil
}

// SecretMounts writes secrets to files that only user can read in a container of
// image, and returns their mounts. user has the format of RunOptions.User. The
// caller must call remove, which is never nil, after the container was removed.
// Prune removes the files of a killed process.
func (e *Engine) SecretMounts(ctx context.Context, image, user string, secrets []Secret) (mounts []Mount, remove func(), err error) {
	remove = func() {}
	if len(secrets) == 0 {
		return nil, remove, nil
	}
	if !e.service.Local() {
		return nil, remove, &EngineError{Op: "hand on " + secrets[0].String(), Code: 125, Err: fmt.Errorf("podman at %s is on another machine", e.service.URL())}
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
		mounts = append(mounts, Mount{Source: file, Target: secretDir + "/" + s.Name, ReadOnly: true})
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
