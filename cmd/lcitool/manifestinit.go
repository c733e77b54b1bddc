// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
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
	if err := create(file, text); err != nil {
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
		if s.Project = pathWord(filepath.Base(dir)); s.Project == "" {
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
	s.Targets, err = newest(catalogue, catalogue.Names())
	return s, err
}

// pathWord makes of a directory's name one that GitLab's projects can have.
func pathWord(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-'
		return !plain
	})
	return strings.Trim(strings.Join(words, "-"), ".-_")
}

// newest gives the targets that are the newest stable release of their
// distribution and have containers.
func newest(catalogue releases, names []string) ([]string, error) {
	latest := map[string]*targets.Release{}
	var order []string
	for _, name := range names {
		r, err := catalogue.Release(name)
		if err != nil {
			return nil, err
		}
		if r.Containers == nil || !r.OS.Stable {
			continue
		}
		old, seen := latest[r.OS.Name]
		if !seen {
			order = append(order, r.OS.Name)
		}
		if !seen || newer(r.OS.Version, old.OS.Version) {
			latest[r.OS.Name] = r
		}
	}
	var list []string
	for _, distribution := range order {
		list = append(list, latest[distribution].Name)
	}
	return list, nil
}

// newer compares versions by the numbers in them.
func newer(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) > 0 }

func numbers(version string) []int {
	var list []int
	for _, word := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(word)
		if err != nil {
			continue
		}
		list = append(list, n)
	}
	return list
}

// create writes a file that is not there yet.
func create(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return fmt.Errorf("cannot make %s: %w", filepath.Dir(file), diag.Cause(err))
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists", file)
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(file)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", file, diag.Cause(err))
	}
	return nil
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
