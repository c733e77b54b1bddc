// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// ArtifactsDir is where a project has what its jobs left.
const ArtifactsDir = ".lcitool/artifacts"

// CheckArtifacts fails, before any job has run, if the tree has a link where
// artifacts are to go.
func (p *Plan) CheckArtifacts() error {
	if !slices.ContainsFunc(p.Jobs, func(j *jobrun.Job) bool { return j.Job.Artifacts != nil }) {
		return nil
	}
	_, err := openArtifacts(p.source.Project)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("cannot put artifacts into %s: %w", filepath.Join(p.source.Project, filepath.FromSlash(ArtifactsDir)), safefs.Cause(err))
}

// sweepArtifacts removes what killed processes left where artifacts are.
func sweepArtifacts(project string) {
	if dir, err := openArtifacts(project); err == nil {
		jobrun.Sweep(dir)
	}
}

// openArtifacts gives the directory for artifacts if it is there, and no link.
func openArtifacts(project string) (string, error) {
	tree, err := safefs.OpenDir(project)
	if err != nil {
		return "", err
	}
	defer tree.Close()
	dir, err := tree.Sub(ArtifactsDir)
	if err != nil {
		return "", err
	}
	return tree.Path(ArtifactsDir), dir.Close()
}
