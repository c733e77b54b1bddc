// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"time"
)

// Own is a repository that lcitool has created and nobody else has written to,
// so git may read its configuration.
type Own struct {
	GitDir   string
	WorkTree string // may be a stranger's; empty for none

	Timeout time.Duration // of each command; 0 means two minutes
	Plain   bool          // settings of the user and the machine that change files and the index do not apply

	WriteIndex bool // "status" writes what it has found about files to the index
}

// plain returns the options that override such settings with git's defaults, as
// in the image in which GitLab Runner runs git.
func plain() []string {
	var options []string
	for _, setting := range []string{
		"core.autocrlf=false", "core.eol=native", "core.safecrlf=false", "core.attributesFile=/dev/null",
		"core.fileMode=true", "core.symlinks=true", "core.ignoreCase=false", "core.precomposeUnicode=false",
		"core.sparseCheckout=false", "core.splitIndex=false", "core.sharedRepository=umask",
		"index.version=2", "index.sparse=false", "index.skipHash=false", "feature.manyFiles=false", "feature.experimental=false",
	} {
		options = append(options, "-c", setting)
	}
	return options
}

// Run runs a command that needs no network and returns its output.
func (o Own) Run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	c := command{args: args, options: []string{"--git-dir=" + o.GitDir}, timeout: cmp.Or(o.Timeout, timeout), writeIndex: o.WriteIndex}
	if o.Plain {
		c.options = append(plain(), c.options...)
		c.env = append(c.env, "GIT_ATTR_NOSYSTEM=1")
	}
	dir := o.GitDir
	if o.WorkTree != "" {
		c.options = append(c.options, "--work-tree="+o.WorkTree)
		dir = o.WorkTree
	}
	if stdin != nil {
		c.stdin = bytes.NewReader(stdin)
	}
	var out limitedBuffer
	c.stdout = &out
	_, err := run(ctx, dir, c)
	if out.full {
		return nil, fmt.Errorf("git %s: %w", args[0], errOutput)
	}
	return out.kept.Bytes(), err
}

// GitDir returns the directory with HEAD and the index.
func (r *Repo) GitDir() string { return r.gitDir }

// CommonDir returns the directory with objects and refs.
func (r *Repo) CommonDir() string { return r.commonDir }

// Setting returns a value of the repository's own configuration. It returns ""
// if it is not set or could name a program.
func (r *Repo) Setting(key string) string {
	value := ""
	for _, s := range r.settings {
		if s.key == key && s.allowed() {
			value = s.value
		}
	}
	return value
}
