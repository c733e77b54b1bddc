// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/container/api"
)

const lockPause = 50 * time.Millisecond

// imagesLock names a lock file. Builds hold a shared lock on it; code that
// removes unnamed images needs an exclusive one, because a build may be about to
// use them.
const imagesLock = "images.lock"

// useImages prevents the removal of unnamed images until unlock.
func (e *Engine) useImages(ctx context.Context) (unlock func(), err error) {
	lock := flock.New(filepath.Join(e.records.Dir(), imagesLock))
	if _, err := lock.TryRLockContext(ctx, lockPause); err != nil {
		_ = lock.Close()
		return nil, &api.EngineError{Op: "lock images", Code: 125, Err: err}
	}
	return func() { _ = lock.Close() }, nil
}

// lockImages reports whether no build of this user is running. If so, it blocks
// new builds until unlock.
func (e *Engine) lockImages() (unlock func(), free bool) {
	lock := flock.New(filepath.Join(e.records.Dir(), imagesLock))
	if ours, err := lock.TryLock(); err != nil || !ours {
		_ = lock.Close()
		return nil, false
	}
	return func() { _ = lock.Close() }, true
}

// LockImage locks the name of an image, so that two goroutines or processes do
// not build it at once. The lock file is not removed, since a third process
// could then lock a new one; the kernel releases the lock when the process ends.
func (e *Engine) LockImage(ctx context.Context, reference string) (unlock func(), err error) {
	dir, err := e.options.SocketDir()
	if err != nil {
		return nil, &api.EngineError{Op: "lock image " + reference, Code: 125, Err: err}
	}
	sum := sha256.Sum256([]byte(e.service.URL() + "\n" + api.WithTag(reference)))
	lock := flock.New(filepath.Join(dir, fmt.Sprintf("image-%x.lock", sum[:8])))
	ours, err := lock.TryLock()
	if err == nil && !ours {
		e.service.Notice(fmt.Sprintf("image %s is being made by another lcitool, waiting for it", reference))
		_, err = lock.TryLockContext(ctx, lockPause)
	}
	if ctx.Err() != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("cannot lock image %s: %w", reference, context.Cause(ctx))
	}
	if err != nil {
		return nil, &api.EngineError{Op: "lock image " + reference, Code: 125, Err: err}
	}
	return func() { _ = lock.Close() }, nil
}
