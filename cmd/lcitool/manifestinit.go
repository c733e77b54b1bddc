// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
)

// A manifestInit is the verb that writes a project's first manifest.
type manifestInit struct {
	manifestVerb *manifestVerb
	targets      []string
	project      string
	namespace    string
}

func newManifestInit(m *manifestVerb) *cobra.Command {
	i := &manifestInit{manifestVerb: m}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a project's first manifest",
		Long: `Write ci/manifest.yml with comments, unless there is one, and print the lines
that the project's .gitlab-ci.yml needs.`,
		Args: needArgs(),
		RunE: i.run,
	}
	f := cmd.Flags()
	f.StringSliceVarP(&i.targets, "targets", "t", nil, "targets to build on (default the newest release of each distribution)")
	f.StringVarP(&i.project, "project", "p", "", "name of the project (default that of its directory)")
	f.StringVar(&i.namespace, "namespace", "", "namespace of the upstream project on GitLab (default the project's name)")
	return cmd
}

func (i *manifestInit) run(*cobra.Command, []string) error {
	return manifestErrors(i.write(), true)
}

func (i *manifestInit) write() error {
	m := i.manifestVerb
	start, err := i.start()
	if err != nil {
		return err
	}
	text, err := manifests.First(start)
	if err != nil {
		return err
	}
	lines, err := manifests.PipelineLines(m.ciDir)
	if err != nil {
		return err
	}
	file := filepath.Join(m.app.workspace().BaseDir(), filepath.FromSlash(manifests.DefaultPath))
	catalogue, err := m.app.workspace().Catalogue()
	if err != nil {
		return err
	}
	if _, err := manifests.Load(text, manifests.LoadOptions{File: file, Releases: catalogue}); err != nil {
		return err
	}
	if err := manifests.Create(file, text); err != nil {
		return err
	}
	m.app.infof("wrote %s; .gitlab-ci.yml needs these lines:", file)
	if err := m.app.write(lines); err != nil {
		return err
	}
	return i.adviseProject(start.Project)
}

// start fills in what is not said.
func (i *manifestInit) start() (manifests.Start, error) {
	s := manifests.Start{Namespace: i.namespace, Project: i.project, Targets: i.targets, CIDir: i.manifestVerb.ciDir}
	if s.Project == "" {
		dir, err := filepath.Abs(i.manifestVerb.app.workspace().BaseDir())
		if err != nil {
			return s, fmt.Errorf("cannot tell the project's directory: %w", err)
		}
		if s.Project = manifests.ProjectName(filepath.Base(dir)); s.Project == "" {
			return s, fmt.Errorf("cannot name a project after the directory %q: name it with --project", dir)
		}
	}
	if s.Namespace == "" {
		s.Namespace = s.Project
	}
	if len(s.Targets) > 0 {
		return s, nil
	}
	catalogue, err := i.manifestVerb.app.workspace().Catalogue()
	if err != nil {
		return s, err
	}
	s.Targets, err = manifests.NewestReleases(catalogue, catalogue.Names())
	return s, err
}

// adviseProject says what is missing while nobody knows what the project
// needs.
func (i *manifestInit) adviseProject(name string) error {
	set, err := i.manifestVerb.app.workspace().Facts()
	if err != nil {
		return err
	}
	var project *facts.ProjectError
	if _, err := set.Project(name); errors.As(err, &project) {
		file := filepath.Join(i.manifestVerb.app.workspace().BaseDir(), workspace.DefaultDataDir, "projects", name+".yml")
		i.manifestVerb.app.infof("hint: list what %s needs in %s, for example: packages: [gcc, make]", name, file)
	}
	return nil
}
