// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"fmt"
)

// Errors to ask for with errors.Is.
var (
	ErrNoImage  = errors.New("image not found in local cache")
	ErrNoUser   = errors.New("user not found")
	ErrTimeout  = errors.New("timed out")
	ErrNoEngine = errors.New("no engine available")
)

// An ExitError is a workload that ran to its end and returned non-zero.
type ExitError struct {
	Container string // container name
	Code      int    // exit status, 1 to 255
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("container %s: exit status %d", e.Container, e.Code)
}

// An EngineError is something podman could not do.
type EngineError struct {
	Op   string // what was to be done, as it follows "cannot"
	Code int    // exit status for it: 125, or 126 and 127 for a command that cannot be run or found
	Hint string // what the user can do; empty when nothing is known
	Err  error
}

func (e *EngineError) Error() string { return "cannot " + e.Op + ": " + e.Err.Error() }
func (e *EngineError) Unwrap() error { return e.Err }

// Hint returns what a user can do about err, or "".
func Hint(err error) string {
	if e, ok := errors.AsType[*EngineError](err); ok && e.Hint != "" {
		return e.Hint
	}
	return Explain(err)
}

// Status returns the exit status that err asks for: the workload's own for an
// ExitError, 125 to 127 for an EngineError, 0 for nil and 1 otherwise.
func Status(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*ExitError](err); ok {
		return e.Code
	}
	if e, ok := errors.AsType[*EngineError](err); ok && e.Code != 0 {
		return e.Code
	}
	return 1
}
