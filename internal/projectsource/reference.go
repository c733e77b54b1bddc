// SPDX-License-Identifier: GPL-2.0-or-later

// Package projectsource fetches project files given by URL or path.
//
// Replace finds the references in a list of projects, a Source fetches them, and
// a Lock contains the digests that were accepted.
package projectsource

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A Reference identifies a project file.
type Reference struct {
	Text string // as written
	Name string // of the project: the file's name without ".yml"

	url  *url.URL // https URL; nil for a local file
	path string   // absolute path of a local file
}

// IsReference reports whether an entry in a list of projects is a file and not
// the name of a project.
func IsReference(entry string) bool { return strings.Contains(entry, "/") }

// IsURL reports whether a reference is a URL and not a path.
func IsURL(entry string) bool { return strings.Contains(entry, "://") }

// Parse parses a reference: a URL with the scheme https or file, or a path
// relative to dir. It accesses the disk only to resolve symbolic links.
func Parse(text, dir string) (Reference, error) {
	ref, err := parse(text, dir)
	if err != nil {
		return Reference{}, err
	}
	if err := checkName(ref.Name); err != nil {
		return Reference{}, fmt.Errorf("Project %s %w", text, err) //nolint:staticcheck // begins as the messages do that users of the original match on
	}
	return ref, nil
}

// URL parses an https URL of any file.
func URL(text string) (Reference, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Reference{}, fmt.Errorf("%q is no valid URL: %w", text, diag.Cause(err))
	case u.Scheme != "https" || u.Hostname() == "":
		return Reference{}, fmt.Errorf("%q is not an https URL", text)
	}
	u.Fragment, u.RawFragment = "", ""
	return Reference{Text: text, url: u}, nil
}

func parse(text, dir string) (Reference, error) {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		name := text
		if !filepath.IsAbs(name) { // not filepath.Join, which would resolve "link/.." wrongly
			name = dir + string(filepath.Separator) + name
		}
		return local(text, name)
	}
	scheme = strings.ToLower(scheme)
	if scheme != "https" && scheme != "file" {
		return Reference{}, fmt.Errorf("Project %s must use a 'https' or 'file' URI scheme", text) //nolint:staticcheck // the text is the one that users of the original match on
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil {
		return Reference{}, fmt.Errorf("Project %s is no valid URL: %w", text, diag.Cause(err)) //nolint:staticcheck // begins as the messages do that users of the original match on
	}
	if scheme == "file" {
		return local(text, filepath.FromSlash(u.Path))
	}
	if u.Hostname() == "" {
		return Reference{}, fmt.Errorf("Project %s is no valid URL: no host", text) //nolint:staticcheck // begins as the messages do that users of the original match on
	}
	u.Fragment, u.RawFragment = "", ""
	name, err := stem(text, u.Path)
	return Reference{Text: text, Name: name, url: u}, err
}

func local(text, name string) (Reference, error) {
	stem, err := stem(text, filepath.ToSlash(name))
	if err != nil {
		return Reference{}, err
	}
	resolved, err := filepath.EvalSymlinks(name)
	if err != nil { // reported when the file is read
		resolved = filepath.Clean(name)
	}
	return Reference{Text: text, Name: stem, path: resolved}, nil
}

// stem returns the project's name in a file's path.
func stem(text, name string) (string, error) {
	base, isYML := strings.CutSuffix(path.Base(name), ".yml")
	if !isYML || base == "" || strings.HasSuffix(name, "/") {
		return "", fmt.Errorf("Project %s should refer to a project YML file", text) //nolint:staticcheck // the text is the one that users of the original match on
	}
	return base, nil
}

// checkName returns an error for a name that cannot be printed.
func checkName(name string) error {
	if !utf8.ValidString(name) {
		return errors.New("has a name that is not UTF-8")
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return errors.New("has a control character in its name")
	}
	return nil
}

// Location returns the URL without user, password and secret parameters, or the path of the file.
// References with equal locations are the same file.
func (r Reference) Location() string {
	if r.url == nil {
		return r.path
	}
	shown := *r.url
	shown.User = nil
	return redact.URLs(shown.String())
}

// fileURL returns the file URL of an absolute path.
func fileURL(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}

func (r Reference) remote() bool { return r.url != nil }

// Replace replaces each reference in a list of projects by the name of its
// project, without duplicates. An entry without "/" is unchanged. Paths are
// relative to dir. The error joins those of all entries; two files for the same
// project are an error.
func Replace(list []string, dir string) (names []string, refs []Reference, err error) {
	var errs []error
	from := map[string]Reference{}
	listed := map[string]bool{}
	for _, entry := range list {
		name := entry
		if IsReference(entry) {
			ref, err := Parse(entry, dir)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			name = ref.Name
			first, known := from[name]
			if known && first.Location() != ref.Location() {
				errs = append(errs, fmt.Errorf("Project %s: project '%s' is already defined by %s", entry, name, first.Text)) //nolint:staticcheck // begins as the messages do that users of the original match on
				continue
			}
			if !known {
				from[name] = ref
				refs = append(refs, ref)
			}
		}
		if !listed[name] {
			listed[name] = true
			names = append(names, name)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	return names, refs, nil
}
