// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

// app is shared by all commands: the standard streams, the global options and
// the workspace.
type app struct {
	stdio.Streams

	command *cobra.Command     // the command that runs
	help    *stdio.ErrorKeeper // stdout for the help of commands, whose errors cobra ignores

	debug    bool
	verbose  bool // show the whole output of image builds
	strict   bool
	offline  bool
	dataDir  string
	factsDir string
	config   string
	baseDir  string // project directory; "" for the current directory

	settings settings.Settings

	openWorkspace func() *workspace.Workspace
	warnings      workspace.Warnings
}

func (a *app) prepare() {
	a.openWorkspace = sync.OnceValue(func() *workspace.Workspace {
		return workspace.New(workspace.Options{
			DataDir: a.dataDir, FactsDir: a.factsDir, BaseDir: a.baseDir, CacheDir: userdirs.Cache(a.Getenv), Offline: a.offline,
			Warnings: &a.warnings, Warnf: a.warnf, Getenv: a.Getenv, Log: a.log(),
		})
	})
}

func (a *app) workspace() *workspace.Workspace { return a.openWorkspace() }

// log returns a logger to stderr with --debug, and one that discards everything
// otherwise.
func (a *app) log() *slog.Logger {
	if !a.debug {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.Messages(), &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: hideSecrets}))
}

// hideSecrets hides secrets of URLs in an attribute of the log.
func hideSecrets(_ []string, attr slog.Attr) slog.Attr {
	text := attr.Value.String()
	if hidden := redact.URLs(text); hidden != text {
		attr.Value = slog.StringValue(hidden)
	}
	return attr
}

// warnf prints a warning. about is a job, a target or a position in a file, or
// "".
func (a *app) warnf(about, format string, args ...any) {
	a.warnings.Print(a.Infof, about, fmt.Sprintf(format, args...))
}

// checkWarnings prints the pending warnings to stderr. With --strict, it returns
// them as an error instead.
func (a *app) checkWarnings() error { return a.warnings.Check(a.strict, a.Infof) }
