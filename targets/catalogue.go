// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/parallel"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// shared is the file with default values for all targets.
const shared = "all"

// ErrNoTarget is wrapped by errors about a target that no layer has.
var ErrNoTarget = errors.New("Target not found")

// Options are the options of Load.
type Options struct {
	Layers []facts.Layer        // of NAME.yml files, nearest first
	Warn   func(*facts.Problem) // called with keys that have no effect; nil means nobody listens
}

// A Catalogue contains the releases of several layers. It is safe for concurrent
// use.
type Catalogue struct {
	options Options
	files   map[string][]int // layers that have a file, by its name

	distributions distributionReader

	mu       sync.Mutex
	releases map[string]*readRelease
	vocab    func() facts.Vocabulary
}

type readRelease struct {
	once    sync.Once
	release *Release
	ignored []*facts.Problem // reported when the release is first used
	err     error
}

// Load lists the targets. A target's file is read on first use, so an invalid
// one does not affect others.
func Load(o Options) (*Catalogue, error) {
	if o.Warn == nil {
		o.Warn = func(*facts.Problem) {}
	}
	c := &Catalogue{options: o, files: map[string][]int{}, releases: map[string]*readRelease{}}
	c.vocab = sync.OnceValue(c.vocabulary)
	var errs []error
	for i, layer := range o.Layers {
		files, err := layer.Files(".")
		errs = append(errs, err)
		for _, f := range layer.Dangling(".") {
			o.Warn(f)
		}
		for _, file := range files {
			name := strings.TrimSuffix(path.Base(file), ".yml")
			c.files[name] = append(c.files[name], i)
		}
	}
	return c, diag.Join(errs...)
}

// Names returns the targets, sorted.
func (c *Catalogue) Names() []string {
	names := slices.Sorted(maps.Keys(c.files))
	return slices.DeleteFunc(names, func(n string) bool { return n == shared })
}

// Release reads a target. Values of nearer layers take precedence; all.yml comes
// last. The error wraps ErrNoTarget, or joins the problems of the target's
// files.
func (c *Catalogue) Release(name string) (*Release, error) {
	r := c.readOnce(name)
	c.mu.Lock()
	ignored := r.ignored
	r.ignored = nil
	c.mu.Unlock()
	for _, f := range ignored {
		c.options.Warn(f)
	}
	return r.release, r.err
}

// ReadAhead reads targets in parallel and caches them for Release. It ignores
// unknown names.
func (c *Catalogue) ReadAhead(names []string) {
	parallel.Share(len(names), func(numbers iter.Seq[int]) {
		for i := range numbers {
			if name := names[i]; len(c.files[name]) > 0 {
				c.readOnce(name) // the error is cached for Release
			}
		}
	})
}

func (c *Catalogue) readOnce(name string) *readRelease {
	c.mu.Lock()
	r, ok := c.releases[name]
	if !ok {
		r = &readRelease{}
		c.releases[name] = r
	}
	c.mu.Unlock()
	r.once.Do(func() { r.release, r.ignored, r.err = c.read(name, c.files[name]) })
	return r
}

// hintNames suggests targets instead of one that does not exist: the releases of
// the distribution, or the most similar name.
func (c *Catalogue) hintNames(name string) string {
	of, releases := name, []string(nil)
	for _, other := range c.Names() {
		if strings.HasPrefix(other, name+"-") {
			releases = append(releases, other)
		}
	}
	if at := strings.LastIndexByte(name, '-'); at > 0 && releases == nil {
		of = name[:at]
		for _, other := range c.Names() {
			if i := strings.LastIndexByte(other, '-'); i == at && other[:i] == of {
				releases = append(releases, other)
			}
		}
	}
	if len(releases) > 0 {
		return "targets of " + of + ": " + strings.Join(releases, ", ")
	}
	return facts.Suggestion(name, c.Names())
}

// read reads a target from some of the layers that have it. ignored are keys
// without effect.
func (c *Catalogue) read(name string, layers []int) (release *Release, ignored []*facts.Problem, err error) {
	if len(layers) == 0 || name == shared {
		err := fmt.Errorf("%w: %s", ErrNoTarget, yamldoc.OneLine(name))
		return nil, nil, &Error{Target: name, Err: diag.WithHint(err, c.hintNames(name))}
	}
	d := decoder{distributions: &c.distributions}
	var errs []error
	add := func(layer int, file string) {
		farther, unknown, err := readLayer(c.options.Layers[layer], file)
		if d.keys == nil {
			d.keys = farther
		} else {
			d.keys.fill(farther)
		}
		ignored = append(ignored, unknown...)
		errs = append(errs, err)
	}
	for _, i := range layers {
		add(i, name+".yml")
	}
	for _, i := range c.files[shared] {
		add(i, shared+".yml")
	}
	first := c.options.Layers[layers[0]]
	d.start = facts.Position{File: first.Path(name + ".yml"), Line: 1}
	if !d.has("os.name") && !d.has("os.version") && !d.has("packaging.format") {
		err := diag.Errorf(d.start, "the keys os.name, os.version and packaging.format are missing, and no other facts have the target %q", name)
		errs = append(errs, diag.WithHint(err, "remove a file that changes a target of earlier facts, or add all keys that a target has"))
		return nil, ignored, &Error{Target: name, Err: diag.Join(errs...)}
	}
	release = d.release(name)
	errs = append(errs, d.errs...)
	if err := diag.Join(errs...); err != nil {
		return nil, ignored, &Error{Target: name, Err: err}
	}
	return release, ignored, nil
}

// readLayer returns the keys of one file, nil if it is empty or cannot be read.
// ignored are keys without effect.
func readLayer(layer facts.Layer, file string) (own keys, ignored []*facts.Problem, err error) {
	data, err := layer.Read(file)
	if err != nil {
		return nil, nil, err
	}
	doc, err := yamldoc.Parse(layer.Path(file), data, 0)
	if err != nil || doc.IsNull() {
		return nil, nil, err
	}
	own = make(keys, len(knownKeys)+len(groups))
	err = own.add(doc, "")
	ignored = doc.Duplicates()
	if !layer.Proven {
		for _, key := range slices.Sorted(maps.Keys(own)) {
			if !isKnown(key) {
				hint := facts.DidYouMean(key, slices.Concat(knownKeys, groups))
				ignored = append(ignored, diag.Errorf(own[key].Pos, "unknown key %s%s", yamldoc.Quote(key), hint))
			}
		}
	}
	return own, ignored, err
}

// Vocabulary returns the valid parts of selectors: the distributions of all
// valid targets, the packaging formats and the architectures.
func (c *Catalogue) Vocabulary() facts.Vocabulary { return c.vocab() }

func (c *Catalogue) vocabulary() facts.Vocabulary {
	v := facts.Vocabulary{Formats: Formats(), Distributions: map[string][]string{}}
	for _, arch := range Arches() {
		v.Arches = append(v.Arches, string(arch))
	}
	// Warnings about a target are reported when it is used.
	for _, name := range c.Names() {
		layers := c.files[name]
		r, _, err := c.read(name, layers)
		if err != nil && len(layers) > 1 {
			r, _, err = c.read(name, layers[len(layers)-1:]) // a broken override hides no distribution
		}
		if err == nil {
			v.Distributions[r.OS.Name] = append(v.Distributions[r.OS.Name], r.OS.Version)
		}
	}
	return v
}
