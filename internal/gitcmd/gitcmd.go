// SPDX-License-Identifier: GPL-2.0-or-later

// Package gitcmd runs git in repositories that a stranger may have made.
//
// It is the one place that runs git. A repository can name programs in dozens
// of settings, so git never reads its configuration. Open finds the repository
// itself and makes a common directory of our own for it (GIT_COMMON_DIR): links
// to its objects and refs, beside a configuration that holds only what
// config.go lists. The user's own configuration counts as usual. The switches
// in switches.go stand for the same once more, and for what is no setting.
package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// timeout bounds a command that needs no network. A FIFO among the refs makes
// git wait for ever.
const timeout = 2 * time.Minute

// maxOutput bounds what a command prints.
const maxOutput = 64 << 20

// ErrNoRepository is a directory that is in no repository.
var ErrNoRepository = errors.New("not in a git repository")

// A Repo is an open repository.
type Repo struct {
	Top    string // top directory of the work tree, without links
	Prefix string // of the directory it was opened for, below Top: slash-separated, "" for Top

	gitDir    string // $GIT_DIR: HEAD, index
	commonDir string // of all work trees: objects, refs, config
	view      *view
	settings  []setting // all of the repository's configuration
}

// Open finds the repository that a directory is in, in the directory or above.
// A bare repository is none: it could be a directory of the tree.
func Open(ctx context.Context, dir string) (*Repo, error) {
	r, err := find(dir)
	if err != nil {
		return nil, err
	}
	if r.view, err = newView(); err != nil {
		return nil, fmt.Errorf("cannot open repository %s: %w", r.Top, err)
	}
	err = r.open(ctx)
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("cannot open repository %s: %w", r.Top, err)
	}
	return r, nil
}

func (r *Repo) open(ctx context.Context) (err error) {
	if r.settings, err = r.readSettings(ctx); err != nil {
		return err
	}
	if err := r.checkLink(); err != nil {
		return err
	}
	if err := r.checkOwner(ctx); err != nil {
		return err
	}
	if err := r.checkFiles(); err != nil {
		return err
	}
	return r.view.fill(r.commonDir, r.settings)
}

// Close removes what Open made. The repository stays as it is.
func (r *Repo) Close() { r.view.close() }

// Git runs a command that needs neither work tree nor network, and returns
// what it prints without the last line breaks.
func (r *Repo) Git(ctx context.Context, args ...string) (string, error) {
	return r.run(ctx, command{args: args, timeout: timeout})
}

// Status lists files that differ from the index or HEAD, with
// untracked ones, as "git status --porcelain -z" prints them.
func (r *Repo) Status(ctx context.Context) (string, error) {
	if err := CheckWorkTree(ctx, r.Top); err != nil {
		return "", err
	}
	return r.run(ctx, command{
		// A dirty submodule would be looked at by a git that reads its configuration.
		args:    []string{"status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty"},
		options: []string{"--work-tree=" + r.Top}, timeout: timeout,
	})
}

// A command is one call of git.
type command struct {
	options []string // before the command's name
	args    []string
	stdin   io.Reader
	stdout  io.Writer // nil returns it
	env     []string
	network bool // the user's settings for ssh, proxies and passwords count
	timeout time.Duration
	bare    bool // no repository
}

// An Error is a command that failed.
type Error struct {
	Command string // without options: "push"
	Stdout  string
	Stderr  string
	Err     error
}

func (e *Error) Error() string {
	text := strings.TrimSpace(e.Stderr)
	if text == "" {
		text = e.Err.Error()
	}
	return fmt.Sprintf("git %s: %s", e.Command, strings.TrimPrefix(text, "fatal: "))
}

func (e *Error) Unwrap() error { return e.Err }

func (r *Repo) run(ctx context.Context, c command) (string, error) {
	if !c.bare {
		c.options = append([]string{"--git-dir=" + r.gitDir}, c.options...)
		c.env = append(c.env, "GIT_COMMON_DIR="+r.view.dir)
	}
	return run(ctx, r.view.dir, c)
}

// run runs git in a directory of ours, so that nothing is found beside it.
func run(ctx context.Context, dir string, c command) (string, error) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %s", c.timeout))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, "git", append(append(switches(), c.options...), c.args...)...) //nolint:gosec // the one place that runs it
	cmd.Dir = dir
	cmd.Env = append(environment(c.network), append(c.env, "GIT_CEILING_DIRECTORIES="+dir, "PWD="+dir)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = c.stdin
	stdout, stderr := &limitedBuffer{left: maxOutput}, &limitedBuffer{left: maxOutput}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if c.stdout != nil {
		cmd.Stdout = c.stdout
	}
	err := cmd.Run()
	out := strings.TrimRight(stdout.String(), "\n")
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("git %s: %w", c.args[0], context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not installed")
	}
	return "", &Error{Command: c.args[0], Stdout: out, Stderr: stderr.String(), Err: err}
}

// A limitedBuffer refuses more than so many bytes.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, fmt.Errorf("more than %d bytes of output", maxOutput)
	}
	return b.Buffer.Write(p)
}
