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
		r.release, r.err = c.read(name)
		c.releases[name] = r
	}
	return r.release, r.err
}

func (c *Catalogue) read(name string) (*Release, error) {
	if _, ok := c.files[name]; !ok || name == shared {
		err := fmt.Errorf("%w: %s", ErrNoTarget, name)
		hint := strings.Trim(facts.DidYouMean(name, c.Names()), " ()")
		return nil, &Error{Target: name, Err: facts.WithHint(err, hint)}
	}
	values := map[string]yamldoc.Field{}
	var errs []error
	for _, file := range []string{name, shared} {
		for _, i := range c.files[file] {
			errs = append(errs, c.layer(c.options.Layers[i], file+".yml", values))
		}
	}
	first := c.options.Layers[c.files[name][0]]
	d := decoder{file: first.Path(name + ".yml"), values: values}
	release := d.release(name)
	errs = append(errs, d.errs...)
	if err := yamldoc.Join(errs...); err != nil {
		return nil, &Error{Target: name, Err: err}
	}
	return release, nil
}

// layer adds the values of one file where none is there yet.
func (c *Catalogue) layer(layer facts.Layer, file string, values map[string]yamldoc.Field) error {
	data, err := layer.Read(file)
	if err != nil {
		return err
	}
	doc, err := yamldoc.Parse(layer.Path(file), data, 0)
	if err != nil || doc.IsNull() {
		return err
	}
	own := map[string]yamldoc.Field{}
	err = flatten(doc, "", own)
	for key, field := range own {
		if !layer.Proven && !slices.Contains(knownKeys, key) && !strings.HasPrefix(key, "mirror.repos.") {
			c.options.Warn(yamldoc.Faultf(field.Pos, "unknown key %q%s", key, facts.DidYouMean(key, knownKeys)))
		}
		if !covered(values, key) {
			values[key] = field
		}
	}
	return err
}

// covered reports whether a nearer file says something of key, be it a value
// above it, below it or in its place.
func covered(values map[string]yamldoc.Field, key string) bool {
	for at := key; ; {
		if _, ok := values[at]; ok {
			return true
		}
		dot := strings.LastIndexByte(at, '.')
		if dot < 0 {
			break
		}
		at = at[:dot]
	}
	return false
}

// flatten writes the leaves of a mapping into values by their dotted keys. A
// mapping without keys is a leaf.
func flatten(n yamldoc.Node, prefix string, values map[string]yamldoc.Field) error {
	fields, err := n.Mapping()
	errs := []error{err}
	for _, f := range fields {
		key := prefix + f.Key
		if f.Value.IsMapping() && strings.Count(key, ".") < 3 {
			below := len(values)
			errs = append(errs, flatten(f.Value, key+".", values))
			if len(values) > below {
				continue
			}
		}
		values[key] = f
	}
	return yamldoc.Join(errs...)
}

// Vocabulary gives what selectors can be made of: the distributions of all
// targets that can be read, the packaging formats and the architectures.
func (c *Catalogue) Vocabulary() facts.Vocabulary { return c.vocab() }

func (c *Catalogue) vocabulary() facts.Vocabulary {
	v := facts.Vocabulary{Formats: Formats(), Distributions: map[string][]string{}}
	for _, arch := range Arches() {
		v.Arches = append(v.Arches, string(arch))
	}
	for _, name := range c.Names() {
		if r, err := c.Release(name); err == nil {
			v.Distributions[r.OS.Name] = append(v.Distributions[r.OS.Name], r.OS.Version)
		}
	}
	return v
}
