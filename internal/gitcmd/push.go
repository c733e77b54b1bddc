// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// PushAddresses returns the URLs of a push to a remote, after all rewriting.
func (r *Repo) PushAddresses(ctx context.Context, remote string) ([]string, error) {
	if !r.hasRemote(remote) {
		return nil, fmt.Errorf("there is no remote %q", remote) // git says so too
	}
	if addresses := r.plainAddresses(ctx, remote); addresses != nil {
		return addresses, nil
	}
	return r.readPushAddresses(ctx, remote)
}

// hasRemote reports whether the repository's configuration has a setting of a remote.
// git does not accept a remote of the user's configuration alone.
func (r *Repo) hasRemote(remote string) bool {
	return slices.ContainsFunc(r.settings, func(s setting) bool {
		section, sub, _ := s.parts()
		return section == "remote" && sub == remote
	})
}

// plainAddresses returns the URLs of a push according to Config, or nil if there
// are none or only git knows how it would rewrite them.
func (r *Repo) plainAddresses(ctx context.Context, remote string) []string {
	if r.setting("remote."+remote+".url") == "" {
		return nil // see hasRemote
	}
	var addresses, push []string
	for _, s := range r.allSettings(ctx) {
		section, sub, name := s.parts()
		switch {
		case section == "url", section == "remote" && sub == remote && (s.value == "" || strings.Contains(s.value, "\n")):
			return nil
		case section == "remote" && sub == remote && name == "url":
			addresses = append(addresses, s.value)
		case section == "remote" && sub == remote && name == "pushurl":
			push = append(push, s.value)
		}
	}
	if push != nil {
		return push
	}
	return addresses
}

func (r *Repo) readPushAddresses(ctx context.Context, remote string) ([]string, error) {
	out, err := r.Git(ctx, "remote", "get-url", "--push", "--all", "--", remote)
	if err != nil {
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}

// Push pushes refspecs to a remote and returns git's output. It uses the user's
// own settings for ssh, proxies and passwords. Of the repository's configuration
// it uses only the URL.
func (r *Repo) Push(ctx context.Context, remote string, options []string, refspecs ...string) (string, error) {
	addresses, err := r.readPushAddresses(ctx, remote) // as git will
	if err != nil {
		return "", err
	}
	for _, address := range addresses {
		if err := r.checkAddress(address); err != nil {
			return "", fmt.Errorf("remote %q: %w", remote, err)
		}
	}
	args := append([]string{"push"}, options...)
	return r.run(ctx, command{args: append(append(args, "--", remote), refspecs...), network: true})
}

var (
	scheme = lazyregexp.New(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	helper = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9+.-]*::`)
	scp    = lazyregexp.New(`^[^/]*:`)
)

// checkAddress refuses URLs that run a program: those of remote helpers, and of
// repositories in the tree, whose hooks git would run.
func (r *Repo) checkAddress(address string) error {
	path, isFile := strings.CutPrefix(address, "file://")
	if isFile {
		decoded, err := url.PathUnescape(path) // as git does
		if err != nil {
			return err
		}
		path = decoded
	}
	switch {
	case helper.MatchString(address):
		return errors.New("addresses of the form HELPER::ADDRESS are not supported")
	case !isFile && (scheme.MatchString(address) || scp.MatchString(address)):
		return nil // GIT_ALLOW_PROTOCOL restricts it
	case !filepath.IsAbs(path):
		return errors.New("a directory must be given by an absolute path")
	}
	real, err := realPath(path)
	if err != nil {
		return err
	}
	for _, dir := range []string{r.Top, r.gitDir, r.commonDir} {
		if real == dir || strings.HasPrefix(real, dir+"/") {
			return errors.New("it is inside the project, and a push would run its hooks")
		}
	}
	return nil
}

// maxLinks limits the symbolic links in a path, as Linux does.
const maxLinks = 40

// realPath resolves the symbolic links of an absolute path. It refuses paths
// through /proc, which lead elsewhere in git's process.
func realPath(name string) (string, error) {
	at, links := "/", 0
	for rest := strings.Split(name, "/"); len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == "" || part == "." {
			continue
		}
		next := filepath.Join(at, part) // at has no links, so this is right for ".."
		if next == "/proc" || strings.HasPrefix(next, "/proc/") {
			return "", errors.New("a path through /proc leads elsewhere in each process")
		}
		target, err := os.Readlink(next)
		switch {
		case err != nil:
			if _, err := os.Lstat(next); err != nil {
				return "", err
			}
			at = next
			continue
		case filepath.IsAbs(target):
			at = "/"
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: %w", name, syscall.ELOOP)
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return at, nil
}

// Credential runs "git credential fill" with the user's credential helpers and
// without prompts. input and output have its format.
func (r *Repo) Credential(ctx context.Context, input string) (string, error) {
	return r.run(ctx, command{
		args: []string{"credential", "fill"}, stdin: strings.NewReader(input), network: true,
		env: []string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GCM_INTERACTIVE=never"},
	})
}
