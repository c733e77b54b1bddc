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

// A placement checks entries against what is there, each one after the directory
// that it is in.
type placement struct {
	within map[string][]placed // by directory: those that have it, the newest first
	files  map[string]bool     // entries that are directories where there is a file
}

func placeOver(there []placed) placement {
	return placement{within: map[string][]placed{".": there}, files: map[string]bool{}}
}

// conflict returns why GitLab Runner cannot extract an entry, or "". Files and links
// replace all but directories that are not empty, directories replace nothing.
func (p placement) conflict(name string, kind fs.FileMode) string {
	above := path.Dir(name)
	if p.files[above] {
		return fmt.Sprintf("%s is a file", above)
	}
	known := false
	for _, t := range p.within[above] {
		has, ok := t.kind(name)
		switch {
		case !ok:
		case has.IsDir() && kind.IsDir():
			p.within[name] = append(p.within[name], t)
		case has.IsDir() && t.full(name):
			return fmt.Sprintf("%s is a directory with files", name)
		case has.IsRegular() && kind.IsDir() && !known:
			p.files[name] = true
		}
		known = known || ok
	}
	return ""
}

// conflict returns why GitLab Runner cannot extract the entries over what is there,
// the newest first, or "".
func (e artifactEntries) conflict(there []placed) string {
	over := placeOver(there)
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if why := over.conflict(name, e[name]); why != "" {
			return why
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

// remove removes the entries that are paths or below one.
func (e artifactEntries) remove(paths []string) {
	maps.DeleteFunc(e, func(name string, _ fs.FileMode) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
	})
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
