// SPDX-License-Identifier: GPL-2.0-or-later

// Package workspace knows the facts that a command works with: those that are
// built in, those of the user's data directory and those that projects refer to
// by URL or path.
package workspace

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/targets"
)

// Options say where facts are. All functions must be set.
type Options struct {
	DataDir  string // "" for the usual one, if it is there
	FactsDir string // in place of the built-in facts, "" for these
	BaseDir  string // of the project at hand, "" for the current directory
	CacheDir string // for what is fetched, "" for none
	Offline  bool   // no request leaves the machine

	Warnings *Warnings
	Warnf    func(about, format string, args ...any) // warns at once
	Getenv   func(string) string
	Log      *slog.Logger
}

// A Workspace reads facts when they are first asked for, once. It is safe for
// use by several goroutines.
type Workspace struct {
	o Options

	layersOnce    func() ([]facts.Layer, error)
	catalogueOnce func() (*targets.Catalogue, error)
	factsOnce     func() (*facts.Set, error)
	sourceOnce    func() (*projectsource.Source, error)
}

// New gives a workspace. Nothing is read yet.
func New(o Options) *Workspace {
	w := &Workspace{o: o}
	w.layersOnce = sync.OnceValues(w.readLayers)
	w.catalogueOnce = sync.OnceValues(w.readCatalogue)
	w.factsOnce = sync.OnceValues(func() (*facts.Set, error) { return w.readFacts(nil) })
	w.sourceOnce = sync.OnceValues(w.lockedSource)
	return w
}

// WithoutRequests is a workspace that takes projects named by URL from the cache
// alone. It shares what has been read.
func (w *Workspace) WithoutRequests() *Workspace {
	quiet := *w
	quiet.o.Offline = true
	quiet.sourceOnce = sync.OnceValues(quiet.lockedSource)
	return &quiet
}

// BaseDir is the directory of the project at hand.
func (w *Workspace) BaseDir() string {
	if w.o.BaseDir == "" {
		return "."
	}
	return w.o.BaseDir
}

// DefaultDataDir is used when it is there and no other was named.
const DefaultDataDir = "ci/lcitool"

// DataDir is the data directory in use, "" for none. The usual one is
// looked for below the project's base directory, then below the current one.
func (w *Workspace) DataDir() string {
	if w.o.DataDir != "" {
		return w.o.DataDir
	}
	if tree := w.dataTree(); tree != "" {
		return filepath.Join(tree, filepath.FromSlash(DefaultDataDir))
	}
	return ""
}

// dataTree is the directory that has the usual data directory, "" for none.
func (w *Workspace) dataTree() string {
	for _, tree := range []string{w.BaseDir(), "."} {
		if _, err := os.Lstat(filepath.Join(tree, filepath.FromSlash(DefaultDataDir))); err == nil {
			return tree
		}
	}
	return ""
}

// DataLayer is the layer of the data directory, which dataDirectory names. Only
// that which the user has named may lead out of the tree.
func (w *Workspace) DataLayer() (facts.Layer, error) {
	if w.o.DataDir != "" {
		return facts.Dir(w.o.DataDir)
	}
	return facts.TreeDir(w.dataTree(), DefaultDataDir)
}

// readLayers gives the layers of facts, nearest first, without the targets
// that are built in.
func (w *Workspace) readLayers() ([]facts.Layer, error) {
	var layers []facts.Layer
	if w.DataDir() != "" {
		layer, err := w.DataLayer()
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	if w.o.FactsDir == "" {
		return append(layers, facts.BuiltIn()), nil
	}
	layer, err := facts.Dir(w.o.FactsDir)
	if err != nil {
		return nil, err
	}
	layer.Bundled = true
	return append(layers, layer), nil
}

// Catalogue gives the targets.
func (w *Workspace) Catalogue() (*targets.Catalogue, error) { return w.catalogueOnce() }

func (w *Workspace) readCatalogue() (*targets.Catalogue, error) {
	layers, err := w.layersOnce()
	if err != nil {
		return nil, err
	}
	var own []facts.Layer
	for _, l := range layers {
		if !l.Proven {
			own = append(own, l.Sub("targets"))
		}
	}
	if w.o.FactsDir == "" {
		own = append(own, targets.BuiltIn())
	}
	return targets.Load(targets.Options{Layers: own, Warn: w.o.Warnings.Add})
}

// Facts gives the mappings and projects, with layers of more projects before
// all others.
func (w *Workspace) Facts(more ...facts.Layer) (*facts.Set, error) {
	if len(more) == 0 {
		return w.factsOnce()
	}
	return w.readFacts(more)
}

func (w *Workspace) readFacts(more []facts.Layer) (*facts.Set, error) {
	layers, err := w.layersOnce()
	if err != nil {
		return nil, err
	}
	catalogue, err := w.Catalogue()
	if err != nil {
		return nil, err
	}
	return facts.Load(facts.Options{
		Layers: slices.Concat(more, layers),
		Known:  catalogue.Vocabulary,
		Warn:   w.o.Warnings.Add,
	})
}
