// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// shared is the file whose keys stand in for those a target leaves out.
const shared = "all"

// ErrNoTarget is wrapped by errors about a target that no layer has.
var ErrNoTarget = errors.New("Target not found")

// Options say what Load reads.
type Options struct {
	Layers []facts.Layer      // of NAME.yml files, nearest first
	Warn   func(*facts.Fault) // called with keys that have no effect; nil means nobody listens
}

// A Catalogue knows the releases that several layers describe. It may be used
// from several goroutines.
type Catalogue struct {
	options Options
	files   map[string][]int // layers that have a file, by its name

	mu       sync.Mutex
	releases map[string]*readRelease
	vocab    func() facts.Vocabulary
}

type readRelease struct {
	release *Release
	err     error
}

// Load finds out which targets there are. A target's file is read when it is
// asked for, so a broken one harms nobody else.
func Load(o Options) (*Catalogue, error) {
	if o.Warn == nil {
		o.Warn = func(*facts.Fault) {}
	}
	c := &Catalogue{options: o, files: map[string][]int{}, releases: map[string]*readRelease{}}
	c.vocab = sync.OnceValue(c.vocabulary)
	var errs []error
	for i, layer := range o.Layers {
		files, err := layer.Files(".")
		errs = append(errs, err)
		for _, file := range files {
			name := strings.TrimSuffix(path.Base(file), ".yml")
			c.files[name] = append(c.files[name], i)
		}
	}
	return c, yamldoc.Join(errs...)
}

// Names lists the targets, sorted.
func (c *Catalogue) Names() []string {
	names := slices.Sorted(maps.Keys(c.files))
	return slices.DeleteFunc(names, func(n string) bool { return n == shared })
}

// Release reads a target, the values of a nearer layer before those of the
// ones below and all.yml last. The error wraps ErrNoTarget, or joins all that
// is wrong with the target's files.
func (c *Catalogue) Release(name string) (*Release, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.releases[name]
	if !ok {
		r = &readRelease{}
		r.release, r.err = c.read(name, c.files[name])
		c.releases[name] = r
	}
	return r.release, r.err
}

// read reads a target from some of the layers that have it.
func (c *Catalogue) read(name string, layers []int) (*Release, error) {
	if len(layers) == 0 || name == shared {
		err := fmt.Errorf("%w: %s", ErrNoTarget, yamldoc.OneLine(name))
		hint := strings.Trim(facts.DidYouMean(name, c.Names()), " ()")
		return nil, &Error{Target: name, Err: facts.WithHint(err, hint)}
	}
	d := decoder{keys: keys{}}
	var errs []error
	for _, i := range layers {
		errs = append(errs, c.layer(c.options.Layers[i], name+".yml", d.keys))
	}
	for _, i := range c.files[shared] {
		errs = append(errs, c.layer(c.options.Layers[i], shared+".yml", d.keys))
	}
	first := c.options.Layers[layers[0]]
	d.start = facts.Position{File: first.Path(name + ".yml"), Line: 1}
	release := d.release(name)
	errs = append(errs, d.errs...)
	if err := yamldoc.Join(errs...); err != nil {
		return nil, &Error{Target: name, Err: err}
	}
	return release, nil
}

// layer adds the keys of one file where no nearer one says anything of them.
func (c *Catalogue) layer(layer facts.Layer, file string, nearer keys) error {
	data, err := layer.Read(file)
	if err != nil {
		return err
	}
	doc, err := yamldoc.Parse(layer.Path(file), data, 0)
	if err != nil || doc.IsNull() {
		return err
	}
	own := keys{}
	err = own.add(doc, "")
	for _, key := range slices.Sorted(maps.Keys(own)) {
		if field := own[key]; !layer.Proven && !isKnown(key) {
			c.options.Warn(yamldoc.Faultf(field.Pos, "unknown key %s%s", yamldoc.Quote(key), facts.DidYouMean(key, slices.Concat(knownKeys, groups))))
		}
	}
	nearer.fill(own)
	return err
}

// Vocabulary gives what selectors can be made of: the distributions of all
// targets that can be read, the packaging formats and the architectures.
func (c *Catalogue) Vocabulary() facts.Vocabulary { return c.vocab() }

func (c *Catalogue) vocabulary() facts.Vocabulary {
	v := facts.Vocabulary{Formats: Formats(), Distributions: map[string][]string{}}
	for _, arch := range Arches() {
		v.Arches = append(v.Arches, string(arch))
	}
	// What is odd about a target is said when it is asked for, not here.
	quiet := &Catalogue{options: Options{Layers: c.options.Layers, Warn: func(*facts.Fault) {}}, files: c.files}
	for _, name := range c.Names() {
		layers := c.files[name]
		r, err := quiet.read(name, layers)
		if err != nil && len(layers) > 1 {
			r, err = quiet.read(name, layers[len(layers)-1:]) // a broken override hides no distribution
		}
		if err == nil {
			v.Distributions[r.OS.Name] = append(v.Distributions[r.OS.Name], r.OS.Version)
		}
	}
	return v
}
