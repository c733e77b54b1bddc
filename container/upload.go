// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"

	"github.com/containers/podman/v4/pkg/bindings"
	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/copy"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// uploads returns the files to copy to a container of u: the caller's trees and,
// unless mounted is true, the account files.
func uploads(o api.ContainerOptions, u runUser, mounted bool) ([]api.Tree, error) {
	var list []api.Tree
	if u.OnHost && !mounted {
		passwd, group, err := hostFiles(u)
		if err != nil {
			return nil, fmt.Errorf("cannot copy the host's accounts: %w", err)
		}
		list = append(list, api.Tree{AsPacked: true, Target: "/etc", Tar: packed(
			packedFile{"passwd", 0o644, passwd}, packedFile{"group", 0o644, group},
		)})
	}
	return append(list, o.Trees...), nil
}

func runUploads(o api.RunOptions, u runUser, mounted bool) ([]api.Tree, error) {
	if o.Script != "" && !mounted {
		data, mode, err := readScript(o.Script)
		if err != nil {
			return nil, err
		}
		o.Trees = append([]api.Tree{{Target: u.Home, Tar: packed(packedFile{"script", int64(mode), data})}}, o.Trees...)
	}
	return uploads(o.ContainerOptions, u, mounted)
}

type packedFile struct {
	name string
	mode int64
	data []byte
}

// packed returns a function that writes a tar archive of small files.
func packed(files ...packedFile) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error {
		t := tar.NewWriter(w)
		for _, f := range files {
			if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
				return err
			}
			if _, err := t.Write(f.data); err != nil {
				return err
			}
		}
		return t.Close()
	}
}

func dirArchive(name string) io.Reader {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	_ = errors.Join(t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}), t.Close()) // a buffer takes it all
	return &b
}

// makeDir creates a directory in a container for the container's user, unless it
// exists. podman would create it for root.
func makeDir(c context.Context, name, target string) error {
	target = path.Clean(target)
	_, err := containers.Stat(c, name, literal(target))
	if !errors.Is(err, copy.ErrENOENT) {
		return err
	}
	return putArchive(c, name, path.Dir(target), false, dirArchive(path.Base(target)))
}

// copyIn copies files into a container that was created but not started.
func (e *Engine) copyIn(ctx context.Context, name string, uploads []api.Tree) error {
	if len(uploads) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := e.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(c)
	for _, p := range joined(uploads) {
		if !p.AsPacked {
			if err := makeDir(c, name, p.Target); err != nil {
				return engineError(fmt.Sprintf("make %s in container %s", p.Target, name), err)
			}
		}
		r, w := io.Pipe()
		packing := make(chan error, 1)
		go func() {
			err := p.Tar(ctx, w)
			w.CloseWithError(err)
			packing <- err
		}()
		err := putArchive(c, name, p.Target, p.AsPacked, r)
		r.CloseWithError(io.ErrClosedPipe) // the engine may stop reading before the end
		if packed := <-packing; packed != nil && !errors.Is(packed, io.ErrClosedPipe) {
			return fmt.Errorf("cannot pack what goes to %s: %w", p.Target, packed)
		}
		if err != nil {
			return engineError(fmt.Sprintf("send files to %s in container %s", p.Target, name), err)
		}
	}
	return nil
}

// joined returns trees with each group that follows one another for the same
// directory as one. podman starts a process for each archive.
func joined(trees []api.Tree) []api.Tree {
	var list []api.Tree
	for len(trees) > 0 {
		n := 1
		for n < len(trees) && trees[0].AsPacked && trees[n].AsPacked && trees[n].Target == trees[0].Target {
			n++
		}
		tree, group := trees[0], trees[:n]
		if n > 1 {
			tree.Tar = func(ctx context.Context, w io.Writer) error { return joinArchives(ctx, w, group) }
		}
		list, trees = append(list, tree), trees[n:]
	}
	return list
}

func joinArchives(ctx context.Context, w io.Writer, trees []api.Tree) error {
	out := tar.NewWriter(w)
	for _, tree := range trees {
		r, from := io.Pipe()
		go func() { from.CloseWithError(tree.Tar(ctx, from)) }()
		err := copyEntries(out, r)
		r.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
		if err != nil {
			return err
		}
	}
	return out.Close()
}

func copyEntries(out *tar.Writer, archive io.Reader) error {
	in := tar.NewReader(archive)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, archive) // an error after the last entry
			return err
		}
		if err != nil {
			return err
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
}

// putArchive unpacks an archive in a container. The bindings' function loses the
// reason of a failure. It may also retry with an empty archive, which looks like
// success.
func putArchive(c context.Context, name, target string, asPacked bool, archive io.Reader) error {
	client, err := bindings.GetClient(c)
	if err != nil {
		return err
	}
	query := url.Values{"path": {target}}
	if asPacked {
		query.Set("copyUIDGID", "false")
	}
	response, err := client.DoRequest(c, &singleUseBody{from: archive}, http.MethodPut, "/containers/%s/archive", query, nil, name)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if !response.IsSuccess() {
		return response.Process(nil)
	}
	return nil
}

// A singleUseBody is a request body that cannot be sent again.
type singleUseBody struct {
	from   io.Reader
	closed bool
}

func (b *singleUseBody) Read(p []byte) (int, error) {
	if b.closed {
		return 0, errors.New("the connection broke while files were sent")
	}
	return b.from.Read(p)
}

// Close is called by the HTTP client after it has sent the body or given up.
func (b *singleUseBody) Close() error {
	b.closed = true
	return nil
}

// readScript reads a script and makes its mode executable for all users.
func readScript(script string) ([]byte, os.FileMode, error) {
	info, err := os.Stat(script)
	if err != nil || !info.Mode().IsRegular() {
		return nil, 0, &badPathError{script, "file"}
	}
	data, err := os.ReadFile(script)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read script: %w", err)
	}
	return data, info.Mode().Perm() | 0o555, nil
}
