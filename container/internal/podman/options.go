// SPDX-License-Identifier: GPL-2.0-or-later

// Package podman connects to a podman service.
package podman

import (
	"errors"
	"log/slog"
	"strings"
)

// Options says where podman is to be found. The zero value looks at no
// environment variable and goes straight to the sockets of this machine.
type Options struct {
	Connection string                   // name of a connection in containers.conf; excludes URL
	URL        string                   // unix://, tcp:// or ssh:// address; excludes Connection
	Identity   string                   // private key file for ssh://; empty means CONTAINER_SSHKEY
	Getenv     func(name string) string // os.Getenv in the program; nil means every variable is empty

	Private    bool     // use a private service whatever else answers
	Podman     string   // program that a private service is started from; empty means podman
	ServiceEnv []string // environment of a private service; nil means that of this process
	RuntimeDir string   // 0700 directory for lock and socket of a private service; empty chooses one
	StateDir   string   // directory for what later runs must know; empty means below RuntimeDir

	Log    *slog.Logger      // nil means silence
	Notice func(line string) // told when a private service is started; nil means Log says it
}

// Variable returns the value of an environment variable, empty without Getenv.
func (o Options) Variable(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}

// TempParent is where copies for a container go.
func (o Options) TempParent() string {
	if dir := o.Variable("TMPDIR"); dir != "" {
		return dir
	}
	return "/tmp"
}

// BuildTempParent is where builds unpack their contexts and keep their
// scratch: as in podman, the service's TMPDIR or else /var/tmp.
func (o Options) BuildTempParent() string {
	for _, v := range o.Environ() {
		if dir, ok := strings.CutPrefix(v, "TMPDIR="); ok && dir != "" {
			return dir
		}
	}
	return "/var/tmp"
}

// ErrNoEngine says that there is no podman on this machine.
var ErrNoEngine = errors.New("no engine available")

// An Error is something podman could not do.
type Error struct {
	Op   string // what was to be done, as it follows "cannot"
	Code int    // exit status for it: 125, or 126 and 127 for a command that cannot be run or found
	Hint string // what the user can do; empty when nothing is known
	Err  error
}

func (e *Error) Error() string { return "cannot " + e.Op + ": " + Reason(e.Err).Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
