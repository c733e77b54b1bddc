// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
)

type manifestVerb struct {
	app    *app
	ciDir  string
	dryRun bool
	check  bool
	quiet  bool
	format string
}

func newManifest(a *app) *cobra.Command {
	m := &manifestVerb{app: a}
	cmd := &cobra.Command{
		Use:   "manifest [PATH]",
		Short: "Generate a project's Dockerfiles and GitLab pipeline",
		Long: `Read a manifest (ci/manifest.yml, PATH, or standard input if PATH is "-") and generate
the Dockerfiles, build-environment scripts and GitLab files that it describes. Files
that are up to date are not rewritten. Files that lcitool generated earlier and that
the manifest no longer describes are deleted.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cliflags.Usagef(cmd, "unrecognized arguments: %s", strings.Join(args[1:], " "))
			}
			return m.run(cmd, args)
		},
	}
	f := cmd.Flags()
	cmd.PersistentFlags().StringVar(&a.baseDir, "base-dir", "", "project directory (default the current directory)")
	cmd.PersistentFlags().StringVar(&m.ciDir, "ci-dir", "ci", "directory of the generated files, relative to the project directory")
	f.BoolVarP(&m.dryRun, "dry-run", "n", false, "only list what would be written or deleted")
	f.BoolVar(&m.check, "check", false, "fail with a diff if generated files differ from the manifest, without writing")
	f.BoolVarP(&m.quiet, "quiet", "q", false, "list no written files, and print no diff with --check")
	cliflags.Choice(f, &m.format, "format", "", "output format: text, or json for the plan of files, images and jobs", "text", "json")
	cmd.AddCommand(newManifestInit(m))
	return cmd
}

func (m *manifestVerb) run(cmd *cobra.Command, args []string) error {
	file, data, err := m.read(cmd, args)
	if err != nil {
		return err
	}
	plan, changes, err := m.app.workspace().ApplyManifest(cmd.Context(), file, data, workspace.ApplyOptions{
		CIDir: m.ciDir, CompareOnly: m.dryRun || m.check, Checked: m.strictWarnings,
	})
	if err != nil {
		return m.app.manifestFailed(err)
	}
	if err := m.app.checkWarnings(); err != nil {
		return m.app.manifestFailed(err)
	}
	if closed := plan.CirrusTargets(); len(closed) > 0 {
		m.app.Infof("warning: %s: Cirrus CI has closed: the jobs for %s will not run", file, strings.Join(closed, ", "))
		m.app.Infof("hint: remove these targets, or leave the jobs out with \"cirrus: {enabled: false}\"")
	}
	if err := m.print(plan, changes); err != nil {
		return err
	}
	if !m.check {
		return nil
	}
	err = manifests.CheckResult(changes, file)
	if err != nil {
		err = diag.WithHint(err, fmt.Sprintf("run %q", writing(cmd, args)))
	}
	return workspace.ManifestErrors(err, true)
}

// writing returns the command line that writes the files that are compared with
// --check.
func writing(cmd *cobra.Command, args []string) string {
	options := cliflags.Given(cmd, []string{"data-dir", "facts-dir", "base-dir", "ci-dir"})
	return strings.Join(slices.Concat([]string{"lcitool manifest"}, options, args), " ")
}

// read returns the text of the manifest and its name in messages.
func (m *manifestVerb) read(cmd *cobra.Command, args []string) (file string, data []byte, err error) {
	file, data, err = m.app.workspace().OpenManifest(args, m.app.Stdin)
	if _, ok := errors.AsType[*safefs.TooLargeError](err); ok {
		return "", nil, m.app.manifestFailed(err)
	}
	if err != nil {
		if len(args) > 0 && errors.Is(err, fs.ErrNotExist) {
			err = cliflags.Unknown(cmd, err, args[0])
		}
		return "", nil, cliflags.Usage(cmd, err)
	}
	return file, data, nil
}

// strictWarnings fails with --strict if parts of the manifest have no effect.
func (m *manifestVerb) strictWarnings() error {
	if !m.app.strict {
		return nil
	}
	return m.app.checkWarnings()
}

// manifestFailed marks all errors that err joins as errors of a manifest. It
// prints pending warnings first.
func (a *app) manifestFailed(err error) error {
	if !a.strict {
		_ = a.checkWarnings() // fails only when strict
	}
	return workspace.ManifestErrors(err, false)
}

func (m *manifestVerb) print(plan *manifests.Plan, changes []manifests.Change) error {
	switch {
	case m.format == "json":
		return m.app.JSON(manifests.NewReport(plan, changes))
	case m.quiet:
		return nil
	case m.check:
		return m.app.Write([]byte(manifests.Diff(changes, m.name)))
	}
	return m.app.Lines(manifests.Lines(changes, m.name))
}

// name returns a generated file's path below the base directory, as the user
// gave it.
func (m *manifestVerb) name(path string) string {
	return termtext.Line(filepath.Join(m.app.workspace().BaseDir(), filepath.FromSlash(path)))
}
