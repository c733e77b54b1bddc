// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"cmp"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// maxParallel is GitLab's limit on the instances of a job.
const maxParallel = 200

func (j *jobDecoder) parallel(def *definition) {
	v := j.v.get("parallel")
	if v == nil {
		return
	}
	if v.kind == mapping {
		j.keys(v, "parallel", "matrix")
		if matrix := v.get("matrix"); matrix != nil {
			def.matrix, def.labels = j.matrix(matrix)
		} else {
			j.errorf(v.pos, "parallel has neither a number nor a matrix")
		}
	} else {
		total := j.integer(v, "parallel", 1, maxParallel)
		for i := range total {
			def.matrix = append(def.matrix, settings{})
			def.labels = append(def.labels, fmt.Sprintf(" %d/%d", i+1, total))
		}
	}
	for _, label := range def.labels {
		if !j.nameLength(v.pos, def.job.Name+label) {
			break
		}
	}
}

// nodeVariables returns the predefined variables of an instance of a parallel job.
func nodeVariables(index, total int) settings {
	return settings{
		"CI_NODE_INDEX": {value: strconv.Itoa(index), raw: true, from: FromGitLab},
		"CI_NODE_TOTAL": {value: strconv.Itoa(total), raw: true, from: FromGitLab},
	}
}

// matrix returns the variables and the name suffix of each instance, in GitLab's
// order: the last variable of an entry changes fastest.
func (d *decoder) matrix(v *value) (instances []settings, labels []string) {
	for _, entry := range d.flatWithin(v, "parallel: matrix", 1) {
		if entry.kind != mapping || len(entry.fields) == 0 {
			d.errorf(entry.pos, "parallel: matrix takes a list of mappings")
			continue
		}
		rows := [][]string{nil}
		for _, f := range entry.fields {
			d.named(f)
			values := d.matrixValues(f)
			if len(rows)*len(values) > maxParallel {
				d.errorf(v.pos, "parallel: matrix makes more than %d jobs", maxParallel)
				return nil, nil
			}
			var next [][]string
			for _, row := range rows {
				for _, value := range values {
					next = append(next, append(row[:len(row):len(row)], value))
				}
			}
			rows = next
		}
		for _, row := range rows {
			vars := settings{}
			for i, f := range entry.fields {
				vars[f.key] = setting{value: row[i], from: FromJob}
			}
			instances = append(instances, vars)
			labels = append(labels, ": ["+strings.Join(row, ", ")+"]")
		}
		if len(instances) > maxParallel {
			d.errorf(v.pos, "parallel: matrix makes more than %d jobs", maxParallel)
			return nil, nil
		}
	}
	return instances, labels
}

func (d *decoder) matrixValues(f field) []string {
	what := "parallel: matrix: " + yamldoc.OneLine(f.key)
	items := []*value{f.value}
	if f.value.kind >= list {
		items = d.flatWithin(f.value, what, 1)
	}
	var out []string
	for _, item := range items {
		if _, whole := new(big.Int).SetString(item.text, 10); item.kind != text && (item.kind != number || !whole) {
			d.errorf(item.pos, "%s takes strings and whole numbers, got %s", what, cmp.Or(item.text, item.describe()))
		}
		out = append(out, item.text)
	}
	if len(out) == 0 {
		d.errorf(f.pos, "parallel: matrix: %s has no values", f.key)
	}
	return out
}
