// SPDX-License-Identifier: GPL-2.0-or-later

// Package render writes Dockerfiles, build-environment scripts or variables
// from a target with its packages.
//
// Every function is one of its arguments alone. Bodies end without a newline;
// what prints them adds the header and the newline.
package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/targets"
)

// Layers choose the parts of a Dockerfile.
type Layers string

// The choices of layers.
const (
	AllLayers    Layers = "all"
	NativeLayers Layers = "native" // what the build machine needs
	ForeignLayer Layers = "foreign"
)

// DockerfileOptions change what Dockerfile writes.
type DockerfileOptions struct {
	Base   string // image to start from; "" means the target's own
	Layers Layers // "" means all

	PackageCache bool // also write the Recipe
}

// An UnsupportedError is a target for which an output makes no sense.
type UnsupportedError struct {
	Output string // "Dockerfile", "build-environment script"
	Target targets.Target
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("Target %s doesn't support this generator", e.Target)
}

// A Body is the text of a Dockerfile with what an image made from it can be
// extended by. Where the Rest of two is equal, the images differ in Packages
// alone, and AddLayer makes one of the other if it only lacks some.
type Body struct {
	Text     []byte
	Packages []string // that the last installing command names, sorted by byte
	Rest     []byte   // the text without them; nil when the order of layers matters

	// Recipe makes the same image and keeps the packages that it fetches in a
	// cache mount, from one build to the next. It is nil for a packaging that we
	// know no way for.
	Recipe []byte
}

// Dockerfile writes the recipe of an image in which projects that need p can
// be built. Only targets with apk, deb or rpm packages have one; for others
// the error is an *UnsupportedError.
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
	if len(last) > 0 && !slices.ContainsFunc(last, hasBlank) { // what lists packages joins them by blanks
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

// A dockerfile is one way to write a Dockerfile.
type dockerfile struct {
	recipe
	format format
	base   string
	layers Layers
	first  string   // command that layers begin with before which cache stands, "" for none
	cache  []string // commands that keep packages
}

// write gives the text, and the packages that its last installing command names
// if no order of layers matters.
func (d *dockerfile) write() (text []byte, last []string) {
	t, p := d.target, d.packages
	var b bytes.Buffer
	b.WriteString("FROM " + d.base)
	if d.layers != ForeignLayer {
		for _, group := range d.native(d.format) {
			d.writeRun(&b, group)
		}
		b.WriteString("\n\n" + assignments("ENV ", nativeEnv(t, p)))
		if len(p.PyPI)+len(p.CPAN) == 0 {
			last = p.Native
		}
	}
	if t.Cross != "" && d.layers != NativeLayers {
		d.writeRun(&b, d.foreign(d.format))
		b.WriteString("\n\n" + assignments("ENV ", foreignEnv(t, p)))
		if last != nil || d.layers == ForeignLayer {
			last = p.Foreign
		}
	}
	return b.Bytes(), last
}

// writeRun writes commands as one layer of an image.
func (d *dockerfile) writeRun(b *bytes.Buffer, commands []string) {
	before := "\n\nRUN "
	if d.first != "" && commands[0] == d.first {
		before += "--mount=type=cache,id=lcitool-" + d.target.Name + ",target=" + cacheDir + " \\\n    "
		commands = slices.Concat(d.cache, commands)
	}
	b.WriteString(before + strings.Join(commands, " && \\\n    "))
}

// BuildEnvScript writes a shell script with a function install_buildenv, which
// turns a machine that runs the target into a build environment, and the
// variables that builds then want. Targets without apk, deb or rpm packages
// have none; the error is an *UnsupportedError.
func BuildEnvScript(t targets.Target, p *targets.Packages) ([]byte, error) {
	f, ok := formats[t.Packaging.Format]
	if !ok {
		return nil, &UnsupportedError{Output: "build-environment script", Target: t}
	}
	r := recipe{target: t, packages: p}
	var commands []string
	for _, group := range r.native(f) {
		commands = append(commands, group...)
	}
	blocks := []string{assignments("export ", nativeEnv(t, p))}
	if t.Cross != "" {
		commands = append(commands, r.foreign(f)...)
		blocks = append(blocks, assignments("export ", foreignEnv(t, p)))
	}
	var b bytes.Buffer
	b.WriteString("function install_buildenv() {\n")
	for _, c := range commands {
		b.WriteString("    ")
		b.WriteString(c)
		b.WriteByte('\n')
	}
	b.WriteString("}\n\n" + strings.Join(blocks, "\n\n"))
	return b.Bytes(), nil
}

// reference matches what can be one word of a FROM line and nothing but the
// name of an image: no option, no variable.
var reference = lazyregexp.New(`^[A-Za-z0-9./~_][A-Za-z0-9./~_@%+=:,-]*$`)

func checkReference(image string) error {
	if !reference.MatchString(image) {
		return fmt.Errorf("cannot start from image %q: not an image reference", image)
	}
	return nil
}

// cacheDir is where a cache of packages is mounted while a layer is made. It
// is not the packaging's own directory: images of Docker have a hook that empties
// that one.
const cacheDir = "/var/cache/lcitool"

// CheckDockerfile says whether a Dockerfile can be written for t.
func CheckDockerfile(t targets.Target) error { return check(t, "Dockerfile") }

// CheckBuildEnvScript says whether a build-environment script can be written
// for t.
func CheckBuildEnvScript(t targets.Target) error { return check(t, "build-environment script") }

func check(t targets.Target, output string) error {
	if _, ok := formats[t.Packaging.Format]; !ok {
		return &UnsupportedError{Output: output, Target: t}
	}
	return nil
}
