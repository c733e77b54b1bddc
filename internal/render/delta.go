// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"bytes"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// Addable splits a Dockerfile of t that Dockerfile has written, with or without
// its header, into the packages of its last installing command, sorted by byte,
// and the rest. If the rests of two Dockerfiles are equal, the images differ
// only in those packages, and AddLayer can add missing ones.
//
// ok is false if the order of layers matters, because the results of pip and
// cpanm may depend on installed packages. It is also false if Dockerfile has not
// written the text.
func Addable(t targets.Target, dockerfile []byte) (packages []string, rest []byte, ok bool) {
	f, known := formats[t.Packaging.Format]
	if !known {
		return nil, nil, false
	}
	r := recipe{target: t, wrapper: f.wrapper(t)}
	for _, other := range []string{"RUN " + t.Paths.Pip3 + " install ", "RUN cpanm "} {
		if bytes.Contains(dockerfile, []byte(other)) {
			return nil, nil, false
		}
	}
	command := f.install(r)
	begin := bytes.LastIndex(dockerfile, []byte("    "+command+" "))
	if begin < 0 {
		return nil, nil, false
	}
	begin += len("    " + command + " ")
	end := bytes.Index(dockerfile[begin:], []byte(" && \\\n"))
	if end < 0 {
		return nil, nil, false
	}
	end += begin
	packages = words(string(dockerfile[begin:end]))
	if len(packages) == 0 || !slices.IsSorted(packages) || r.withNames(command, packages, t.Packaging.Command) != command+" "+string(dockerfile[begin:end]) {
		return nil, nil, false
	}
	return packages, slices.Concat(dockerfile[:begin], dockerfile[end:]), true
}

// words is the inverse of names, if no word contains a space.
func words(list string) []string {
	all := strings.Fields(strings.ReplaceAll(list, "\\\n", " "))
	for i, word := range all {
		if inner, quoted := strings.CutPrefix(word, "'"); quoted {
			all[i] = strings.ReplaceAll(strings.TrimSuffix(inner, "'"), `'"'"'`, "'")
		}
	}
	return all
}

// AddLayer returns the instruction that installs packages in an image of t's
// Dockerfile. The build fails if that would remove packages.
func AddLayer(t targets.Target, names []string) ([]byte, error) {
	f, ok := formats[t.Packaging.Format]
	if !ok {
		return nil, &UnsupportedError{Output: "Dockerfile", Target: t}
	}
	r := recipe{target: t, packages: &targets.Packages{}, image: true, wrapper: f.wrapper(t)}
	commands := append(f.add(r, names), f.list())
	return []byte("RUN " + strings.Join(commands, " && \\\n    ") + "\n"), nil
}
