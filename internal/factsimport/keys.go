// SPDX-License-Identifier: GPL-2.0-or-later

package factsimport

import (
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

type keyValue struct{ key, value string }

// keyValues lists what the original's targets say, in the order of our files.
// What only our targets have, mirrors for example, is not among it.
func keyValues(r *targets.Release) []keyValue {
	values := []keyValue{
		{"os.name", r.OS.Name}, {"os.version", r.OS.Version}, {"os.stable", ""},
		{"packaging.format", r.Packaging.Format}, {"packaging.command", r.Packaging.Command}, {"packaging.repos", strings.Join(r.Packaging.Repos, " ")},
		{"paths.bash", r.Paths.Bash}, {"paths.cc", r.Paths.CC}, {"paths.ccache", r.Paths.CCache}, {"paths.make", r.Paths.Make},
		{"paths.ninja", r.Paths.Ninja}, {"paths.pip3", r.Paths.Pip3}, {"paths.python", r.Paths.Python}, {"paths.sudoers", r.Paths.Sudoers},
	}
	if !r.OS.Stable {
		values[2].value = strconv.FormatBool(false)
	}
	if c := r.Containers; c != nil {
		values = append(values, keyValue{"containers.base", c.Base})
	}
	if c := r.Cirrus; c != nil {
		values = append(values, keyValue{"cirrus.instance_type", c.InstanceType}, keyValue{"cirrus.image_selector", c.ImageSelector},
			keyValue{"cirrus.image_name", c.ImageName}, keyValue{"cirrus.arch", string(c.Arch)})
	}
	return values
}

func compareKeys(name string, ours, theirs *targets.Release) []KeyChange {
	var changes []KeyChange
	have := map[string]string{}
	for _, v := range keyValues(ours) {
		have[v.key] = v.value
	}
	for _, v := range keyValues(theirs) {
		if have[v.key] != v.value {
			changes = append(changes, KeyChange{name, v.key, have[v.key], v.value})
		}
		delete(have, v.key)
	}
	for _, v := range keyValues(ours) {
		if value := have[v.key]; value != "" {
			changes = append(changes, KeyChange{name, v.key, value, ""})
		}
	}
	return changes
}
