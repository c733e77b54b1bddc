// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/tools/txtar"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
)

// patterns gives what a pattern list selects: names of projects, with
// references as they are written.
func (a *app) patterns(list string) ([]string, error) {
	set, err := a.facts()
	if err != nil {
		return nil, err
	}
	return facts.Expand(list, set.ProjectNames())
}

// expand gives the facts with the names of the projects that a pattern list
// selects. What it refers to by URL or path is fetched.
func (a *app) expand(ctx context.Context, pattern string) (*facts.Set, []string, error) {
	list, err := a.patterns(pattern)
	if err != nil {
		return nil, nil, err
	}
	return a.projects(ctx, list)
}

// projects gives the facts with the names of the projects in a list, which
// may hold references but no patterns.
func (a *app) projects(ctx context.Context, list []string) (*facts.Set, []string, error) {
	names, more, err := a.references(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	set, err := a.facts(more...)
	return set, names, err
}

// references fetches what a list of projects refers to by URL or path. It
// gives the names of all the projects in the list, each once, with a layer
// that has those fetched: to be passed to facts, where they take the place of
// known projects of their names. Each file is fetched once a run. more is
// empty for a list without references.
func (a *app) references(ctx context.Context, refs []string) (names []string, more []facts.Layer, err error) {
	if !slices.ContainsFunc(refs, projectsource.IsReference) {
		return unique(refs), nil, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot tell the current directory: %w", err)
	}
	names, found, err := projectsource.Replace(refs, dir)
	if err != nil {
		return nil, nil, projectErrors(err)
	}
	source, err := a.sourceOnce()
	if err != nil {
		return nil, nil, err
	}
	files, err := source.Fetch(ctx, found...)
	if err != nil {
		return nil, nil, projectErrors(err)
	}
	layer, err := projectLayer(files)
	return names, []facts.Layer{layer}, err
}

// fromBase gives the entries of a manifest's list as seen from the current
// directory: a path in it is relative to the project's base directory, or to
// the current one where only that has such a file.
func (a *app) fromBase(list []string) []string {
	if a.baseDir == "" {
		return list
	}
	out := slices.Clone(list)
	for i, entry := range list {
		if !projectsource.IsReference(entry) || projectsource.IsURL(entry) || filepath.IsAbs(entry) {
			continue
		}
		below := a.baseDir + string(filepath.Separator) + entry // not joined, which would resolve "link/.." wrongly
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

// projectLayer is a layer of facts that holds fetched projects.
func projectLayer(files []projectsource.File) (facts.Layer, error) {
	archive := &txtar.Archive{}
	locations := map[string]string{}
	for _, f := range files {
		name := "projects/" + f.Name + ".yml"
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: f.Data})
		locations[name] = f.Location()
	}
	tree, err := txtar.FS(archive)
	if err != nil {
		return facts.Layer{}, &facts.ProjectError{Err: err}
	}
	return facts.Layer{Name: "references", FS: tree, Locations: locations}, nil
}

// lockedSource is where the files come from that projects are defined in by
// reference. It holds them to the lock of the project at hand.
func (a *app) lockedSource() (*projectsource.Source, error) {
	lock, err := projectsource.ReadLock(a.baseDirectory())
	if err != nil {
		return nil, err
	}
	return a.newSource(lock)
}

// withoutRequests has projects that are named by URL taken from the cache
// alone while f runs.
func (a *app) withoutRequests(f func() error) error {
	offline, source := a.offline, a.sourceOnce
	a.offline, a.sourceOnce = true, sync.OnceValues(a.lockedSource)
	defer func() { a.offline, a.sourceOnce = offline, source }()
	return f()
}

func (a *app) baseDirectory() string {
	if a.baseDir == "" {
		return "."
	}
	return a.baseDir
}

func (a *app) newSource(lock *projectsource.Lock) (*projectsource.Source, error) {
	roots, err := a.authorities()
	if err != nil {
		return nil, err
	}
	return projectsource.New(projectsource.Options{
		Read:     readProject,
		CacheDir: a.cacheDir(),
		Lock:     lock,
		Offline:  a.offline,
		RootCAs:  roots,
		Warn:     func(message string) { a.warnf("", "%s", message) },
		Log:      a.log(),
	}), nil
}

// authorities gives the certificates of the file that the variables name
// which the original and curl look at, nil for the system's.
func (a *app) authorities() (*x509.CertPool, error) {
	for _, variable := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		file := a.getenv(variable)
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

// readProject checks the text of a project and lists what it needs.
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

// projectErrors marks all errors that err joins as ones about projects, with
// advice where there is some.
func projectErrors(err error) error {
	if err == nil {
		return nil
	}
	var errs []error
	for _, e := range separate(err) {
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
			e = &facts.ProjectError{Err: facts.WithHint(e, `if that is as it should be, run "lcitool projects lock --update"`)}
		case errors.As(e, &offline):
			e = &facts.ProjectError{Err: facts.WithHint(e, "run the same without --offline once, to have it in the cache")}
		default:
			e = &facts.ProjectError{Err: e}
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
