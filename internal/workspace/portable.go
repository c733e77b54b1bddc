// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"net/url"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/projectsource"
)

// PortablePath returns a path for the headers of generated files: relative to
// base if it is below it, otherwise only the file's name. It does not depend on
// how the paths are written and where the tree is.
func PortablePath(base, name string) string {
	if rel, ok := relativeTo(filepath.Abs, base, name); ok {
		return rel
	}
	if rel, ok := relativeTo(filepath.EvalSymlinks, base, name); ok {
		return rel
	}
	return filepath.Base(name)
}

// relativeTo returns name relative to base. ok is false if it is not below base.
// Directories are compared after resolve.
func relativeTo(resolve func(string) (string, error), base, name string) (rel string, ok bool) {
	from, err := resolve(base)
	if err != nil {
		return "", false
	}
	dir, err := resolve(filepath.Dir(name))
	if err != nil {
		return "", false
	}
	if from, err = filepath.Abs(from); err != nil {
		return "", false
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", false
	}
	rel, err = filepath.Rel(from, filepath.Join(dir, filepath.Base(name)))
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// PortablePattern returns a list of projects for the headers of generated files.
// Paths in it are relative to the current directory.
func PortablePattern(list string) string {
	entries := strings.Split(list, ",")
	for i, entry := range entries {
		name := entry
		switch u, err := url.Parse(entry); {
		case !projectsource.IsReference(entry):
			continue
		case !projectsource.IsURL(entry):
		case err == nil && u.Scheme == "file":
			name = u.Path
		default:
			continue
		}
		entries[i] = PortablePath(".", name)
		if !projectsource.IsReference(entries[i]) {
			entries[i] = "./" + entries[i]
		}
	}
	return strings.Join(entries, ",")
}
