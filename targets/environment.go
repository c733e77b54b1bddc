// SPDX-License-Identifier: GPL-2.0-or-later

package targets

// Environment names the build environment of a target: "debian-13", or
// "debian-13-cross-s390x".
func (t Target) Environment() string { return EnvironmentName(t.Name, t.Cross) }

// EnvironmentName names the build environment of a target by its name, for
// machines of another architecture if cross is not empty.
func EnvironmentName(target string, cross Arch) string {
	if cross == "" {
		return target
	}
	return target + "-cross-" + string(cross)
}
