// SPDX-License-Identifier: GPL-2.0-or-later

// Package projectsource fetches project files that are named by URL or path.
//
// Replace finds the references in a list of projects, a Source fetches what
// they name, a Lock says what each of them held when somebody last looked.
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
)

// A Reference names a project file.
type Reference struct {
	Text string // as written
	Name string // of the project: the file's name without ".yml"

	url  *url.URL // of https; nil for a local file
	path string   // of a local file, absolute
}

// IsReference reports whether an entry of a list of projects names a file
// instead of a known project.
func IsReference(entry string) bool { return strings.Contains(entry, "/") }

// IsURL reports whether a reference is a URL, not a path.
func IsURL(entry string) bool { return strings.Contains(entry, "://") }

// Parse reads a reference: a URL of scheme https or file, or else a path,
// which is relative to dir. It looks at symbolic links on the disk and at
// nothing else.
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

// URL reads a URL of https that may name any file.
func URL(text string) (Reference, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Reference{}, fmt.Errorf("%q is no valid URL: %w", text, diag.Cause(err))
	case u.Scheme != "https" || u.Hostname() == "":
		return Reference{}, fmt.Errorf("%q is no URL of https", text)
	}
	u.Fragment, u.RawFragment = "", ""
	return Reference{Text: text, url: u}, nil
}

func parse(text, dir string) (Reference, error) {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		name := text
		if !filepath.IsAbs(name) { // not joined, which would resolve "link/.." wrongly
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

// local makes the reference to the file at name.
func local(text, name string) (Reference, error) {
	stem, err := stem(text, filepath.ToSlash(name))
	if err != nil {
		return Reference{}, err
	}
	resolved, err := filepath.EvalSymlinks(name)
	if err != nil { // told when it is read
		resolved = filepath.Clean(name)
	}
	return Reference{Text: text, Name: stem, path: resolved}, nil
}

// stem is the project's name that a file's path gives.
func stem(text, name string) (string, error) {
	base, isYML := strings.CutSuffix(path.Base(name), ".yml")
	if !isYML || base == "" || strings.HasSuffix(name, "/") {
		return "", fmt.Errorf("Project %s should refer to a project YML file", text) //nolint:staticcheck // the text is the one that users of the original match on
	}
	return base, nil
}

// checkName refuses a name that cannot be shown or listed.
func checkName(name string) error {
	if !utf8.ValidString(name) {
		return errors.New("has a name that is not UTF-8")
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return errors.New("has a control character in its name")
	}
	return nil
}

// Location is the URL, less any user and password, or the path of the file. Two
// references of one location name the same file.
func (r Reference) Location() string {
	if r.url == nil {
		return r.path
	}
	shown := *r.url
	shown.User = nil
	return shown.String()
}

// fileURL is the URL of the file at an absolute path.
func fileURL(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
}

// remote reports whether the file has to be fetched.
func (r Reference) remote() bool { return r.url != nil }

// Replace takes the references out of a list of projects: each gives way to
// the name of the project it refers to, which stands there once. An entry
// without a "/" stays as it is. Paths are relative to dir. The error joins
// those of all entries; one project from two files is among them.
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
