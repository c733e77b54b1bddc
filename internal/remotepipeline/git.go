// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A checkout is the branch that is checked out.
type checkout struct {
	repo    *gitcmd.Repo
	branch  string // its name
	commit  string // the branch's, 40 or 64 hex digits
	remote  string // name of where it is pushed
	address string // URL of the remote; may contain a password
	hide    *redact.Redactor
}

func openCheckout(ctx context.Context, directory, remote string) (_ *checkout, err error) {
	c := &checkout{}
	if c.repo, err = gitcmd.Open(ctx, directory); err != nil {
		return nil, fmt.Errorf("cannot use git in %s: %w", directory, err)
	}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	branch, err := c.git(ctx, "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return nil, errors.New(`HEAD is detached, so there is no branch to push: "git switch -c NAME" makes one`)
	}
	c.branch = branch
	if c.commit, err = c.git(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		return nil, fmt.Errorf("branch %q has no commit to push", c.branch)
	}
	if c.remote = remote; remote == "" {
		c.remote = c.usualRemote(ctx)
	}
	addresses, err := c.repo.PushAddresses(ctx, c.remote)
	if err != nil {
		return nil, fmt.Errorf("there is no remote %q to push to: name one with --remote-name", c.remote)
	}
	c.address = addresses[0]
	if u, err := url.Parse(c.address); err == nil && u.User != nil {
		password, _ := u.User.Password()
		c.hide = redact.Token(password)
	}
	return c, nil
}

func (c *checkout) close() { c.repo.Close() }

// usualRemote returns the remote that git push uses for the branch.
func (c *checkout) usualRemote(ctx context.Context) string {
	for _, key := range []string{"branch." + c.branch + ".pushremote", "remote.pushdefault", "branch." + c.branch + ".remote"} {
		if name := c.repo.Config(ctx, key); name != "" && name != "." {
			return name
		}
	}
	return "origin"
}

// maxRemotes limits the remotes whose URLs are read.
const maxRemotes = 100

// addresses returns the URLs of all remotes, as far as they can be read.
func (c *checkout) addresses(ctx context.Context) []string {
	out, err := c.git(ctx, "remote")
	if err != nil {
		return nil
	}
	var all []string
	for _, remote := range strings.SplitN(out, "\n", maxRemotes) {
		if addresses, err := c.repo.PushAddresses(ctx, remote); err == nil {
			all = append(all, addresses...)
		}
	}
	return all
}

// maxNamed is the number of files named in one line.
const maxNamed = 5

// uncommitted describes the changes that are not committed, "" for none.
func (c *checkout) uncommitted(ctx context.Context) (string, error) {
	out, err := c.repo.Status(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot see what has changed: %w", c.reason(err))
	}
	var names []string
	for _, entry := range strings.Split(out, "\x00") {
		if len(entry) > 3 {
			names = append(names, entry[3:])
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	text := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return plain("not committed, so not pushed: " + text), nil
}

const pushTimeout = 15 * time.Minute

// push pushes the commit to a branch of the same name, never by force. It
// reports whether the remote branch has changed.
func (c *checkout) push(ctx context.Context, variables []string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	args := []string{"--porcelain", "--no-force"}
	var given []string
	for _, v := range variables {
		given = append(given, "--push-option=ci.variable="+v)
	}
	to := c.commit + ":refs/heads/" + c.branch
	out, err := c.repo.Push(ctx, c.remote, slices.Concat(args, given), to)
	if err == nil {
		return !c.upToDate(out), nil
	}
	// If there is nothing to push, a remote may close the connection before git
	// has sent the push options, and SIGPIPE ends git. That is no failure.
	out, again := c.repo.Push(ctx, c.remote, append(args, "--dry-run"), to)
	if again == nil && c.upToDate(out) {
		return false, nil
	}
	err = fmt.Errorf("cannot push %s to %s: %w", c.branch, c.remote, c.reason(err))
	if keys := c.repo.NotUsed(); len(keys) > 0 {
		err = fmt.Errorf("%w; settings of the repository itself are not used, set them with \"git config --global\": %s", err, plain(strings.Join(keys, ", ")))
	}
	return false, err
}

// upToDate reports whether the output of git push --porcelain says that there
// was nothing to push.
func (c *checkout) upToDate(out string) bool {
	for line := range strings.Lines(out) {
		if flag, rest, ok := strings.Cut(line, "\t"); ok && strings.Contains(rest, ":refs/heads/"+c.branch+"\t") {
			return flag == "="
		}
	}
	return false
}

func (c *checkout) git(ctx context.Context, args ...string) (string, error) {
	out, err := c.repo.Git(ctx, args...)
	return out, c.reason(err)
}

// reason converts an error of git to its cause, without passwords.
func (c *checkout) reason(err error) error {
	failed, ok := errors.AsType[*gitcmd.Error](err)
	if !ok {
		return err
	}
	return errors.New(c.hide.Text(firstOf(reason(failed.Stderr), reason(failed.Stdout), failed.Err.Error())))
}

// reason returns the lines of git's output that say why it failed.
func reason(text string) string {
	var told []string
	for line := range strings.Lines(text) {
		line = plain(strings.TrimSpace(line))
		switch {
		case line == "" || strings.HasPrefix(line, "hint: ") || strings.HasPrefix(line, "To ") || line == "Done":
		case strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "fatal: "):
			told = append(told, line[len("error: "):])
		case strings.HasPrefix(line, "remote: ") || strings.HasPrefix(line, "!"):
			told = append(told, line)
		}
	}
	if len(told) == 0 {
		return plain(strings.TrimSpace(text))
	}
	return strings.Join(told, "; ")
}

// credentialTimeout limits git's credential helpers.
const credentialTimeout = 10 * time.Second

// credential returns the password that git's credential helpers have for the
// server, or nil. They do not prompt.
func (c *checkout) credential(ctx context.Context, server *url.URL) *token {
	ctx, cancel := context.WithTimeout(ctx, credentialTimeout)
	defer cancel()
	input := fmt.Sprintf("protocol=%s\nhost=%s\n\n", server.Scheme, server.Host)
	out, err := c.repo.Credential(ctx, input)
	if err == nil {
		for line := range strings.Lines(out) {
			if password, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "password="); ok && password != "" {
				return newToken("git's credentials", bearer, password)
			}
		}
	}
	u, err := url.Parse(c.address)
	if err != nil || u.User == nil || !sameOrigin(u, server) {
		return nil
	}
	if password, ok := u.User.Password(); ok && password != "" {
		return newToken("the remote's address", bearer, password)
	}
	return nil
}
