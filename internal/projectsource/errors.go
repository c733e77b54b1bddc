// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import "fmt"

// An UnreadableError reports a local file that cannot be read.
type UnreadableError struct {
	Reference Reference
	Err       error // says neither path nor operation
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("cannot read %s: %v", e.Reference.Location(), e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// A StatusError reports a response without a file.
type StatusError struct {
	URL  string
	Code int // HTTP status
}

func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d from %s", e.Code, e.URL) }

// An OfflineError reports a file that is not in the cache.
type OfflineError struct {
	URL string
}

func (e *OfflineError) Error() string {
	return "offline, and not in the cache: " + e.URL
}

// A ChangedError reports a file that differs from its lock.
type ChangedError struct {
	Location string
	Want     string // SHA-256 of the lock
	Got      string // SHA-256 of the file
	Diff     string // of the lists of packages, in unified form; "" when the locked version is not at hand
}

func (e *ChangedError) Error() string {
	text := fmt.Sprintf("%s has changed: its sha256 is %s, %s has %s", e.Location, e.Got, LockFile, e.Want)
	if e.Diff != "" {
		text += "\n" + e.Diff
	}
	return text
}
