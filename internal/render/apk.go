// SPDX-License-Identifier: GPL-2.0-or-later

package render

import "gitlab.com/lcitool/lcitool/targets"

type apk struct{}

func (apk) wrapper(targets.Target) string { return "" }

func (apk) install(r recipe) string { return r.target.Packaging.Command + " add" }

func (a apk) native(r recipe) []string {
	command := r.target.Packaging.Command
	return []string{
		command + " update",
		command + " upgrade",
		r.withNames(a.install(r), r.packages.Native, command),
	}
}

// foreign returns nothing, because no apk target cross compiles.
func (apk) foreign(recipe) []string { return nil }

func (a apk) add(r recipe, names []string) []string {
	command := r.target.Packaging.Command
	return []string{command + " update", r.withNames(a.install(r), names, command)}
}

func (apk) cache(string) (first string, commands []string) { return "", nil }

func (apk) list() string { return "apk list --installed | sort > /packages.txt" }
