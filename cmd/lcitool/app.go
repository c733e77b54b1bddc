// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/targets"
)

// app is what all verbs share: the streams, the options before the verb, and
// the facts, which are read when a verb first asks for them.
type app struct {
	stdin          *os.File
	stdout, stderr io.Writer
	getenv         func(string) string

	command *cobra.Command // the verb at work

	debug    bool
	strict   bool
	offline  bool
	dataDir  string
	factsDir string
	config   string
	baseDir  string // of the project at hand, "" for the current directory

	layersOnce    func() ([]facts.Layer, error)
	catalogueOnce func() (*targets.Catalogue, error)
	factsOnce     func() (*facts.Set, error)
	sourceOnce    func() (*projectsource.Source, error)
	warnings      warnings
}

// defaultDataDir is used when it is there and no other was named.
const defaultDataDir = "ci/lcitool"

// prepare readies what the options before the verb decide.
func (a *app) prepare() {
	a.layersOnce = sync.OnceValues(a.readLayers)
	a.catalogueOnce = sync.OnceValues(a.readCatalogue)
	a.factsOnce = sync.OnceValues(func() (*facts.Set, error) { return a.readFacts(nil) })
	a.sourceOnce = sync.OnceValues(a.lockedSource)
}

// log writes what a verb does for people to follow, to stderr.
func (a *app) log() *slog.Logger {
	if !a.debug {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// dataDirectory is the data directory in use, "" for none. The usual one is
// looked for below the project's base directory, then below the current one.
func (a *app) dataDirectory() string {
	if a.dataDir != "" {
		return a.dataDir
	}
	if tree := a.dataTree(); tree != "" {
		return filepath.Join(tree, filepath.FromSlash(defaultDataDir))
	}
	return ""
}

// dataTree is the directory that has the usual data directory, "" for none.
func (a *app) dataTree() string {
	for _, tree := range []string{a.baseDirectory(), "."} {
		if _, err := os.Lstat(filepath.Join(tree, filepath.FromSlash(defaultDataDir))); err == nil {
			return tree
		}
	}
	return ""
}

// dataLayer is the layer of the data directory, which dataDirectory names. Only
// that which the user has named may lead out of the tree.
func (a *app) dataLayer() (facts.Layer, error) {
	if a.dataDir != "" {
		return facts.Dir(a.dataDir)
	}
	return facts.TreeDir(a.dataTree(), defaultDataDir)
}

// readLayers gives the layers of facts, nearest first, without the targets
// that are built in.
func (a *app) readLayers() ([]facts.Layer, error) {
	var layers []facts.Layer
	if a.dataDirectory() != "" {
		layer, err := a.dataLayer()
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	if a.factsDir == "" {
		return append(layers, facts.BuiltIn()), nil
	}
	layer, err := facts.Dir(a.factsDir)
	if err != nil {
		return nil, err
	}
	layer.Bundled = true
	return append(layers, layer), nil
}

// catalogue gives the targets.
func (a *app) catalogue() (*targets.Catalogue, error) { return a.catalogueOnce() }

func (a *app) readCatalogue() (*targets.Catalogue, error) {
	layers, err := a.layersOnce()
	if err != nil {
		return nil, err
	}
	var own []facts.Layer
	for _, l := range layers {
		if !l.Proven {
			own = append(own, l.Sub("targets"))
		}
	}
	if a.factsDir == "" {
		own = append(own, targets.BuiltIn())
	}
	return targets.Load(targets.Options{Layers: own, Warn: a.warn})
}

// facts gives the mappings and projects, with layers of more projects before
// all others.
func (a *app) facts(more ...facts.Layer) (*facts.Set, error) {
	if len(more) == 0 {
		return a.factsOnce()
	}
	return a.readFacts(more)
}

func (a *app) readFacts(more []facts.Layer) (*facts.Set, error) {
	layers, err := a.layersOnce()
	if err != nil {
		return nil, err
	}
	catalogue, err := a.catalogue()
	if err != nil {
		return nil, err
	}
	return facts.Load(facts.Options{
		Layers: slices.Concat(more, layers),
		Known:  catalogue.Vocabulary,
		Warn:   a.warn,
	})
}

// hostArch is the architecture named, or that of this machine.
func hostArch(name string) (targets.Arch, error) {
	if name != "" {
		return targets.ParseArch(name)
	}
	return targets.MachineArch(kernelArch(runtime.GOARCH))
}

// kernelArch is the kernel's name of an architecture that Go names, or "".
func kernelArch(goarch string) string {
	return map[string]string{
		"386": "i686", "amd64": "x86_64", "arm": "armv7l", "arm64": "aarch64", "mips": "mips",
		"mipsle": "mipsel", "mips64le": "mips64el", "ppc64le": "ppc64le", "riscv64": "riscv64", "s390x": "s390x",
	}[goarch]
}
