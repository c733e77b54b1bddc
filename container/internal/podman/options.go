// SPDX-License-Identifier: GPL-2.0-or-later

// Package podman connects to a podman service.
package podman

import (
	"log/slog"
	"strings"
)

// Options say how to find podman. The zero value uses no environment variables,
// only the sockets of this machine.
type Options struct {
	Connection string                   // name of a connection in containers.conf; excludes URL
	URL        string                   // unix://, tcp:// or ssh:// address; excludes Connection
	Identity   string                   // private key file for ssh://; empty means CONTAINER_SSHKEY
	Getenv     func(name string) string // os.Getenv in the program; nil means every variable is empty

	Private    bool     // use a private service even if others are available
	Podman     string   // program of a private service; empty means podman
	ServiceEnv []string // environment of a private service; nil means that of this process
	RuntimeDir string   // directory of mode 0700 for the lock and socket of a private service; empty means a default
	StateDir   string   // directory for the records; empty means below RuntimeDir

	Log    *slog.Logger      // nil discards messages
	Notice func(line string) // called when a private service is started; nil means Log
}

// Variable returns the value of an environment variable, or "" without Getenv.
func (o Options) Variable(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}

// TempParent returns the parent of temporary directories with files for
// containers.
func (o Options) TempParent() string {
	if dir := o.Variable("TMPDIR"); dir != "" {
		return dir
	}
	return "/tmp"
}

// BuildTempParent returns the parent of the temporary directories of builds. As
// in podman, it is the service's TMPDIR, or /var/tmp.
func (o Options) BuildTempParent() string {
	for _, v := range o.Environ() {
		if dir, ok := strings.CutPrefix(v, "TMPDIR="); ok && dir != "" {
			return dir
		}
	}
	return "/var/tmp"
}
