// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
)

// A manifestVerb makes the files of a project's pipeline.
type manifestVerb struct {
	app    *app
	ciDir  string
	dryRun bool
	check  bool
	quiet  bool
	format string
}

// A manifestError is anything that goes wrong with a manifest.
type manifestError struct {
	error
	notWriting bool // it is about a check or a first manifest
}

func (e *manifestError) Unwrap() error { return e.error }

// prefix stands before the error.
func (e *manifestError) prefix() string {
	if e.notWriting || errors.Is(e.error, manifests.ErrUnfinished) {
		return "Manifest error: "
	}
	return "Manifest error: Failed to generate configuration: "
}

func newManifest(a *app) *cobra.Command {
	m := &manifestVerb{app: a}
	cmd := &cobra.Command{
		Use:   "manifest [PATH]",
		Short: "Write a project's Dockerfiles and GitLab pipeline",
		Long: `Read a manifest, ci/manifest.yml unless PATH names another or "-" standard input,
and write the Dockerfiles, build-environment scripts and GitLab files that it
means. Files that are as they should be are not touched. Files of ours that the
manifest does not mean any more are deleted.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{cmd, fmt.Errorf("unrecognized arguments: %s", strings.Join(args[1:], " "))}
			}
			if err := choice(cmd, "format", m.format, "text", "json"); err != nil {
				return err
			}
			return m.run(cmd, args)
		},
	}
	f := cmd.Flags()
	cmd.PersistentFlags().StringVar(&a.baseDir, "base-dir", "", "directory of the project (default the current directory)")
	cmd.PersistentFlags().StringVar(&m.ciDir, "ci-dir", "ci", "directory for generated files, below the base directory")
	f.BoolVarP(&m.dryRun, "dry-run", "n", false, "list what would be done without writing")
	f.BoolVar(&m.check, "check", false, "fail with a diff if generated files differ from the manifest, without writing")
	f.BoolVarP(&m.quiet, "quiet", "q", false, "do not list written files")
	f.StringVar(&m.format, "format", "text", "text, or json for the plan of files, images and jobs")
	cmd.AddCommand(newManifestInit(m))
	return cmd
}

func (m *manifestVerb) run(cmd *cobra.Command, args []string) error {
	file, data, err := m.read(cmd, args)
	if err != nil {
		return err
	}
	plan, changes, err := m.apply(cmd.Context(), file, data)
	if err != nil {
		return m.failed(err)
	}
	if err := m.app.checkWarnings(); err != nil {
		return m.failed(err)
	}
	if closed := plan.CirrusTargets(); len(closed) > 0 {
		m.app.infof("warning: %s: Cirrus CI has closed: the jobs for %s will not run", file, strings.Join(closed, ", "))
		m.app.infof("hint: remove these targets, or leave the jobs out with \"cirrus: {enabled: false}\"")
	}
	differ := 0
	for _, c := range changes {
		if c.Action != manifests.Keep {
			differ++
		}
	}
	if err := m.print(plan, changes); err != nil {
		return err
	}
	if m.check && differ > 0 {
		return manifestErrors(checkResult(differ, len(changes), file), true)
	}
	return nil
}

// checkResult is what a check says of files that differ.
func checkResult(n, all int, file string) error {
	are := "are"
	if n == 1 {
		are = "is"
	}
	return diag.WithHint(fmt.Errorf("%d of %d files %s not what %s says", n, all, are, file), `run "lcitool manifest"`)
}

// read gives the manifest's text with the name that messages have for it.
func (m *manifestVerb) read(cmd *cobra.Command, args []string) (file string, data []byte, err error) {
	file = m.path(args)
	switch {
	case file == manifests.Stdin:
		data, err = safefs.ReadAll(m.app.stdin, manifests.MaxSize)
	case len(args) == 1:
		data, err = safefs.ReadArgument(file, manifests.MaxSize)
	case file == manifests.DefaultPath:
		data, err = workspace.ReadManifest(".")
	default:
		data, err = workspace.ReadManifest(m.app.workspace().BaseDir())
	}
	if err == nil {
		return file, data, nil
	}
	if tooLarge, ok := errors.AsType[*safefs.TooLargeError](err); ok {
		return "", nil, m.failed(fmt.Errorf("%s: %w", file, tooLarge))
	}
	err = fmt.Errorf("argument manifest: can't open '%s': %w", file, diag.Cause(err))
	if len(args) == 0 && errors.Is(err, fs.ErrNotExist) {
		err = diag.WithHint(err, `"lcitool manifest init" writes a first one`)
	}
	return "", nil, &usageError{cmd, err}
}

// path is the manifest's, as typed or the usual one: below the base directory
// if it is there, else below the current one.
func (m *manifestVerb) path(args []string) string {
	if len(args) == 1 && args[0] == "-" {
		return manifests.Stdin
	}
	if len(args) == 1 {
		return args[0]
	}
	below := filepath.Join(m.app.workspace().BaseDir(), filepath.FromSlash(manifests.DefaultPath))
	if _, err := os.Stat(below); err != nil {
		if _, err := os.Stat(manifests.DefaultPath); err == nil {
			return manifests.DefaultPath
		}
	}
	return below
}

// apply goes from the text of a manifest to what is done to the tree. Nothing
// is touched before everything is rendered.
func (m *manifestVerb) apply(ctx context.Context, file string, data []byte) (*manifests.Plan, []manifests.Change, error) {
	plan, files, err := m.app.workspace().RenderManifest(ctx, file, data, m.ciDir)
	if err != nil {
		return nil, nil, err
	}
	if m.app.strict {
		if err := m.app.checkWarnings(); err != nil {
			return nil, nil, err
		}
	}
	tree, err := manifests.OpenTree(m.app.workspace().BaseDir(), m.ciDir)
	if err != nil {
		return nil, nil, err
	}
	defer tree.Close()
	if m.dryRun || m.check {
		changes, err := tree.Compare(files)
		return plan, changes, err
	}
	changes, err := tree.Sync(ctx, files)
	return plan, changes, err
}

// failed marks all errors that err joins as ones about a manifest, and tells
// of what has no effect before them.
func (m *manifestVerb) failed(err error) error { return m.app.manifestFailed(err) }

// manifestFailed is failed for any verb.
func (a *app) manifestFailed(err error) error {
	if !a.strict {
		_ = a.checkWarnings() // fails only when strict
	}
	return manifestErrors(err, false)
}

func manifestErrors(err error, notWriting bool) error {
	if err == nil {
		return nil
	}
	var errs []error
	for _, e := range workspace.Separate(err) {
		errs = append(errs, &manifestError{e, notWriting})
	}
	return errors.Join(errs...)
}
