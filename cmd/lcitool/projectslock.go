// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A projectsLock is the verb that writes down what project files hold.
type projectsLock struct {
	app    *app
	update bool
	format string
}

func newProjectsLock(a *app) *cobra.Command {
	l := &projectsLock{app: a}
	cmd := &cobra.Command{
		Use:   "lock [PROJECTS...]",
		Short: "Write down what the project files named by URL hold",
		Long: `Write ci/lcitool.lock: what each project file holds that PROJECTS name by URL or
path, and each that ci/manifest.yml names by URL. Every action that meets such a
file later fails if it holds anything else, and shows what changed, until
"lcitool projects lock --update" accepts it. What is locked already and not
named any more stays locked.`,
		Args: cobra.ArbitraryArgs,
		RunE: l.run,
	}
	cmd.Flags().BoolVar(&l.update, "update", false, "accept what has changed")
	cmd.Flags().StringVar(&l.format, "format", "text", "text or json")
	return cmd
}

// A lockedFile is what became of one file.
type lockedFile struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	State  string `json:"state"` // "locked", "updated" or "unchanged"
}

func (l *projectsLock) run(cmd *cobra.Command, args []string) error {
	if err := choice(cmd, "format", l.format, "text", "json"); err != nil {
		return err
	}
	lock, err := projectsource.ReadLock(l.app.baseDirectory())
	if err != nil {
		return err
	}
	refs, err := l.app.lockable(args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		refs = append(refs, lock.References()...)
	}
	refs = oncePerFile(refs)
	if len(refs) == 0 {
		l.app.tell("no project is named by URL")
	}
	done, err := l.lock(cmd.Context(), lock, refs)
	if err != nil {
		return err
	}
	return l.print(done)
}

// lock fetches the files, compares them with the lock, and writes it if all
// of them may be in it.
func (l *projectsLock) lock(ctx context.Context, lock *projectsource.Lock, refs []projectsource.Reference) ([]lockedFile, error) {
	source, err := l.app.newSource(nil)
	if err != nil {
		return nil, err
	}
	files, err := source.Fetch(ctx, refs...)
	if err != nil {
		return nil, projectErrors(err)
	}
	var done []lockedFile
	var errs []error
	for _, f := range files {
		state := "unchanged"
		var changed *projectsource.ChangedError
		switch err := source.Compare(f, lock.Digest(f.Reference)); {
		case errors.As(err, &changed) && !l.update:
			errs = append(errs, err)
		case errors.As(err, &changed):
			state = "updated"
			if changed.Diff != "" {
				l.app.tell("%s:", f.Location())
				for line := range strings.Lines(changed.Diff) {
					l.app.tell("%s", strings.TrimSuffix(line, "\n"))
				}
			}
		case lock.Digest(f.Reference) == "":
			state = "locked"
		}
		lock.Set(f)
		done = append(done, lockedFile{URL: f.Location(), SHA256: f.Digest, State: state})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, projectErrors(err)
	}
	for _, f := range files {
		source.Keep(f)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return done, lock.Write()
}

func (l *projectsLock) print(done []lockedFile) error {
	if l.format == "json" {
		return l.app.json(append([]lockedFile{}, done...))
	}
	var out []string
	for _, f := range done {
		out = append(out, f.State+" "+f.URL)
	}
	return l.app.lines(out)
}

// lockable gives the references in pattern lists, and those by URL in the
// manifest. A path in the manifest is of the project's own tree, which
// changes only with the manifest.
func (a *app) lockable(lists []string) ([]projectsource.Reference, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("cannot tell the current directory: %w", err)
	}
	var entries []string
	for _, list := range lists {
		names, err := a.patterns(list)
		if err != nil {
			return nil, err
		}
		entries = append(entries, names...)
	}
	listed, err := manifestProjects(a.baseDirectory())
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
	return refs, projectErrors(errors.Join(errs...))
}

// oncePerFile drops references to what is in the list already and sorts it
// by what they name.
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

// manifestProjects gives the entries of all lists of projects in the manifest
// of a base directory, none when it has no manifest.
func manifestProjects(base string) ([]string, error) {
	data, err := readManifest(base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	doc, err := yamldoc.Parse(filepath.Join(base, filepath.FromSlash(defaultManifest)), data, 0)
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
	return entries, yamldoc.Join(errs...)
}

// targetProjects gives the entries of the lists that targets have of their
// own.
func targetProjects(all yamldoc.Node) ([]string, error) {
	if all.IsNull() {
		return nil, nil
	}
	fields, err := all.Mapping()
	errs := []error{err}
	var entries []string
	for _, target := range fields {
		if !target.Value.IsMapping() { // the short form, an architecture
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
	return entries, yamldoc.Join(errs...)
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
	return entries, yamldoc.Join(errs...)
}
