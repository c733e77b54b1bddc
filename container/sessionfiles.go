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

// Put unpacks an archive below target, a directory that is made if it is
// missing. All files belong to the container's user then, even if the archive
// names. The archive is trusted not to be larger than the engine's disk.
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

// Get writes an archive of a file or directory to w; its names begin with the
// last element of the path, its owners mean nothing. What is not there gives
// fs.ErrNotExist. An archive that ends early is one that the engine broke off.
func (c *Container) Get(ctx context.Context, from string, w io.Writer) error {
	op := fmt.Sprintf("get %s out of container %s", from, c.Name())
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

// during makes err one of ours, or says that ctx ended if that is the reason.
func during(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("cannot %s: %w", op, context.Cause(ctx))
	}
	return engineError(op, err)
}
