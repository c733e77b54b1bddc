// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// knownKeys are the keys of a target's file. Keys about the installation of
// machines are accepted but not used. Keys below cross.compilers are
// architectures.
var knownKeys = []string{ //nolint:gochecknoglobals // a table that nothing writes to
	"os.name", "os.version", "os.stable", "os.libosinfo_id",
	"packaging.format", "packaging.command", "packaging.repos",
	"paths.bash", "paths.cc", "paths.ccache", "paths.make", "paths.ninja", "paths.pip3", "paths.python", "paths.sudoers",
	"containers.base",
	"cirrus.instance_type", "cirrus.image_selector", "cirrus.image_name", "cirrus.arch",
	"install.unattended_scheme", "install.url",
	"ansible_python_package", "ansible_python_interpreter", "ansible_ssh_pass",
	"mirror.url", "mirror.suite", "mirror.components", "mirror.keyring",
}

// groups are the keys that contain other keys.
var groups = []string{"os", "packaging", "paths", "containers", "cirrus", "install", "cross", "cross.compilers", "mirror", "mirror.repos"} //nolint:gochecknoglobals // a table that nothing writes to

const compilersPrefix = "cross.compilers."

// isKnown reports whether a dotted key is valid. The names of a mirror's
// repositories are not restricted.
func isKnown(key string) bool {
	if arch, ok := strings.CutPrefix(key, compilersPrefix); ok {
		_, err := ParseArch(arch)
		return err == nil
	}
	return slices.Contains(knownKeys, key) || slices.Contains(groups, key) || strings.HasPrefix(key, "mirror.repos.")
}

// keys contains the fields of a target's files by their dotted keys, including
// groups.
type keys map[string]yamldoc.Field

// add adds the fields of a mapping and of its groups.
func (k keys) add(n yamldoc.Node, prefix string) error {
	fields, err := n.Mapping()
	errs := []error{err}
	for _, f := range fields {
		key := prefix + f.Key
		k[key] = f
		switch {
		case !slices.Contains(groups, key) || f.Value.IsNull():
		default:
			errs = append(errs, k.add(f.Value, key+"."))
		}
	}
	return diag.Join(errs...)
}

// fill adds fields of farther that k does not have: groups key by key, other
// values as a whole. A null counts as a value, also for a group.
func (k keys) fill(farther keys) {
	hidden := map[string]bool{}
	for _, group := range groups {
		if f, ok := k[group]; ok && f.Value.IsNull() {
			hidden[group] = true
		}
	}
	for key, field := range farther {
		if at := strings.LastIndexByte(key, '.'); at >= 0 && (hidden[key[:at]] || hidden[groupOf(key)]) {
			continue
		}
		if _, ok := k[key]; !ok {
			k[key] = field
		}
	}
}

func groupOf(key string) string {
	group, _, _ := strings.Cut(key, ".")
	return group
}
