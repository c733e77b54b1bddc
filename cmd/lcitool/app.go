// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

// app is what all verbs share: the streams, the options before the verb, and
// the workspace.
type app struct {
	stdio.Streams

	command *cobra.Command // the verb at work

	debug    bool
	verbose  bool // show all that builds of images say
	strict   bool
	offline  bool
	dataDir  string
	factsDir string
	config   string
	baseDir  string // of the project at hand, "" for the current directory

	settings settings.Settings

	openWorkspace func() *workspace.Workspace
	warnings      workspace.Warnings
}

// prepare readies what the options before the verb decide.
func (a *app) prepare() {
	a.openWorkspace = sync.OnceValue(func() *workspace.Workspace {
		return workspace.New(workspace.Options{
			DataDir: a.dataDir, FactsDir: a.factsDir, BaseDir: a.baseDir, CacheDir: userdirs.Cache(a.Getenv), Offline: a.offline,
			Warnings: &a.warnings, Warnf: a.warnf, Getenv: a.Getenv, Log: a.log(),
		})
	})
}

// workspace has the facts.
func (a *app) workspace() *workspace.Workspace { return a.openWorkspace() }

// log writes what a verb does for people to follow, to stderr.
func (a *app) log() *slog.Logger {
	if !a.debug {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.Messages(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
