// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"net/url"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/projectsource"
)

// PortablePath is a path as headers name it: seen from the directory base if
// it is in there, and else the file's name alone. It is the same however the
// two were spelt and wherever the tree is.
func PortablePath(base, name string) string {
	if rel, ok := relativeTo(filepath.Abs, base, name); ok {
		return rel
	}
	if rel, ok := relativeTo(filepath.EvalSymlinks, base, name); ok {
		return rel
	}
	return filepath.Base(name)
}

// relativeTo is name seen from base; ok is false if it is not in there. The
// directories are compared as resolve gives them.
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

// PortablePattern is a list of projects as headers name it: paths in it are
// seen from the current directory.
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
