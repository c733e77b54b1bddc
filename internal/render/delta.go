// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// Addable gives the packages of the last layer that installs any, sorted by
// byte: those for the cross architecture if there is one, else the host's. An
// image that lacks some of them can be had them added by AddLayer. The rest is
// the Dockerfile without their names: where two rests are equal, the images
// differ in nothing else.
//
// ok is false when the order of layers matters, since what pip or cpanm makes
// may be another thing once one more package is there, and when a name has a
// blank in it, which none of a distribution has.
func Addable(t targets.Target, p *targets.Packages, o DockerfileOptions) (packages []string, rest []byte, ok bool) {
	if len(p.PyPI) > 0 || len(p.CPAN) > 0 || o.Layers != "" && o.Layers != AllLayers {
		return nil, nil, false
	}
	without := *p
	if t.Cross == "" {
		packages, without.Native = p.Native, nil
	} else {
		packages, without.Foreign = p.Foreign, nil
	}
	if slices.ContainsFunc(packages, func(name string) bool { return strings.ContainsAny(name, " \t\n") }) {
		return nil, nil, false
	}
	rest, err := Dockerfile(t, &without, o)
	return packages, rest, err == nil
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
