// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockPause is the time between two looks at a lock that somebody holds.
const lockPause = 50 * time.Millisecond

// imagesLock is held by builds together, and by what removes images that no
// name protects alone: a build may be about to use them.
const imagesLock = "images.lock"

// useImages keeps nameless images in place until unlock.
func (e *Engine) useImages(ctx context.Context) (unlock func(), err error) {
	lock := flock.New(filepath.Join(e.records.Dir(), imagesLock))
	if _, err := lock.TryRLockContext(ctx, lockPause); err != nil {
		_ = lock.Close()
		return nil, &EngineError{Op: "lock images", Code: 125, Err: err}
	}
	return func() { _ = lock.Close() }, nil
}

// LockImages reports whether no build of this user runs, and keeps others from
// beginning until unlock.
func (e *Engine) lockImages() (unlock func(), free bool) {
	lock := flock.New(filepath.Join(e.records.Dir(), imagesLock))
	if ours, err := lock.TryLock(); err != nil || !ours {
		_ = lock.Close()
		return nil, false
	}
	return func() { _ = lock.Close() }, true
}

// LockImage keeps two of us, processes or goroutines, from making an image of
// the same name at once: the second one finds it made. The file stays,
// since removing it would let a third in; the lock ends with its process.
func (e *Engine) LockImage(ctx context.Context, reference string) (unlock func(), err error) {
	dir, err := e.options.SocketDir()
	if err != nil {
		return nil, &EngineError{Op: "lock image " + reference, Code: 125, Err: err}
	}
	sum := sha256.Sum256([]byte(e.service.URL() + "\n" + WithTag(reference)))
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
		return nil, &EngineError{Op: "lock image " + reference, Code: 125, Err: err}
	}
	return func() { _ = lock.Close() }, nil
}
