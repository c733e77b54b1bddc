// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"fmt"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Errors for errors.Is.
var (
	ErrNoImage  = errors.New("image not found in local cache")
	ErrNoUser   = errors.New("user not found")
	ErrTimeout  = error(timeout{})
	ErrNoEngine = podman.ErrNoEngine
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
type EngineError = podman.Error

// engineError converts an error of podman.
func engineError(op string, err error) error {
	return &EngineError{Op: op, Code: refusal(err.Error()), Hint: podman.Explain(err), Err: err}
}

// quoted matches a string quoted as in Go.
const quoted = `"(?:[^"\\]|\\.)*"`

// Messages of the runtimes about a container's command. They must not match
// similar messages about podman's helpers, cgroup files or resource limits.
var (
	commandMissing = lazyregexp.New("executable file `[^`]+` not found|" +
		"exec container process (?:\\(missing dynamic library\\?\\) )?`[^`]+`: No such file|" +
		`(?:container process|exec failed|container init)\b.*exec: ` + quoted + `: (?:executable file not found|stat .+: no such file)|` +
		`^exec: ` + quoted + `: (?:executable file not found in \$PATH|stat .+: no such file or directory): OCI runtime`)
	commandForbidden = lazyregexp.New("the path `[^`]+` exists but it is not executable|" +
		"exec container process (?:failed with handler as )?`[^`]+`: (?:Permission denied|Operation not permitted|Exec format error|Is a directory|Not a directory|Text file busy|Argument list too long)|" +
		"crun: open executable: (?:Permission denied|Operation not permitted|Is a directory|Not a directory)|" +
		`(?:container process|exec failed|container init)\b.*exec: ` + quoted + `: (?:permission denied|exec format error|is a directory|stat .+: (?:permission denied|not a directory))|` +
		`^exec: ` + quoted + `: (?:permission denied|is a directory): OCI permission denied`)
)

// refusal returns the exit status for a container that could not be started: 127
// if the command was not found, 126 if it is not executable, otherwise 125.
func refusal(text string) int {
	switch {
	case commandMissing.MatchString(text):
		return 127
	case commandForbidden.MatchString(text):
		return 126
	}
	return 125
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
		return registryHint(b.Text)
	}
	return podman.Explain(err)
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
