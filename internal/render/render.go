// SPDX-License-Identifier: GPL-2.0-or-later

// Package render renders Dockerfiles, build-environment scripts and variables
// from a target and its packages.
//
// The functions depend only on their arguments. Bodies have no trailing newline;
// callers add the header and the newline.
package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/targets"
)

// Layers selects the parts of a Dockerfile.
type Layers string

const (
	AllLayers    Layers = "all"
	NativeLayers Layers = "native" // what the build machine needs
	ForeignLayer Layers = "foreign"
)

// DockerfileOptions are the options of Dockerfile.
type DockerfileOptions struct {
	Base   string // image to start from; "" means the target's own
	Layers Layers // "" means all

	Delta        bool // also set Packages and Rest
	PackageCache bool // also set Recipe
}

// An UnsupportedError reports a target that does not support an output.
type UnsupportedError struct {
	Output string // "Dockerfile", "build-environment script"
	Target targets.Target
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("Target %s doesn't support this generator", e.Target)
}

// A Body is a Dockerfile with the data for adding packages to its image. If the
// Rests of two Bodies are equal, the images differ only in Packages, and
// AddLayer can add missing ones.
type Body struct {
	Text     []byte
	Packages []string // that the last installing command names, sorted by byte
	Rest     []byte   // the text without them; nil when the order of layers matters, or if it was not asked for

	// Recipe builds the same image and keeps downloaded packages in a cache
	// mount. It is nil if the packaging format does not support that.
	Recipe []byte
}

// Dockerfile renders a Dockerfile for building projects that need p. It supports
// targets with apk, deb or rpm packages. For others the error is an
// *UnsupportedError.
func Dockerfile(t targets.Target, p *targets.Packages, o DockerfileOptions) (Body, error) {
	f, ok := formats[t.Packaging.Format]
	base := o.Base
	if base == "" && t.Containers != nil {
		base = t.Containers.Base
	}
	if !ok {
		return Body{}, &UnsupportedError{Output: "Dockerfile", Target: t}
	}
	if base == "" {
		return Body{}, fmt.Errorf("cannot start from an image: target %s has no containers.base", t.Name)
	}
	if err := checkReference(base); err != nil {
		return Body{}, err
	}
	d := dockerfile{recipe: recipe{target: t, packages: p, image: true, wrapper: f.wrapper(t)}, format: f, base: base, layers: o.Layers}
	text, last := d.write()
	body := Body{Text: text}
	hasBlank := func(name string) bool { return strings.ContainsAny(name, " \t") }
	if o.Delta && len(last) > 0 && !slices.ContainsFunc(last, hasBlank) { // package lists are joined by spaces
		rest := d
		rest.hidden = &hidden{names: last}
		if text, _ := rest.write(); rest.hidden.times == 1 {
			body.Packages, body.Rest = last, text
		}
	}
	if o.PackageCache {
		d.first, d.cache = f.cache(cacheDir)
		if d.first != "" {
			body.Recipe, _ = d.write()
		}
	}
	return body, nil
}

// A dockerfile renders one variant of a Dockerfile.
type dockerfile struct {
	recipe
	format format
	base   string
	layers Layers
	first  string   // first command of layers that need cache, or ""
	cache  []string // commands that keep packages
}

// write returns the text, and the packages of its last installing command unless
// the order of layers matters.
func (d *dockerfile) write() (text []byte, last []string) {
	t, p := d.target, d.packages
	var native [][]string
	if d.layers != ForeignLayer {
		native = d.native(d.format)
	}
	var foreign []string
	if t.Cross != "" && d.layers != NativeLayers {
		foreign = d.foreign(d.format)
	}
	var b bytes.Buffer
	b.Grow(1024 + size(native...) + size(foreign)) // mostly enough
	b.WriteString("FROM " + d.base)
	if native != nil {
		for _, group := range native {
			d.writeRun(&b, group)
		}
		b.WriteString("\n\n")
		writeAssignments(&b, "ENV ", nativeEnv(t, p))
		if len(p.PyPI)+len(p.CPAN) == 0 {
			last = p.Native
		}
	}
	if foreign != nil {
		d.writeRun(&b, foreign)
		b.WriteString("\n\n")
		writeAssignments(&b, "ENV ", foreignEnv(t, p))
		if last != nil || d.layers == ForeignLayer {
			last = p.Foreign
		}
	}
	return b.Bytes(), last
}

// size returns the length of commands with what is between them.
func size(groups ...[]string) int {
	n := 0
	for _, group := range groups {
		for _, command := range group {
			n += len(command) + len(nextCommand)
		}
	}
	return n
}

// nextCommand is between the commands of a layer.
const nextCommand = " && \\\n    "

func (d *dockerfile) writeRun(b *bytes.Buffer, commands []string) {
	b.WriteString("\n\nRUN ")
	if d.first != "" && commands[0] == d.first {
		b.WriteString("--mount=type=cache,id=lcitool-" + d.target.Name + ",target=" + cacheDir + " \\\n    ")
		commands = slices.Concat(d.cache, commands)
	}
	for i, command := range commands {
		if i > 0 {
			b.WriteString(nextCommand)
		}
		b.WriteString(command)
	}
}

// BuildEnvScript renders a shell script with the function install_buildenv,
// which turns a machine with the target into a build environment, and the
// variables for builds. It supports targets with apk, deb or rpm packages. For
// others the error is an *UnsupportedError.
func BuildEnvScript(t targets.Target, p *targets.Packages) ([]byte, error) {
	f, ok := formats[t.Packaging.Format]
	if !ok {
		return nil, &UnsupportedError{Output: "build-environment script", Target: t}
	}
	r := recipe{target: t, packages: p}
	groups := r.native(f)
	if t.Cross != "" {
		groups = append(groups, r.foreign(f))
	}
	var b bytes.Buffer
	b.Grow(512 + size(groups...)) // mostly enough
	b.WriteString("function install_buildenv() {\n")
	for _, group := range groups {
		for _, c := range group {
			b.WriteString("    ")
			b.WriteString(c)
			b.WriteByte('\n')
		}
	}
	b.WriteString("}\n\n")
	writeAssignments(&b, "export ", nativeEnv(t, p))
	if t.Cross != "" {
		b.WriteString("\n\n")
		writeAssignments(&b, "export ", foreignEnv(t, p))
	}
	return b.Bytes(), nil
}

// reference matches image references that are one word in a FROM instruction,
// without options and variables.
var reference = lazyregexp.New(`^[A-Za-z0-9./~_][A-Za-z0-9./~_@%+=:,-]*$`)

func checkReference(image string) error {
	if !reference.MatchString(image) {
		return fmt.Errorf("cannot start from image %q: not an image reference", image)
	}
	return nil
}

// cacheDir is the mount point of the package cache. It is not the package
// manager's own directory, because Docker's images have a hook that empties that
// one.
const cacheDir = "/var/cache/lcitool"

// CheckDockerfile returns an error if t does not support a Dockerfile.
func CheckDockerfile(t targets.Target) error { return check(t, "Dockerfile") }

// CheckBuildEnvScript returns an error if t does not support a build-environment
// script.
func CheckBuildEnvScript(t targets.Target) error { return check(t, "build-environment script") }

func check(t targets.Target, output string) error {
	if _, ok := formats[t.Packaging.Format]; !ok {
		return &UnsupportedError{Output: output, Target: t}
	}
	return nil
}
