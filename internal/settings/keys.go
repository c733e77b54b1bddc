// SPDX-License-Identifier: GPL-2.0-or-later

// Package settings reads the settings of a user and a project.
//
// A project's file is as untrusted as its tree. Keys that affect more than the
// containers of its jobs are permitted only in the user's file, and directories
// must be below the tree.
package settings

// A Kind is the type of a key's value.
type Kind uint8

const (
	Text Kind = iota
	Number
	Directory
	Mirrors   // texts by name
	Variables // by name, see Variable
)

// A Key is one setting.
type Key struct {
	Name    string // "limits.memory"; what is before the dot is a mapping
	Flag    string // that has the same effect, "" for none
	Verbs   []string
	Kind    Kind
	User    bool     // not permitted in a project's file
	Values  []string // permitted values; nil for any
	Refused []string // values that are not permitted in a project's file
	Yields  string   // flag that overrides it, or ""
	Summary string
}

// network is the key of the container network.
const network = "limits.network"

// jobVerbs returns the commands that work with a pipeline; runVerbs returns
// those that run commands in containers.
func jobVerbs() []string {
	return []string{"job run", "job retry", "job shell", "job bisect", "job list", "job lint", "job explain", "job logs", "job diff"}
}

func runVerbs() []string {
	return []string{"job run", "job retry", "job shell", "job bisect", "run"}
}

// Keys returns all keys in the order of the documentation.
func Keys() []Key {
	return []Key{
		{Name: "event", Flag: "event", Verbs: jobVerbs(), Summary: "event that starts the pipeline"},
		{Name: "branch", Flag: "branch", Verbs: jobVerbs(), Summary: "branch of the pipeline, or target branch of the merge request"},
		{Name: "default-branch", Flag: "default-branch", Verbs: jobVerbs(), Summary: "default branch of the project"},
		{Name: "project", Flag: "project", Verbs: jobVerbs(), Summary: "path of the project on GitLab, GROUP/NAME"},
		{Name: "server", Flag: "server", Verbs: jobVerbs(), Summary: "URL of the GitLab server"},
		{Name: "variables", Kind: Variables, Verbs: jobVerbs(), Summary: "variables of the pipeline"},
		{Name: "upstream.namespace", Flag: "upstream-namespace", Verbs: jobVerbs(), Summary: "namespace of the upstream project"},
		{Name: "upstream.variable", Flag: "upstream-variable", Verbs: jobVerbs(), Summary: "variable of the pipeline with the namespace of the upstream project"},
		{Name: "image.prefix", Flag: "image-prefix", Yields: "render", Verbs: jobVerbs(), Summary: "name prefix of the published images"},
		{Name: "image.tag", Flag: "image-tag", Yields: "render", Verbs: jobVerbs(), Summary: "tag of the published images"},
		{Name: "image.default", Flag: "default-image", Verbs: jobVerbs(), Summary: "image for jobs that specify none"},
		{Name: "on-failure", Flag: "on-failure", Verbs: jobVerbs(), Values: []string{"shell", "keep", "none"}, Refused: []string{"shell"}, Summary: "what to do with the container of a failed job"},
		{Name: "jobs", Flag: "jobs", Verbs: runVerbs(), Kind: Number, Summary: "maximum number of jobs or targets to run in parallel"},
		{Name: "limits.memory", Flag: "memory", Verbs: runVerbs(), Summary: "memory limit for each command or job, for example 2g"},
		{Name: "limits.cpus", Flag: "cpus", Verbs: runVerbs(), Kind: Number, Summary: "CPU limit for each command or job, for example 1.5"},
		{Name: "limits.timeout", Flag: "timeout", Verbs: runVerbs(), Summary: "time limit for each command or job, for example 2h"},
		{Name: network, Flag: "network", Verbs: runVerbs(), Values: []string{"none", "host", "bridge"}, Refused: []string{"host"}, Summary: "container network"},
		{Name: "connection", Flag: "connection", Yields: "url", User: true, Summary: "name of a connection in containers.conf"},
		{Name: "mirrors", Kind: Mirrors, User: true, Summary: "URLs of package mirrors by target or distribution"},
		{Name: "data-dir", Flag: "data-dir", Kind: Directory, Summary: "directory with additional facts"},
		{Name: "facts-dir", Flag: "facts-dir", Kind: Directory, Summary: "directory with facts that replace the built-in ones"},
	}
}
