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

// secretDir is where workloads find their secrets.
const secretDir = "/run/secrets"

var secretName = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// A Secret is something that a workload may read and that appears neither in
// its environment nor in what the engine says about the container.
type Secret struct {
	Name string // it is the file /run/secrets/Name: letters, digits, "_", "-", "." but not as the first
	Data []byte
}

// String gives the name alone, so that no log has the rest.
func (s Secret) String() string { return "secret " + s.Name }

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// Check refuses a name that cannot be one of a file.
func (s Secret) Check() error {
	if !secretName.MatchString(s.Name) {
		return fmt.Errorf("%q cannot be the name of a secret", s.Name)
	}
	return nil
}

// SecretMounts puts secrets into files that only user, as RunOptions.User has
// it, can read in a container of image, and gives the mounts for its options.
// The files are removed by remove, which is to be called when the container is
// gone and is never nil; those of a killed process go with what else it left.
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

// A fileOwner is the owner that a file must have on the host; -1 leaves it as it is.
type fileOwner struct{ uid, gid int }

// secretReader gives the owner on the host of what user can read in a
// container. Rootless podman makes its caller that user.
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

// write makes a file that is never readable by anybody else.
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
