// SPDX-License-Identifier: GPL-2.0-or-later

// Package manifests turns a manifest into the files of a GitLab pipeline.
//
// Load reads a manifest and fills in its defaults, NewPlan says which files
// and jobs it means, Plan.Render writes the files in memory. Sync alone
// touches the disk.
package manifests

import (
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

// A Position is a place in a manifest.
type Position = diag.Position

// A Manifest is what a project wants to have built, all defaults filled in.
// Targets and jobs are in the order of the file.
type Manifest struct {
	Digest     string // SHA-256 of the file's bytes, in hexadecimal
	Containers bool   // whether to make Dockerfiles and build-environment scripts
	Cirrus     bool   // whether to make variables for Cirrus CI
	GitLab     GitLab
	Targets    []Target
}

// GitLab is what the pipeline as a whole is like.
type GitLab struct {
	Enabled    bool
	Namespace  string // of the upstream project, "" only when not Enabled
	Project    string
	Containers bool    // whether there are jobs that build images
	Builder    Builder // what those jobs build with
	Checks     []Check // in the order in which they are written
}

// A Builder is a program that builds images in a pipeline.
type Builder string

// The builders.
const (
	Docker Builder = "docker" // through a privileged service
	Podman Builder = "podman" // within the job, without privileges
)

// A Project is an entry of a list of projects: a name or a reference.
type Project struct {
	Name string
	Pos  Position
	path string
}

// A Target is a release of a distribution that the project builds on.
type Target struct {
	Release  *targets.Release
	Enabled  bool
	Projects []Project
	Jobs     []TargetJob
}

// A TargetJob is one build on a target.
type TargetJob struct {
	Arch         targets.Arch
	Cross        bool // built on x86_64 for Arch
	Enabled      bool
	Suffix       string
	Optional     bool // the build waits for a click
	Hidden       bool // no build job, though there is an image
	AllowFailure bool
	Template     string // the project's own job to extend; "" on Cirrus CI
	Variables    []Variable
	Artifacts    *Artifacts // nil for none

	place place
}

// A Variable is one of a job's environment.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Artifacts are what a job hands on. More holds GitLab's other keys as they
// are in the manifest: strings, booleans, numbers, nil, []any, map[string]any.
type Artifacts struct {
	ExpireIn string         `json:"expire_in"`
	Paths    []string       `json:"paths,omitempty"`
	More     map[string]any `json:"more,omitempty"`
}
