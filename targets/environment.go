// SPDX-License-Identifier: GPL-2.0-or-later

package targets

// Environment returns the name of a target's build environment, for example
// "debian-13" or "debian-13-cross-s390x".
func (t Target) Environment() string { return EnvironmentName(t.Name, t.Cross) }

// EnvironmentName returns the name of a build environment. cross may be "".
func EnvironmentName(target string, cross Arch) string {
	if cross == "" {
		return target
	}
	return target + "-cross-" + string(cross)
}
