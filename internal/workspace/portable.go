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
	if rel, ok := below(base, name); ok {
		return rel
	}
	return filepath.Base(name)
}

// PathFrom returns a path for a command that runs in base: relative to it if the
// file is below it, otherwise absolute.
func PathFrom(base, name string) string {
	if rel, ok := below(base, name); ok {
		return rel
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// below returns name relative to base. ok is false if it is not below base.
func below(base, name string) (rel string, ok bool) {
	if rel, ok = relativeTo(filepath.Abs, base, name); ok {
		return rel, true
	}
	return relativeTo(filepath.EvalSymlinks, base, name)
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
	return withPaths(list, func(name string) string { return PortablePath(".", name) })
}

// PatternFrom returns a list of projects for a command that runs in base.
func PatternFrom(base, list string) string {
	return withPaths(list, func(name string) string { return PathFrom(base, name) })
}

// withPaths replaces the paths in a list of projects.
func withPaths(list string, replace func(name string) string) string {
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
		entries[i] = replace(name)
		if !projectsource.IsReference(entries[i]) {
			entries[i] = "./" + entries[i]
		}
	}
	return strings.Join(entries, ",")
}
