// SPDX-License-Identifier: GPL-2.0-or-later

// Package manifests generates the files of a GitLab pipeline from a manifest.
//
// Load reads a manifest and fills in its defaults, NewPlan determines the files
// and jobs, and Plan.Render renders the files in memory. Only Sync writes to
// disk.
package manifests

import (
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

// A Position is a position in a manifest.
type Position = diag.Position

// A Manifest is a manifest with all defaults filled in. Targets and jobs are in
// the order of the file.
type Manifest struct {
	Digest     string // SHA-256 of the file's bytes, in hexadecimal
	Containers bool   // whether to make Dockerfiles and build-environment scripts
	Cirrus     bool   // whether to make variables for Cirrus CI
	GitLab     GitLab
	Targets    []Target
}

// GitLab contains the settings of the pipeline.
type GitLab struct {
	Enabled    bool
	Namespace  string // of the upstream project, "" only when not Enabled
	Project    string
	Containers bool    // whether there are jobs that build images
	Builder    Builder // program that these jobs use
	Checks     []Check // in the order of the output
}

// A Builder is a program that builds images in a pipeline.
type Builder string

const (
	Docker Builder = "docker" // through a privileged service
	Podman Builder = "podman" // within the job, without privileges
)

// A Project is an entry in a list of projects: a name or a reference.
type Project struct {
	Name string
	Pos  Position
	path string
}

// A Target is a distribution release that the project is built on.
type Target struct {
	Release  *targets.Release
	Enabled  bool
	Projects []Project
	Jobs     []TargetJob
}

// A TargetJob is a build on a target.
type TargetJob struct {
	Arch         targets.Arch
	Cross        bool // built on x86_64 for Arch
	Enabled      bool
	Suffix       string
	Optional     bool // the build job is manual
	Hidden       bool // there is an image but no build job
	AllowFailure bool
	Template     string // job of the project to extend; "" on Cirrus CI
	Variables    []Variable
	Artifacts    *Artifacts // nil for none

	place place
}

// A Variable is a variable of a job.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Artifacts are the artifacts of a job. More contains GitLab's other keys as in
// the manifest: strings, booleans, numbers, nil, []any, map[string]any.
type Artifacts struct {
	ExpireIn string         `json:"expire_in"`
	Paths    []string       `json:"paths,omitempty"`
	More     map[string]any `json:"more,omitempty"`
}
