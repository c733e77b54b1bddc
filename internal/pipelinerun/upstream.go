// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import "gitlab.com/lcitool/lcitool/internal/gitlabci"

// ForkNamespace stands for the namespace of a fork that is not known.
const ForkNamespace = "fork"

// Upstream says which namespace a project that others fork is in. The zero
// value leaves it to the pipeline.
type Upstream struct {
	Namespace string
	Variable  string // of the pipeline, that names it; "" for one of those that projects use
}

// upstreamVariables are those that projects use.
func upstreamVariables() []string { return []string{"RUN_UPSTREAM_NAMESPACE", "QEMU_CI_UPSTREAM"} }

// Of gives the namespace for a pipeline of an event's project. ok is false if
// nobody says it.
func (u Upstream) Of(p *gitlabci.Pipeline, e gitlabci.Event) (namespace string, ok bool) {
	if u.Namespace != "" {
		return u.Namespace, true
	}
	names := upstreamVariables()
	if u.Variable != "" {
		names = []string{u.Variable}
	}
	for _, name := range names {
		if value, ok := p.Default(e, name); ok && value != "" {
			return value, true
		}
	}
	return "", false
}
