// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/manifests"
)

// ManifestProjects returns the projects that the current project's manifest
// lists for a target, and the digest of that manifest.
func (w *Workspace) ManifestProjects(target string) (names []string, digest string, err error) {
	file := filepath.Join(w.BaseDir(), filepath.FromSlash(manifests.DefaultPath))
	data, err := ReadManifest(w.BaseDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", w.noProjects(target, "there is no "+file)
	}
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the manifest: %w", err)
	}
	catalogue, err := w.Catalogue()
	if err != nil {
		return nil, "", err
	}
	// Settings without effect are reported by "manifest".
	manifest, err := manifests.Load(data, manifests.LoadOptions{File: file, Releases: catalogue})
	if err != nil {
		return nil, "", err
	}
	for _, t := range manifest.Targets {
		if t.Release.Name != target {
			continue
		}
		for _, p := range t.Projects {
			names = append(names, p.Name)
		}
		return w.FromBase(names), manifest.Digest, nil
	}
	return nil, "", w.noProjects(target, "it is not in "+file)
}

// noProjects returns the error for a target without projects, which may be misspelt.
func (w *Workspace) noProjects(target, why string) error {
	catalogue, err := w.Catalogue()
	if err == nil {
		_, err = catalogue.Release(target)
	}
	if err != nil {
		return err
	}
	return diag.WithHint(fmt.Errorf("no projects for target %q: %s", target, why), "name them with --projects")
}

// ReadManifest returns the default manifest of a tree.
func ReadManifest(tree string) ([]byte, error) {
	return safefs.ReadFileIn(tree, manifests.DefaultPath, manifests.MaxSize)
}

// OpenManifest returns the text of a manifest and its name in messages. args is
// a file, "-" for stdin, or empty for the default manifest.
func (w *Workspace) OpenManifest(args []string, stdin io.Reader) (file string, data []byte, err error) {
	if file = w.ManifestPath(); len(args) > 0 {
		file = args[0]
	}
	switch {
	case len(args) > 0 && file == "-":
		file = manifests.Stdin
		data, err = safefs.ReadAll(stdin, manifests.MaxSize)
	case len(args) > 0:
		data, err = safefs.ReadArgument(file, manifests.MaxSize)
	case file == manifests.DefaultPath:
		data, err = ReadManifest(".")
	default:
		data, err = ReadManifest(w.BaseDir())
	}
	if err == nil {
		return file, data, nil
	}
	if tooLarge, ok := errors.AsType[*safefs.TooLargeError](err); ok {
		return file, nil, fmt.Errorf("%s: %w", file, tooLarge)
	}
	wrapped := fmt.Errorf("argument manifest: can't open '%s': %w", file, diag.Cause(err))
	if len(args) == 0 && errors.Is(err, fs.ErrNotExist) {
		wrapped = diag.WithHint(wrapped, `"lcitool manifest init" writes a first one`+manifestAbove(w.BaseDir()))
	}
	return file, nil, wrapped
}

// manifestAbove returns the end of a hint for a directory below a project.
func manifestAbove(base string) string {
	at, err := filepath.Abs(base)
	for err == nil && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		if _, err := os.Lstat(filepath.Join(at, filepath.FromSlash(manifests.DefaultPath))); err == nil {
			return fmt.Sprintf("; that of %s is used there, or with --base-dir", at)
		}
	}
	return ""
}

// RenderManifest returns the plan of a manifest and the files that it generates,
// for a directory of the project.
func (w *Workspace) RenderManifest(ctx context.Context, file string, data []byte, ciDir string) (*manifests.Plan, []manifests.File, error) {
	catalogue, err := w.Catalogue()
	if err != nil {
		return nil, nil, err
	}
	manifest, err := manifests.Load(data, manifests.LoadOptions{
		File:     file,
		Releases: catalogue,
		Warn:     func(f *manifests.Error) { w.o.Warnings.AddError(f) },
	})
	if err != nil {
		return nil, nil, err
	}
	plan, err := manifests.NewPlan(manifest, ciDir)
	if err != nil {
		return nil, nil, err
	}
	files, err := plan.Render(manifests.RenderOptions{
		Facts: func(projects []string) (*facts.Set, []string, error) {
			return w.Projects(ctx, w.FromBase(projects))
		},
		Command: w.manifestCommand(file, ciDir),
	})
	return plan, files, err
}

