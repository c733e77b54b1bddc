// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// matrixValue matches a reference to the job's own matrix in a needed job's
// name.
var matrixValue = lazyregexp.New(`\$\[\[\s*matrix\.([a-zA-Z0-9_-]+)\s*\]\]`)

// withMatrix replaces references to the matrix by the values of an instance.
func withMatrix(needs []Need, own settings) []Need {
	if !slices.ContainsFunc(needs, func(n Need) bool { return matrixValue.MatchString(n.Job) }) {
		return needs
	}
	out := slices.Clone(needs)
	for i := range out {
		out[i].Job = matrixValue.ReplaceAllStringFunc(out[i].Job, func(ref string) string {
			if v, ok := own[matrixValue.FindStringSubmatch(ref)[1]]; ok {
				return v.value
			}
			return ref
		})
	}
	return out
}

// matrixNeeds returns the needs of all instances of a job without duplicates. A
// reference to a variable that is not in the matrix is a problem.
func (c *config) matrixNeeds(def *definition, needs []Need) []Need {
	var out []Need
	for _, n := range needs {
		if n.pipeline != "" {
			continue
		}
		if !matrixValue.MatchString(n.Job) {
			out = append(out, n)
			continue
		}
		instances := def.matrix
		if instances == nil {
			instances = []settings{nil}
		}
		var names []Need
		for _, own := range instances {
			one := withMatrix([]Need{n}, own)[0]
			if m := matrixValue.FindStringSubmatch(one.Job); m != nil {
				c.problems.add(n.pos, def.job.Base, Refused, "needs %s: its own matrix has no %s", yamldoc.Quote(n.Job), yamldoc.Quote(m[1]))
				break
			}
			if !slices.Contains(names, one) {
				names = append(names, one)
			}
		}
		out = append(out, names...)
	}
	return out
}
