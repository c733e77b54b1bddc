// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
)

type manifestInit struct {
	manifestVerb *manifestVerb
	manifests.Start
}

func newManifestInit(m *manifestVerb) *cobra.Command {
	i := &manifestInit{manifestVerb: m}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Create the manifest of a project",
		Long: `Create ci/manifest.yml with comments, unless it exists, and print the lines that the
project's .gitlab-ci.yml needs.`,
		Args: cliflags.Args(),
		RunE: i.run,
	}
	f := cmd.Flags()
	f.StringSliceVarP(&i.Targets, "targets", "t", nil, "targets to build on, separated by commas (default the newest release of each distribution)")
	f.StringVarP(&i.Project, "project", "p", "", "name of the project (default the name of its directory)")
	f.StringVar(&i.Namespace, "namespace", "", "namespace of the upstream project on GitLab (default the project's name)")
	return cmd
}

func (i *manifestInit) run(*cobra.Command, []string) error {
	return workspace.ManifestErrors(i.write(), true)
}

func (i *manifestInit) write() error {
	m := i.manifestVerb
	i.CIDir = m.ciDir
	if err := m.app.workspace().FillStart(&i.Start); err != nil {
		return err
	}
	lines, err := manifests.PipelineLines(m.ciDir)
	if err != nil {
		return err
	}
	file, err := m.app.workspace().CreateManifest(i.Start)
	if err != nil {
		return err
	}
	m.app.Infof("wrote %s; .gitlab-ci.yml needs these lines:", file)
	if err := m.app.Write(lines); err != nil {
		return err
	}
	return i.adviseProject(i.Project)
}

// adviseProject says how to add the project's dependencies, if no facts about
// the project exist.
func (i *manifestInit) adviseProject(name string) error {
	set, err := i.manifestVerb.app.workspace().Facts()
	if err != nil {
		return err
	}
	var project *facts.ProjectError
	if _, err := set.Project(name); errors.As(err, &project) {
		file := filepath.Join(i.manifestVerb.app.workspace().BaseDir(), workspace.DefaultDataDir, "projects", name+".yml")
		i.manifestVerb.app.Infof("hint: list what %s needs in %s, for example: packages: [gcc, make]", name, file)
	}
	return nil
}
