// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings"
	archivecopy "github.com/containers/podman/v4/pkg/copy"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Put unpacks a tar archive below target, a directory that is created if it does
// not exist. All files get the container's user as their owner, whatever the
// archive says. The size of the archive is not limited.
func (c *Container) Put(ctx context.Context, target string, archive io.Reader) error {
	op := fmt.Sprintf("put files into %s in container %s", target, c.Name())
	if !path.IsAbs(target) {
		return fmt.Errorf("cannot %s: not absolute", op)
	}
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(conn)
	if err := makeDir(conn, c.Name(), target); err != nil {
		return during(ctx, op, err)
	}
	if err := putArchive(conn, c.Name(), target, false, archive); err != nil {
		return during(ctx, op, err)
	}
	return nil
}

// Get writes a tar archive of a file or directory to w. Its names begin with the
// last element of the path; its owners are not meaningful. The error is
// fs.ErrNotExist if the path does not exist, or is a loop of links. A truncated
// archive means that the engine stopped.
func (c *Container) Get(ctx context.Context, from string, w io.Writer) error {
	if done, err := c.getMounted(from, w); done {
		if err != nil {
			return during(ctx, c.getOp(from), err)
		}
		return nil
	}
	return c.get(ctx, from, func(_ context.Context, response *bindings.APIResponse) error {
		return copyArchive(w, response.Body, from)
	})
}

func (c *Container) getOp(from string) string {
	return fmt.Sprintf("get %s out of container %s", from, c.Name())
}

// GetNoFollow is Get, except that a path that is a symbolic link gives an archive
// of the link. A link that leads nowhere does not exist, as in GitLab Runner. The
// links in the path's parents are followed.
func (c *Container) GetNoFollow(ctx context.Context, from string, w io.Writer) error {
	return c.get(ctx, from, func(conn context.Context, response *bindings.APIResponse) error {
		info, err := archivecopy.ExtractFileInfoFromHeader(&response.Header)
		switch {
		case err != nil:
			return err
		case info == nil:
			return errors.New("the engine does not say what it is")
		case info.Mode.Type() == fs.ModeSymlink:
			return c.getLink(conn, from, info, w)
		}
		return copyArchive(w, response.Body, from)
	})
}

// literal returns a path as the engine's archive API needs it. The API expands
// patterns, and refuses "*" in any form; the class for it also matches ")" and "+".
func literal(name string) string {
	return strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`, `*`, `[)-+]`).Replace(name)
}

// copyArchive copies an archive of a path. It leaves out other names that match
// the path's literal.
func copyArchive(w io.Writer, archive io.Reader, from string) error {
	base := path.Base(from)
	if !strings.Contains(base, "*") {
		_, err := io.Copy(w, archive)
		return err
	}
	in, out := tar.NewReader(archive), tar.NewWriter(w)
	for found := false; ; {
		h, err := in.Next()
		switch {
		case errors.Is(err, io.EOF) && found:
			return out.Close()
		case errors.Is(err, io.EOF):
			return fs.ErrNotExist
		case err != nil:
			return err
		}
		if first, _, _ := strings.Cut(path.Clean(h.Name), "/"); first != base {
			continue
		}
		found = true
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
}

// get asks for an archive of a path and calls do with the answer.
func (c *Container) get(ctx context.Context, from string, do func(context.Context, *bindings.APIResponse) error) error {
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(conn)
	if err := c.archive(conn, from, do); err != nil {
		return during(ctx, c.getOp(from), err)
	}
	return nil
}

// getLink writes an archive of a symbolic link. podman says where the link leads
// in the end, and how long its text is. A path of that length is taken as the
// text, because the archive of the directory, which has the text, may be large.
// podman does not follow a link whose path is not its own literal.
func (c *Container) getLink(conn context.Context, name string, info *archivecopy.FileInfo, w io.Writer) error {
	dir := path.Dir(name)
	h := &tar.Header{Typeflag: tar.TypeSymlink, Name: path.Base(name), Mode: 0o777, ModTime: info.ModTime}
	for _, text := range []string{relativeTo(dir, info.LinkTarget), info.LinkTarget} {
		if h.Linkname == "" && int64(len(text)) == info.Size && literal(name) == name {
			h.Linkname = text
		}
	}
	if h.Linkname == "" {
		err := c.archive(conn, strings.TrimSuffix(dir, "/")+"/.", func(_ context.Context, response *bindings.APIResponse) (err error) {
			h.Linkname, err = linkIn(response.Body, h.Name)
			return err
		})
		if err != nil {
			return fmt.Errorf("cannot read the symbolic link: %w", err)
		}
	}
	out := tar.NewWriter(w)
	return errors.Join(out.WriteHeader(h), out.Close())
}

func relativeTo(dir, target string) string {
	rel, err := filepath.Rel(dir, target)
	if err != nil {
		return ""
	}
	return rel
}

// linkIn returns the text of a symbolic link in an archive.
func linkIn(archive io.Reader, name string) (string, error) {
	in := tar.NewReader(archive)
	for {
		h, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return "", fs.ErrNotExist
		case err != nil:
			return "", err
		case path.Clean(h.Name) == name && h.Typeflag == tar.TypeSymlink:
			return h.Linkname, nil
		}
	}
}

// archive asks the engine for an archive of a path and calls do if it has one.
func (c *Container) archive(conn context.Context, from string, do func(context.Context, *bindings.APIResponse) error) error {
	if dir := path.Dir(from); strings.Contains(dir, "*") {
		return fmt.Errorf("podman reads no files in directories with a \"*\" in their names, such as %q", dir)
	}
	client, err := bindings.GetClient(conn)
	if err != nil {
		return err
	}
	response, err := client.DoRequest(conn, nil, http.MethodGet, "/containers/%s/archive", url.Values{"path": {literal(from)}}, nil, c.Name())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.IsSuccess() {
		return do(conn, response)
	}
	err = response.Process(nil)
	missing := code(err) == http.StatusNotFound && !strings.Contains(err.Error(), "no such container")
	if missing || strings.Contains(err.Error(), "too many levels of symbolic links") {
		return fs.ErrNotExist
	}
	return err
}

// during wraps err, or returns the cause of ctx if it has ended.
func during(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("cannot %s: %w", op, context.Cause(ctx))
	}
	return engineError(op, err)
}
