// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxDockerfile bounds a Dockerfile of the project, in bytes.
const maxDockerfile = 4 << 20

// readTree returns a file of a tree, by its slash-separated path below it.
// Links are followed unless they lead out of the tree. The error is
// fs.ErrNotExist for a file that is missing, and names it otherwise.
func readTree(tree, name string, limit int64) ([]byte, error) {
	dir, err := safefs.OpenDir(tree)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	data, err := dir.ReadFile(path.Clean(name), limit)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: filepath.Join(tree, filepath.FromSlash(name)), Err: cause(err)}
	}
	return data, nil
}

// readManifest returns the usual manifest of a tree.
func readManifest(tree string) ([]byte, error) { return readTree(tree, defaultManifest, maxManifest) }

// checkArtifacts fails, before any job has run, if the tree has a link where
// artifacts are to go.
func checkArtifacts(p *jobPlan) error {
	if !slices.ContainsFunc(p.chosen.Jobs, func(j *jobrun.Job) bool { return j.Job.Artifacts != nil }) {
		return nil
	}
	if _, err := openArtifacts(p.project); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot put artifacts into %s: %w", filepath.Join(p.project, filepath.FromSlash(artifactsDir)), cause(err))
	}
	return nil
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
	dir, err := tree.Sub(artifactsDir)
	if err != nil {
		return "", err
	}
	return tree.Path(artifactsDir), dir.Close()
}

// isPlainName reports whether a name of an environment is a file's name and
// no path.
func isPlainName(name string) bool {
	return name != "." && fs.ValidPath(name) && path.Base(name) == name
}
