// SPDX-License-Identifier: GPL-2.0-or-later

// Package workspace provides the facts that a command works with: the built-in
// facts, those of the data directory, and projects given by URL or path.
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

// Options say where the facts are. All functions must be set.
type Options struct {
	DataDir  string // "" for the usual one, if it is there
	FactsDir string // in place of the built-in facts, "" for these
	BaseDir  string // of the project at hand, "" for the current directory
	CacheDir string // for what is fetched, "" for none
	Offline  bool   // send no network requests

	Warnings *Warnings
	Warnf    func(about, format string, args ...any) // prints a warning immediately
	Getenv   func(string) string
	Log      *slog.Logger
}

// A Workspace reads facts on first use and caches them. It is safe for
// concurrent use.
type Workspace struct {
	o Options

	layersOnce    func() ([]facts.Layer, error)
	catalogueOnce func() (*targets.Catalogue, error)
	factsOnce     func() (*facts.Set, error)
	sourceOnce    func() (*projectsource.Source, error)
}

// New returns a workspace. It reads nothing yet.
func New(o Options) *Workspace {
	w := &Workspace{o: o}
	w.layersOnce = sync.OnceValues(w.readLayers)
	w.catalogueOnce = sync.OnceValues(w.readCatalogue)
	w.factsOnce = sync.OnceValues(func() (*facts.Set, error) { return w.readFacts(nil) })
	w.sourceOnce = sync.OnceValues(w.lockedSource)
	return w
}

// WithoutRequests returns a workspace that reads projects given by URL only from
// the cache. It shares the facts that were read.
func (w *Workspace) WithoutRequests() *Workspace {
	quiet := *w
	quiet.o.Offline = true
	quiet.sourceOnce = sync.OnceValues(quiet.lockedSource)
	return &quiet
}

// BaseDir returns the directory of the current project.
func (w *Workspace) BaseDir() string {
	if w.o.BaseDir == "" {
		return "."
	}
	return w.o.BaseDir
}

// DefaultDataDir is the data directory if it exists and no other is given.
const DefaultDataDir = "ci/lcitool"

// DataDir returns the data directory, or "". The default is looked up below the
// project's base directory, then below the current directory.
func (w *Workspace) DataDir() string {
	if w.o.DataDir != "" {
		return w.o.DataDir
	}
	if tree := w.dataTree(); tree != "" {
		return filepath.Join(tree, filepath.FromSlash(DefaultDataDir))
	}
	return ""
}

// dataTree returns the directory that contains the default data directory, or
// "".
func (w *Workspace) dataTree() string {
	for _, tree := range []string{w.BaseDir(), "."} {
		if _, err := os.Lstat(filepath.Join(tree, filepath.FromSlash(DefaultDataDir))); err == nil {
			return tree
		}
	}
	return ""
}

// DataLayer returns the layer of the data directory. Only a data directory given
// by the user may be outside of the tree.
func (w *Workspace) DataLayer() (facts.Layer, error) {
	if w.o.DataDir != "" {
		return facts.Dir(w.o.DataDir)
	}
	return facts.TreeDir(w.dataTree(), DefaultDataDir)
}

// readLayers returns the layers of facts, nearest first, without the built-in
// targets.
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
	layer, err := facts.Whole(w.o.FactsDir)
	if err != nil {
		return nil, err
	}
	return append(layers, layer), nil
}

// Catalogue returns the targets.
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

// Facts returns the mappings and projects, with additional layers of projects
// before all others.
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
