// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// errEnough ends the transfer of a file when no more is needed.
var errEnough = errors.New("no more is needed")

// readFile calls read with a regular file of the container.
func readFile(ctx context.Context, c Container, name string, read func(size int64, content io.Reader) error) error {
	from, into := io.Pipe()
	got := make(chan error, 1)
	go func() {
		err := c.Get(ctx, name, into)
		into.CloseWithError(err)
		got <- err
	}()
	t := tar.NewReader(from)
	h, err := t.Next()
	switch {
	case err != nil:
	case h.Typeflag != tar.TypeReg:
		err = ErrNotCore
	default:
		err = read(h.Size, t)
	}
	from.CloseWithError(errEnough)
	if getErr := <-got; err != nil && getErr != nil && !errors.Is(getErr, errEnough) {
		return getErr
	}
	return err
}

// saveCore saves the core and reads it. Of a core that is too large it only reads
// the start.
func (c *Crash) saveCore(ctx context.Context, o Options) error {
	return readFile(ctx, o.Container, c.File, func(size int64, content io.Reader) error {
		start := make([]byte, min(HeaderSize, size))
		if _, err := io.ReadFull(content, start); err != nil || !IsCore(start) {
			return cmp.Or(err, ErrNotCore)
		}
		var err error
		if c.Dir, err = o.MakeDir(); err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(c.Dir, CoreFile), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		most := size
		if c.Size, c.SavedCore = size, size <= maxCore; !c.SavedCore {
			most = 2 * maxNotes
		}
		if err := copySparse(f, io.LimitReader(io.MultiReader(bytes.NewReader(start), content), most), most); err != nil {
			return err
		}
		if c.Core, err = ReadCore(f); err != nil {
			return err
		}
		if c.SavedCore {
			return nil
		}
		c.note("the core has %d MiB; up to %d MiB are saved", size>>20, maxCore>>20)
		return os.Remove(f.Name())
	})
}

// saveExecutable saves the executable and corrects its path.
func (c *Crash) saveExecutable(ctx context.Context, o Options) error {
	if !path.IsAbs(c.Core.Executable) {
		return errors.New("the core does not name it")
	}
	var errs []error
	for _, tree := range append([]string{"/"}, o.Trees...) {
		name := path.Join(tree, c.Core.Executable)
		err := c.saveFile(ctx, o.Container, name)
		if err == nil {
			c.Core.Executable, c.Executable = name, true
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(errs) == 0 {
		return fmt.Errorf("%s does not exist", c.Core.Executable)
	}
	return errors.Join(errs...)
}

// saveFile saves a file of the container if it is the executable that crashed.
func (c *Crash) saveFile(ctx context.Context, from Container, file string) error {
	name := filepath.Join(c.Dir, ExecutableFile)
	err := readFile(ctx, from, file, func(size int64, content io.Reader) error {
		if size > maxExecutable {
			return fmt.Errorf("it has %d MiB; up to %d MiB are saved", size>>20, maxExecutable>>20)
		}
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := copySparse(f, content, size); err != nil {
			return err
		}
		id, err := BuildID(f)
		switch {
		case err != nil:
			return err
		case c.BuildID != "" && id != c.BuildID:
			return errors.New("it has another build id now")
		}
		c.BuildID = id
		return nil
	})
	if err != nil {
		_ = os.Remove(name)
	}
	return err
}

// copySparse copies size bytes to an empty file and leaves holes for blocks of
// zeros.
func copySparse(to *os.File, from io.Reader, size int64) error {
	buffer, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); at < size; {
		n, err := io.ReadFull(from, buffer[:min(int64(len(buffer)), size-at)])
		if err != nil {
			return err
		}
		if !bytes.Equal(buffer[:n], zeros[:n]) {
			if _, err := to.WriteAt(buffer[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
	}
	return to.Truncate(size)
}
