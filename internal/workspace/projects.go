// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
)

// Patterns returns what a pattern list selects: names of projects, and
// references unchanged.
func (w *Workspace) Patterns(list string) ([]string, error) {
	set, err := w.Facts()
	if err != nil {
		return nil, err
	}
	return facts.Expand(list, set.ProjectNames())
}

// Expand returns the facts and the names of the projects that a pattern list
// selects. It fetches references by URL or path.
func (w *Workspace) Expand(ctx context.Context, pattern string) (*facts.Set, []string, error) {
	list, err := w.Patterns(pattern)
	if err != nil {
		return nil, nil, err
	}
	return w.Projects(ctx, list)
}

// Projects returns the facts and the names of the projects in a list. The list
// may contain references but no patterns.
func (w *Workspace) Projects(ctx context.Context, list []string) (*facts.Set, []string, error) {
	names, more, err := w.references(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	set, err := w.Facts(more...)
	return set, names, err
}

// references fetches the references in a list of projects. It returns the names
// of all projects in the list without duplicates, and a layer with the fetched
// ones, to be passed to Facts. There they replace known projects with the same
// names. Each file is fetched once per run. more is empty for a list without
// references.
func (w *Workspace) references(ctx context.Context, refs []string) (names []string, more []facts.Layer, err error) {
	if !slices.ContainsFunc(refs, projectsource.IsReference) {
		return unique(refs), nil, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot tell the current directory: %w", err)
	}
	names, found, err := projectsource.Replace(refs, dir)
	if err != nil {
		return nil, nil, ProjectErrors(err)
	}
	source, err := w.sourceOnce()
	if err != nil {
		return nil, nil, err
	}
	files, err := source.Fetch(ctx, found...)
	if err != nil {
		return nil, nil, ProjectErrors(err)
	}
	return names, []facts.Layer{projectLayer(files)}, nil
}

// FromBase returns the entries of a manifest's list relative to the current
// directory. Paths in it are relative to the project's base directory, or to the
// current directory if the file exists only there.
func (w *Workspace) FromBase(list []string) []string {
	if w.o.BaseDir == "" {
		return list
	}
	out := slices.Clone(list)
	for i, entry := range list {
		if !projectsource.IsReference(entry) || projectsource.IsURL(entry) || filepath.IsAbs(entry) {
			continue
		}
		below := w.o.BaseDir + string(filepath.Separator) + entry // not filepath.Join, which would resolve "link/.." wrongly
		_, errBelow := os.Stat(below)
		if _, err := os.Stat(entry); errBelow == nil || err != nil {
			out[i] = below
		}
	}
	return out
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func projectLayer(files []projectsource.File) facts.Layer {
	tree := fstest.MapFS{}
	locations := map[string]string{}
	for _, f := range files {
		name := "projects/" + f.Name + ".yml"
		tree[name] = &fstest.MapFile{Data: f.Data}
		locations[name] = f.Location()
	}
	return facts.Layer{Name: "references", FS: tree, Locations: locations}
}

// lockedSource returns the source of project files, checked against the lock of
// the current project.
func (w *Workspace) lockedSource() (*projectsource.Source, error) {
	lock, err := projectsource.ReadLock(w.BaseDir())
	if err != nil {
		return nil, err
	}
	return w.NewSource(lock)
}

// NewSource returns the source of project files, checked against a lock unless
// it is nil.
func (w *Workspace) NewSource(lock *projectsource.Lock) (*projectsource.Source, error) {
	roots, err := w.Authorities()
	if err != nil {
		return nil, err
	}
	return projectsource.New(projectsource.Options{
		Read:     readProject,
		CacheDir: w.o.CacheDir,
		Lock:     lock,
		Offline:  w.o.Offline,
		RootCAs:  roots,
		Warn:     func(message string) { w.o.Warnf("", "%s", message) },
		Log:      w.o.Log,
	}), nil
}

// Authorities returns the certificates in the file that REQUESTS_CA_BUNDLE or
// CURL_CA_BUNDLE names, as the original lcitool and curl use it. It returns nil
// for the system's certificates.
func (w *Workspace) Authorities() (*x509.CertPool, error) {
	for _, variable := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		file := w.o.Getenv(variable)
		if file == "" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: cannot read certificates: %w", variable, err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: no certificate in %s", variable, file)
		}
		return pool, nil
	}
	return nil, nil
}

// readProject validates the text of a project and returns what it needs.
func readProject(ref projectsource.Reference, data []byte) ([]string, error) {
	needs, _, err := facts.DecodeProject(ref.Location(), data)
	if err != nil {
		return nil, &facts.ProjectError{Project: ref.Text, Location: ref.Location(), Err: err}
	}
	names := make([]string, len(needs))
	for i, n := range needs {
		names[i] = n.Mapping
	}
	return names, nil
}

// ProjectErrors wraps all errors that err joins as errors about projects, with
// hints.
func ProjectErrors(err error) error {
	if err == nil {
		return nil
	}
	var errs []error
	for _, e := range Separate(err) {
		var (
			project    *facts.ProjectError
			unreadable *projectsource.UnreadableError
			changed    *projectsource.ChangedError
			offline    *projectsource.OfflineError
		)
		switch {
		case errors.As(e, &project):
		case errors.As(e, &unreadable):
			e = &facts.ProjectError{
				Project:  unreadable.Reference.Text,
				Location: unreadable.Reference.Location(),
				Err:      unreadable.Err,
			}
		case errors.As(e, &changed):
			e = &facts.ProjectError{Err: diag.WithHint(e, `if that is as it should be, run "lcitool projects lock --update"`)}
		case errors.As(e, &offline):
			e = &facts.ProjectError{Err: diag.WithHint(e, "run the same without --offline once, to have it in the cache")}
		default:
			e = &facts.ProjectError{Err: e}
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
