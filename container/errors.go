// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// engineError converts an error of podman.
func engineError(op string, err error) error {
	return &api.EngineError{Op: op, Code: refusal(err.Error()), Hint: explain.Hint(err), Err: err}
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