// ApplyOptions say how a manifest is applied.
type ApplyOptions struct {
	CIDir       string
	CompareOnly bool         // nothing is written
	Checked     func() error // what is asked once everything is rendered, before anything is written
}

// ApplyManifest generates the files of a manifest and writes them to the tree.
// It writes nothing before all files were rendered.
func (w *Workspace) ApplyManifest(ctx context.Context, file string, data []byte, o ApplyOptions) (*manifests.Plan, []manifests.Change, error) {
	plan, files, err := w.RenderManifest(ctx, file, data, o.CIDir)
	if err != nil {
		return nil, nil, err
	}
	if err := o.Checked(); err != nil {
		return nil, nil, err
	}
	tree, err := manifests.OpenTree(w.BaseDir(), o.CIDir)
	if err != nil {
		return nil, nil, err
	}
	defer tree.Close()
	if o.CompareOnly {
		changes, err := tree.Compare(files)
		return plan, changes, err
	}
	changes, err := tree.Sync(ctx, files)
	return plan, changes, err
}

// ManifestPath returns the path of the default manifest: below the base
// directory if it exists there, otherwise below the current directory.
func (w *Workspace) ManifestPath() string {
	below := filepath.Join(w.BaseDir(), filepath.FromSlash(manifests.DefaultPath))
	if _, err := os.Stat(below); err != nil {
		if _, err := os.Stat(manifests.DefaultPath); err == nil {
			return manifests.DefaultPath
		}
	}
	return below
}

// FillStart sets defaults of a first manifest: the project's name is that of its
// directory, and its targets are the newest releases.
func (w *Workspace) FillStart(s *manifests.Start) error {
	if s.Project == "" {
		dir, err := filepath.Abs(w.BaseDir())
		if err != nil {
			return fmt.Errorf("cannot tell the project's directory: %w", err)
		}
		if s.Project = manifests.ProjectName(filepath.Base(dir)); s.Project == "" {
			return fmt.Errorf("cannot name a project after the directory %q: name it with --project", dir)
		}
	}
	if s.Namespace == "" {
		s.Namespace = s.Project
	}
	if len(s.Targets) > 0 {
		return nil
	}
	catalogue, err := w.Catalogue()
	if err != nil {
		return err
	}
	s.Targets, err = manifests.NewestReleases(catalogue, catalogue.Names())
	return err
}

// CreateManifest writes a project's first manifest and returns its path.
func (w *Workspace) CreateManifest(s manifests.Start) (string, error) {
	catalogue, err := w.Catalogue()
	if err != nil {
		return "", err
	}
	text, err := manifests.First(s, catalogue)
	if err != nil {
		return "", err
	}
	file := filepath.Join(w.BaseDir(), filepath.FromSlash(manifests.DefaultPath))
	if _, err := manifests.Load(text, manifests.LoadOptions{File: file, Releases: catalogue}); err != nil {
		return "", err
	}
	return file, manifests.Create(w.BaseDir(), text)
}

// manifestCommand returns the arguments for the headers of generated files. In
// the base directory, they generate the same files again. Directories of facts
// are left out.
func (w *Workspace) manifestCommand(file, ciDir string) []string {
	args := []string{"manifest"}
	if dir, err := manifests.CleanDir(ciDir); err == nil && dir != "ci" {
		args = append(args, "--ci-dir", dir)
	}
	if file != manifests.Stdin {
		file = PortablePath(w.BaseDir(), file)
	}
	return append(args, file)
}
