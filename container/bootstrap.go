// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io"
)

// BootstrapOptions describes a base image made from a package mirror.
type BootstrapOptions struct {
	Reference     string   // name that Dockerfiles start FROM
	Distro        string   // debian or ubuntu; others are refused
	Suite         string   // bookworm, trixie, sid, jammy …
	Components    []string // nil means main for Debian, main and universe for Ubuntu
	Mirror        string   // URL; empty means the machine's own sources, else DefaultMirror
	DefaultMirror string   // used when neither Mirror nor the machine says anything
	Force         bool     // make it again though it is there
	TempDir       string   // empty means TMPDIR; needs some 200 MB for a minute
	Log           io.Writer
}

// A BootstrapResult is a base image that exists under its reference.
type BootstrapResult struct {
	ID      string
	Existed bool   // it was there and nothing was done
	Mirror  string // URL it was made from; empty when Existed
}

// Bootstrap makes a distribution's base image without any registry.
func (e *Engine) Bootstrap(ctx context.Context, o BootstrapOptions) (BootstrapResult, error) {
	return BootstrapResult{}, errors.ErrUnsupported
}
