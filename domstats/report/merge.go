// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"cmp"
	"slices"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// Merge combines two runs of different cases on the same stack at the same time. The
// results are in the order of all cases.
func Merge(a, b *Run) *Run {
	if b.Where.Started.Before(a.Where.Started) {
		a, b = b, a
	}
	out := *a
	later := b.Where.Started.Sub(a.Where.Started)
	out.Where.Seconds = max(a.Where.Seconds, later.Seconds()+b.Where.Seconds)
	out.Where.QEMU = cmp.Or(a.Where.QEMU, b.Where.QEMU)
	out.Results = inOrder(slices.Concat(a.Results, b.Results))
	if len(b.Schema) > len(a.Schema) {
		out.Schema = b.Schema
	}
	out.Coverage = mergeCoverage(out.Schema, a.Coverage, b.Coverage)
	out.Statistics = mergeStatistics(a.Statistics, b.Statistics)
	out.Observations = slices.Clone(a.Observations)
	for _, o := range b.Observations {
		o.Samples = slices.Clone(o.Samples)
		for i := range o.Samples {
			o.Samples[i].At += later.Milliseconds()
		}
		out.Observations = append(out.Observations, o)
	}
	slices.SortStableFunc(out.Observations, func(x, y suite.Observation) int {
		return cmp.Or(cmp.Compare(x.Case, y.Case), cmp.Compare(x.Domain, y.Domain), cmp.Compare(x.Name, y.Name))
	})
	out.Unknown = slices.Concat(a.Unknown, b.Unknown)
	slices.Sort(out.Unknown)
	out.Unknown = slices.Compact(out.Unknown)
	return &out
}

// inOrder sorts results as the suite lists their cases.
func inOrder(results []suite.Result) []suite.Result {
	place := map[string]int{}
	for i, c := range suite.Cases() {
		place[c.ID] = i
	}
	slices.SortStableFunc(results, func(x, y suite.Result) int { return cmp.Compare(place[x.ID], place[y.ID]) })
	return results
}

// mergeCoverage has the rows of the schema, and those that each run has.
func mergeCoverage(schema domstats.Schema, a, b []domstats.CoverageRow) []domstats.CoverageRow {
	type key struct{ provider, target, name string }
	of := func(r domstats.CoverageRow) key { return key{r.Provider, r.Target, r.Name} }
	rows := slices.Concat(schema.Coverage(), domstats.FixedCoverage())
	place := map[key]int{}
	for i, r := range rows {
		place[of(r)] = i
	}
	for _, r := range slices.Concat(a, b) {
		i, known := place[of(r)]
		if !known {
			i = len(rows)
			rows, place[of(r)] = append(rows, r), i
		}
		rows[i].Seen, rows[i].Checked = rows[i].Seen || r.Seen, rows[i].Checked || r.Checked
	}
	return rows
}

// mergeStatistics has the rows of a, and those that only b has after them.
func mergeStatistics(a, b []suite.Statistic) []suite.Statistic {
	rows := slices.Clone(a)
	place := map[string]int{}
	for i, s := range rows {
		place[s.Pattern] = i
	}
	for _, s := range b {
		i, known := place[s.Pattern]
		if !known {
			place[s.Pattern] = len(rows)
			rows = append(rows, s)
			continue
		}
		rows[i].Seen, rows[i].Moved = rows[i].Seen || s.Seen, rows[i].Moved || s.Moved
		rows[i].Cases = slices.Clone(rows[i].Cases)
		for _, id := range s.Cases {
			if !slices.Contains(rows[i].Cases, id) {
				rows[i].Cases = append(rows[i].Cases, id)
			}
		}
	}
	return rows
}
