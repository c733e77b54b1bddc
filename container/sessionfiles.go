// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Put unpacks a tar archive below target, a directory that is created if it does
// not exist. All files get the container's user as their owner, whatever the
// archive says. The size of the archive is not limited.
func (c *Container) Put(ctx context.Context, target string, tar io.Reader) error {
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
	if err := putArchive(conn, c.Name(), target, false, tar); err != nil {
		return during(ctx, op, err)
	}
	return nil
}

// Get writes a tar archive of a file or directory to w. Its names begin with the
// last element of the path; its owners are not meaningful. The error is
// fs.ErrNotExist if the path does not exist. A truncated archive means that the
// engine stopped.
func (c *Container) Get(ctx context.Context, from string, w io.Writer) error {
	op := fmt.Sprintf("get %s out of container %s", from, c.Name())
	if done, err := c.getMounted(from, w); done {
		if err != nil {
			return during(ctx, op, err)
		}
		return nil
	}
	conn, err := c.engine.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(conn)
	client, err := bindings.GetClient(conn)
	if err != nil {
		return err
	}
	response, err := client.DoRequest(conn, nil, http.MethodGet, "/containers/%s/archive", url.Values{"path": {from}}, nil, c.Name())
	if err != nil {
		return during(ctx, op, err)
	}
	defer response.Body.Close()
	if !response.IsSuccess() {
		err := response.Process(nil)
		if code(err) == http.StatusNotFound && !strings.Contains(err.Error(), "no such container") {
			err = fs.ErrNotExist
		}
		return during(ctx, op, err)
	}
	if _, err := io.Copy(w, response.Body); err != nil {
		return during(ctx, op, err)
	}
	return nil
}

// during wraps err, or returns the cause of ctx if it has ended.
func during(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("cannot %s: %w", op, context.Cause(ctx))
	}
	return engineError(op, err)
}
