// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// Settings are the settings of a project, which override those of the user. Both
// may be nil.
type Settings struct {
	Project, User *File
}

// files returns the existing files, by descending precedence.
func (s Settings) files() []*File {
	return slices.DeleteFunc([]*File{s.Project, s.User}, func(f *File) bool { return f == nil })
}

// having returns the files with a value for a key, by descending precedence. A
// project cannot give its jobs the network that the user denies to jobs.
func (s Settings) having(key string) []*File {
	if s.User != nil && key == network && s.User.Values[key].Text == "none" {
		return []*File{s.User}
	}
	return slices.DeleteFunc(s.files(), func(f *File) bool {
		_, ok := f.Values[key]
		return !ok
	})
}

// Lookup returns the value of a key that counts.
func (s Settings) Lookup(key string) (Value, bool) {
	if files := s.having(key); len(files) > 0 {
		return files[0].Values[key], true
	}
	return Value{}, false
}

// Variables returns the variables of the pipeline, sorted by name. Those of the
// project override those of the user.
func (s Settings) Variables() []Variable {
	all := map[string]Variable{}
	for _, f := range slices.Backward(s.files()) {
		for _, v := range f.Variables {
			all[v.Name] = v
		}
	}
	var out []Variable
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

// Mirrors returns the mirrors by target or distribution, in lower case.
func (s Settings) Mirrors() map[string]string {
	all := map[string]string{}
	for _, f := range slices.Backward(s.files()) {
		maps.Copy(all, f.Mirrors)
	}
	return all
}

// Warnings lists keys that have no effect.
func (s Settings) Warnings() []*diag.Error {
	var out []*diag.Error
	for _, f := range s.files() {
		out = append(out, f.Warnings...)
	}
	return out
}
