// SPDX-License-Identifier: GPL-2.0-or-later

// Package gitcmd runs git in untrusted repositories.
//
// No other package runs git. A repository can name programs in many settings, so
// git never reads its configuration. Open finds the repository and creates a
// temporary common directory for it (GIT_COMMON_DIR) with symbolic links to its
// objects and refs, and a configuration with only the settings that config.go
// permits. The user's own configuration is used as usual. The options in
// switches.go are a second protection, and cover what is not a setting.
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

// timeout limits a command that needs no network. git blocks on a FIFO among the
// refs.
const timeout = 2 * time.Minute

// maxOutput limits the output of a command, in bytes.
const maxOutput = 64 << 20

// ErrNoRepository reports a directory that is not in a repository.
var ErrNoRepository = errors.New("not in a git repository")

var errNotInstalled = errors.New("git is not installed")

// A Repo is an open repository. The caller must call Close.
type Repo struct {
	Top    string // top directory of the work tree, without links
	Prefix string // of the directory it was opened for, below Top: slash-separated, "" for Top

	gitDir    string // $GIT_DIR, with HEAD and index
	commonDir string // common directory of all work trees, with objects, refs and config
	view      *view
	settings  []setting // the repository's configuration, including hidden settings
	state     state
}

// Open finds the repository of a directory. Bare repositories are not accepted,
// because a directory of an untrusted tree could look like one.
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
	if _, err := exec.LookPath("git"); err != nil { // a plain repository is opened without it
		return errNotInstalled
	}
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

// Close removes the temporary directory that Open has created.
func (r *Repo) Close() { r.view.close() }

// Git runs a command that needs neither work tree nor network. It returns the
// output without trailing newlines.
func (r *Repo) Git(ctx context.Context, args ...string) (string, error) {
	return r.run(ctx, command{args: args, timeout: timeout})
}

// Status returns the output of "git status --porcelain -z": files that differ
// from the index or HEAD, and untracked files.
func (r *Repo) Status(ctx context.Context) (string, error) {
	if err := CheckWorkTree(ctx, r.Top); err != nil {
		return "", err
	}
	return r.run(ctx, command{
		// For a dirty submodule, git would run another git that reads the
		// submodule's configuration.
		args:    []string{"status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty"},
		options: []string{"--work-tree=" + r.Top}, timeout: timeout,
	})
}

type command struct {
	options []string // before the command's name
	args    []string
	stdin   io.Reader
	stdout  io.Writer // nil returns it
	env     []string
	network bool // the user's settings for ssh, proxies and passwords apply
	timeout time.Duration
	bare    bool // run without a repository

	writeIndex bool // "status" may write the index
}

// An Error is a git command that failed.
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

// run runs git in a directory that contains nothing else.
func run(ctx context.Context, dir string, c command) (string, error) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %s", c.timeout))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, "git", append(append(switches(c.writeIndex), c.options...), c.args...)...) //nolint:gosec // the one place that runs it
	cmd.Dir = dir
	cmd.Env = append(environment(c.network), append(c.env, "GIT_CEILING_DIRECTORIES="+dir, "PWD="+dir)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = c.stdin
	var stdout, stderr limitedBuffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.stdout != nil {
		cmd.Stdout = c.stdout
	}
	err := cmd.Run()
	out := strings.TrimRight(stdout.kept.String(), "\n")
	switch {
	case stdout.full || stderr.full:
		return "", fmt.Errorf("git %s: %w", c.args[0], errOutput)
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("git %s: %w", c.args[0], context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound):
		return "", errNotInstalled
	}
	return "", &Error{Command: c.args[0], Stdout: out, Stderr: stderr.kept.String(), Err: err}
}

// A limitedBuffer keeps the output of a command, and fails after maxOutput bytes.
type limitedBuffer struct {
	kept bytes.Buffer // not embedded: io.Copy would call its ReadFrom and not Write
	full bool
}

var errOutput = fmt.Errorf("it prints more than %d MiB", maxOutput>>20)

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.full = b.full || len(p) > maxOutput-b.kept.Len(); b.full {
		return 0, errOutput
	}
	return b.kept.Write(p)
}
