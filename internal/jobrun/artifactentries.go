// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// artifactEntries are the files, links and directories that a job gets of the
// artifacts of another one: their types, by their paths.
type artifactEntries map[string]fs.FileMode

// entries returns what of dir belongs to the set, with the directories that it is
// in.
func (s fileSet) entries(dir *os.Root) (artifactEntries, error) {
	all := artifactEntries{}
	err := fs.WalkDir(dir.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != ".":
			return nil
		case err != nil || name == ".":
			return err
		case d.IsDir() && !s.hasDir(name), !d.IsDir() && !s.hasEntry(name, d):
			return nil
		}
		all[name] = d.Type()
		for at := path.Dir(name); at != "."; at = path.Dir(at) {
			if _, ok := all[at]; ok {
				break
			}
			all[at] = fs.ModeDir
		}
		return nil
	})
	return all, err
}

// A placed tree is in the tree of a job already.
type placed interface {
	kind(name string) (fs.FileMode, bool) // false if it does not exist
	full(dir string) bool
}

// conflict returns why GitLab Runner cannot extract the entries over what is there,
// the newest first, or "". Files and links replace all but directories that are not
// empty, directories replace nothing.
func (e artifactEntries) conflict(there []placed) string {
	within, files := map[string][]placed{".": there}, map[string]bool{} // by directory: those that have it, and whether it is a file
	for _, name := range slices.Sorted(maps.Keys(e)) {
		above := path.Dir(name)
		if files[above] {
			return fmt.Sprintf("%s is a file", above)
		}
		known := false
		for _, p := range within[above] {
			kind, ok := p.kind(name)
			switch {
			case !ok:
			case kind.IsDir() && e[name].IsDir():
				within[name] = append(within[name], p)
			case kind.IsDir() && p.full(name):
				return fmt.Sprintf("%s is a directory with files", name)
			case kind.IsRegular() && e[name].IsDir() && !known:
				files[name] = true
			}
			known = known || ok
		}
	}
	return ""
}

func (e artifactEntries) kind(name string) (fs.FileMode, bool) {
	kind, ok := e[name]
	return kind, ok
}

func (e artifactEntries) full(dir string) bool {
	for name := range e {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

func (v view) kind(name string) (fs.FileMode, bool) {
	info, err := os.Lstat(v.file(name))
	if err != nil {
		return 0, false
	}
	return info.Mode().Type(), true
}

func (v view) full(dir string) bool {
	for _, root := range v {
		list, _ := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
		if slices.ContainsFunc(list, func(d fs.DirEntry) bool { return v.file(path.Join(dir, d.Name())) != "" }) {
			return true
		}
	}
	return false
}
