// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import "gitlab.com/lcitool/lcitool/internal/gitlabci"

// ForkNamespace is a placeholder for the namespace of an unknown fork.
const ForkNamespace = "fork"

// Upstream says which namespace the upstream project is in. The zero value
// leaves it to the pipeline's variables.
type Upstream struct {
	Namespace string
	Variable  string // of the pipeline, that names it; "" for one of those that projects use
}

// upstreamVariables returns the variables by which projects name the namespace.
func upstreamVariables() []string { return []string{"RUN_UPSTREAM_NAMESPACE", "QEMU_CI_UPSTREAM"} }

// Of returns the upstream namespace for an event's project. ok is false if
// nothing names it.
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
