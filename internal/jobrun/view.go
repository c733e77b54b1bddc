// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A view is a tree in directories that are stacked as in overlayfs, the upper
// one first.
type view []string

// String returns the directories, one per line.
func (v view) String() string { return strings.Join(v, "\n") }

func parseView(text string) view { return strings.Split(text, "\n") }

// file returns the host path of a file of the tree, or "" if it does not exist.
// name is slash-separated.
func (v view) file(name string) string {
	for _, dir := range v {
		for at := path.Dir(name); at != "."; at = path.Dir(at) {
			if info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(at))); err == nil && !info.IsDir() {
				return "" // it hides what is below
			}
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		switch info, err := os.Lstat(file); {
		case err == nil && info.Mode()&fs.ModeCharDevice != 0:
			return "" // a whiteout
		case err == nil:
			return file
		}
	}
	return ""
}
