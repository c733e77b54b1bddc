// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/manifests"
)

// A LockedFile is the result for one project file.
type LockedFile struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	State  string `json:"state"` // "locked", "updated" or "unchanged"
	Diff   string `json:"-"`     // of one that was updated, "" if it is not known
}

// Lock records the content of the project files that lists refer to, or of those
// already locked if there are no lists, and of those that the manifest names by
// URL. Without update, a file that has changed is an error and nothing is
// written.
func (w *Workspace) Lock(ctx context.Context, lists []string, update bool) ([]LockedFile, error) {
	lock, err := projectsource.ReadLock(w.BaseDir())
	if err != nil {
		return nil, err
	}
	refs, err := w.lockable(lists)
	if err != nil {
		return nil, err
	}
	if len(lists) == 0 {
		refs = append(refs, lock.References()...)
	}
	source, err := w.NewSource(nil)
	if err != nil {
		return nil, err
	}
	files, err := source.Fetch(ctx, oncePerFile(refs)...)
	if err != nil {
		return nil, ProjectErrors(err)
	}
	var done []LockedFile
	var errs []error
	for _, f := range files {
		locked := LockedFile{URL: f.Location(), SHA256: f.Digest, State: "unchanged"}
		var changed *projectsource.ChangedError
		switch err := source.Compare(f, lock.Digest(f.Reference)); {
		case errors.As(err, &changed) && !update:
			errs = append(errs, err)
		case errors.As(err, &changed):
			locked.State, locked.Diff = "updated", changed.Diff
		case lock.Digest(f.Reference) == "":
			locked.State = "locked"
		}
		lock.Set(f)
		done = append(done, locked)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, ProjectErrors(err)
	}
	for _, f := range files {
		source.Keep(f)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return done, lock.Write()
}

// lockable returns the references in pattern lists, and the URLs in the
// manifest. A path in the manifest is in the project's own tree and needs no
// lock.
func (w *Workspace) lockable(lists []string) ([]projectsource.Reference, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("cannot tell the current directory: %w", err)
	}
	var entries []string
	for _, list := range lists {
		names, err := w.Patterns(list)
		if err != nil {
			return nil, err
		}
		entries = append(entries, names...)
	}
	listed, err := allManifestProjects(w.BaseDir())
	if err != nil {
		return nil, err
	}
	for _, entry := range listed {
		if projectsource.IsURL(entry) {
			entries = append(entries, entry)
		}
	}
	var refs []projectsource.Reference
	var errs []error
	for _, entry := range entries {
		if !projectsource.IsReference(entry) {
			continue
		}
		ref, err := projectsource.Parse(entry, dir)
		errs = append(errs, err)
		refs = append(refs, ref)
	}
	return refs, ProjectErrors(errors.Join(errs...))
}

// oncePerFile removes references to the same file and sorts the rest by
// location.
func oncePerFile(refs []projectsource.Reference) []projectsource.Reference {
	seen := map[string]bool{}
	refs = slices.DeleteFunc(refs, func(r projectsource.Reference) bool {
		twice := seen[r.Location()]
		seen[r.Location()] = true
		return twice
	})
	slices.SortFunc(refs, func(a, b projectsource.Reference) int { return strings.Compare(a.Location(), b.Location()) })
	return refs
}

// allManifestProjects returns the entries of all lists of projects in the
// manifest of a base directory. It returns none if there is no manifest.
func allManifestProjects(base string) ([]string, error) {
	data, err := ReadManifest(base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	doc, err := yamldoc.Parse(filepath.Join(base, filepath.FromSlash(manifests.DefaultPath)), data, 0)
	if err != nil || doc.IsNull() {
		return nil, err
	}
	fields, err := doc.Mapping()
	errs := []error{err}
	var entries []string
	for _, f := range fields {
		var listed []string
		switch f.Key {
		case "projects":
			listed, err = projectList(f.Value)
		case "targets":
			listed, err = targetProjects(f.Value)
		}
		entries = append(entries, listed...)
		errs = append(errs, err)
	}
	return entries, diag.Join(errs...)
}

// targetProjects returns the entries of the targets' own lists.
func targetProjects(all yamldoc.Node) ([]string, error) {
	if all.IsNull() {
		return nil, nil
	}
	fields, err := all.Mapping()
	errs := []error{err}
	var entries []string
	for _, target := range fields {
		if !target.Value.IsMapping() { // the short form, which is an architecture
			continue
		}
		keys, err := target.Value.Mapping()
		errs = append(errs, err)
		for _, key := range keys {
			if key.Key == "projects" {
				listed, err := projectList(key.Value)
				entries = append(entries, listed...)
				errs = append(errs, err)
			}
		}
	}
	return entries, diag.Join(errs...)
}

func projectList(n yamldoc.Node) ([]string, error) {
	items, err := n.Sequence()
	errs := []error{err}
	var entries []string
	for _, item := range items {
		text, err := item.Text()
		entries = append(entries, text)
		errs = append(errs, err)
	}
	return entries, diag.Join(errs...)
}
