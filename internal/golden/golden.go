// SPDX-License-Identifier: GPL-2.0-or-later

// Package golden compares what a test made with files that a person has read.
//
// Importing it gives a test binary the flag -update, which rewrites the files
// instead; read the difference before committing it.
package golden

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

var update = flag.Bool("update", false, "rewrite the golden files") //nolint:gochecknoglobals // flags of a test binary are registered before it starts

// File fails the test unless the file at path holds got, byte for byte.
func File(tb testing.TB, path string, got []byte) {
	tb.Helper()
	want, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(want, got):
	case *update:
		write(tb, path, got)
	case err != nil:
		tb.Errorf("%v; make it with -update", err)
	default:
		tb.Errorf("%s differs; if it should, rewrite it with -update\n%s", path, difference(want, got))
	}
}

// Compressed is File for text that is kept compressed by gzip.
func Compressed(tb testing.TB, path string, got []byte) {
	tb.Helper()
	want, err := readCompressed(path)
	switch {
	case err == nil && bytes.Equal(want, got):
	case *update:
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(got)
		if err := errors.Join(err, w.Close()); err != nil {
			tb.Fatal(err)
		}
		write(tb, path, b.Bytes())
	case err != nil:
		tb.Errorf("%v; make it with -update", err)
	default:
		tb.Errorf("%s differs; if it should, rewrite it with -update\n%s", path, difference(want, got))
	}
}

func readCompressed(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Tree fails the test unless the directory holds the files of got and no others,
// byte for byte. The keys of got are slash-separated paths below the directory.
func Tree(tb testing.TB, dir string, got map[string][]byte) {
	tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(got)) {
		File(tb, filepath.Join(dir, filepath.FromSlash(name)), got[name])
	}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, ok := got[name]; ok {
			return nil
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if *update {
			return os.Remove(path)
		}
		tb.Errorf("%s is there and should not be; -update removes it", path)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Error(err)
	}
}

func write(tb testing.TB, path string, data []byte) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		tb.Fatal(err)
	}
}

// difference is a unified diff from the golden file to what the test made.
func difference(want, got []byte) string {
	return string(diff.Diff("golden", want, "got", got))
}
