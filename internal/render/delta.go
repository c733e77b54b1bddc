// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"bytes"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// Addable takes a Dockerfile of t apart that Dockerfile wrote, its header
// included if it has one: into the packages that its last installing command
// names, sorted by byte, and the rest. Where two rests are equal the images
// differ in those packages alone, and AddLayer makes one of the other if it
// only lacks some.
//
// ok is false when the order of layers matters, since what pip or cpanm makes
// may be another thing once one more package is there, and when the text is
// not what Dockerfile writes.
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
	command := []byte("    " + f.install(r) + " ")
	begin := bytes.LastIndex(dockerfile, command)
	if begin < 0 {
		return nil, nil, false
	}
	begin += len(command)
	end := bytes.Index(dockerfile[begin:], []byte(" && \\\n"))
	if end < 0 {
		return nil, nil, false
	}
	end += begin
	packages = words(string(dockerfile[begin:end]))
	if len(packages) == 0 || !slices.IsSorted(packages) || r.names(packages, t.Packaging.Command) != string(dockerfile[begin:end]) {
		return nil, nil, false
	}
	return packages, slices.Concat(dockerfile[:begin], dockerfile[end:]), true
}

// words reads back what names wrote, as far as no word has a blank in it.
func words(list string) []string {
	all := strings.Fields(strings.ReplaceAll(list, "\\\n", " "))
	for i, word := range all {
		if inner, quoted := strings.CutPrefix(word, "'"); quoted {
			all[i] = strings.ReplaceAll(strings.TrimSuffix(inner, "'"), `'"'"'`, "'")
		}
	}
	return all
}

// AddLayer writes the instruction that installs packages in an image made from
// t's Dockerfile. It fails in the builder rather than remove what is there.
func AddLayer(t targets.Target, names []string) ([]byte, error) {
	f, ok := formats[t.Packaging.Format]
	if !ok {
		return nil, &UnsupportedError{Output: "Dockerfile", Target: t}
	}
	r := recipe{target: t, packages: &targets.Packages{}, image: true, wrapper: f.wrapper(t)}
	commands := append(f.add(r, names), f.list())
	return []byte("RUN " + strings.Join(commands, " && \\\n    ") + "\n"), nil
}
