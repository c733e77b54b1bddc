// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// filePath returns the path of the file for a variable of type file, in a job
// whose tree is at at.
func filePath(at, name string) string { return path.Join(tempDir(at), name) }

func (r *Runner) packFiles(at string) func(context.Context, io.Writer) error {
	return func(_ context.Context, to io.Writer) error {
		w := tar.NewWriter(to)
		var errs []error
		dir := strings.TrimPrefix(tempDir(at), "/") + "/"
		errs = append(errs, w.WriteHeader(&tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o777, ModTime: time.Now()}))
		for _, name := range slices.Sorted(maps.Keys(r.Files)) {
			errs = append(errs, w.WriteHeader(&tar.Header{
				Name: strings.TrimPrefix(filePath(at, name), "/"), Typeflag: tar.TypeReg, Mode: 0o666, Size: int64(len(r.Files[name])), ModTime: time.Now(),
			}))
			_, err := w.Write(r.Files[name])
			errs = append(errs, err)
		}
		return errors.Join(append(errs, w.Close())...)
	}
}
