// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"errors"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

// Errors for errors.Is.
var (
	ErrNoImage  = errors.New("image not found in local cache")
	ErrNoUser   = errors.New("user not found")
	ErrTimeout  = error(timeout{})
	ErrNoEngine = errors.New("no engine available") // podman is not installed on this machine
	ErrNotKept  = errors.New("no such kept container")
	ErrNoUpper  = errors.New("the engine's volumes cannot be written to from here") // for the upper layer of a mount
)

type timeout struct{}

func (timeout) Error() string { return "timed out" }

// Timeout implements the Timeout method of net.Error.
func (timeout) Timeout() bool { return true }

// An ExitError is a workload that ended with a non-zero exit status.
type ExitError struct {
	Container string // container name
	Code      int    // exit status, 1 to 255
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("container %s: exit status %d", e.Container, e.Code)
}

// ExitStatus returns the exit status of the command, from 1 to 255.
func (e *ExitError) ExitStatus() int { return e.Code }

// An EngineError is a failure of podman.
type EngineError struct {
	Op   string // what was to be done, as it follows "cannot"
	Code int    // exit status for it: 125, or 126 and 127 for a command that cannot be run or found
	Hint string // what the user can do; empty when nothing is known
	Err  error
}

func (e *EngineError) Error() string { return "cannot " + e.Op + ": " + explain.Reason(e.Err).Error() }

func (e *EngineError) Unwrap() error { return e.Err }

// A NoImageError is ErrNoImage with the message that users and scripts know.
type NoImageError struct{ Reference string }

func (n *NoImageError) Error() string {
	return fmt.Sprintf("Image '%s' not found in local cache. Build it or pull from registry first.", WithTag(n.Reference))
}

func (n *NoImageError) Is(target error) bool { return target == ErrNoImage }

// A BuildError is a build that failed in podman's builder.
type BuildError struct {
	Tag         string // what was to be built
	Step        int    // number of the failing step from 1; 0 when none had begun
	Steps       int    // how many there are
	Instruction string // of that step
	Code        int    // exit status of its command; 0 if no command failed
	Base        string // base image of the last stage
	BaseMissing bool   // Base does not exist locally and could not be pulled
	Text        string // podman's message
}

func (b *BuildError) Error() string {
	where := "cannot build image " + b.Tag + ": "
	if b.Step > 0 && !b.BaseMissing {
		where += fmt.Sprintf("step %d of %d: ", b.Step, b.Steps)
	}
	switch {
	case b.BaseMissing:
		return strings.TrimSuffix(fmt.Sprintf("%sbase image %s is not here and cannot be pulled: %s", where, b.Base, explain.RegistryReason(b.Text)), ": ")
	case b.Code != 0:
		return fmt.Sprintf("%scommand exited with status %d", where, b.Code)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(b.Text), "\n")
	return where + first
}

// An UnsafeError is a Dockerfile that was not built because it could harm this
// machine.
type UnsafeError struct {
	Tag      string   // what was to be built
	Problems []string // FILE:LINE: INSTRUCTION: what, in the order of lines
	Hint     string   // what the user can do; empty for nothing
}

func (u *UnsafeError) Error() string {
	return fmt.Sprintf("cannot build image %s: %s", u.Tag, strings.Join(u.Problems, "; "))
}

// Hint returns what the user can do about err, or "".
func Hint(err error) string {
	if e, ok := errors.AsType[*EngineError](err); ok && e.Hint != "" {
		return e.Hint
	}
	if u, ok := errors.AsType[*UnsafeError](err); ok {
		return u.Hint
	}
	if b, ok := errors.AsType[*BuildError](err); ok && b.BaseMissing {
		return explain.RegistryHint(b.Text)
	}
	return explain.Hint(err)
}

// Status returns the exit status for err: that of the workload for an ExitError,
// 125 to 127 for an EngineError, 124 for ErrTimeout, 0 for nil and 1 otherwise.
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
	if errors.Is(err, ErrTimeout) {
		return 124 // as in timeout(1)
	}
	return 1
}
