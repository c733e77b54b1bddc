// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

// mirrors reads where mirrors are said to be.
func (a *app) mirrors() *envimage.Mirrors {
	return envimage.ReadMirrors(a.settings.Mirrors(), a.log())
}

// readSettings reads the settings of the user and of the project at hand.
func (a *app) readSettings() error {
	file, err := a.settingsFile()
	if usage, ok := errors.AsType[*cliflags.UsageError](err); ok && isVerb(a.command, originalVerbs()) {
		a.warnings.AddError(usage) // the original reads no settings for these
		err = nil
	}
	if err != nil {
		return err
	}
	if file != "" {
		if a.settings.User, err = settings.ReadUser(file); err != nil {
			return err
		}
	}
	start, err := filepath.Abs(a.baseDir)
	if err != nil {
		return fmt.Errorf("cannot find the current directory: %w", err)
	}
	// A tree of somebody else's keeps no verb from working.
	if a.settings.Project, err = settings.ReadProject(settings.FindProject(start)); err != nil {
		a.settings.Project = nil
		for _, e := range diag.Leaves(err) {
			a.warnings.AddError(e)
		}
	}
	for _, w := range a.settings.Warnings() {
		a.warn(w)
	}
	return nil
}

// fromSettings gives each option that nobody gave the value that the settings
// have for it. It counts as one that was not given.
func (a *app) fromSettings(cmd *cobra.Command) error {
	if !readsSettings(cmd) {
		return nil
	}
	if err := a.readSettings(); err != nil {
		return err
	}
	for _, key := range settings.Keys() {
		f := cmd.Flags().Lookup(key.Flag)
		if key.Flag == "" || f == nil || f.Changed || !isVerb(cmd, key.Verbs) || yields(cmd, key.Name) {
			continue
		}
		value, ok := a.settings.Lookup(key.Name)
		if !ok {
			continue
		}
		if err := cmd.Flags().Set(f.Name, value.Text); err != nil {
			return fmt.Errorf("%s: %s: %w", value.Pos, key.Name, err)
		}
		f.Changed = false
	}
	return nil
}

// readsSettings reports whether a verb does: those that only speak of lcitool
// itself work whatever the files hold.
func readsSettings(cmd *cobra.Command) bool {
	switch verbPath(cmd) {
	case "version", "help", "completion", "doctor", "install", "update", "hosts", "build", "":
		return false
	}
	return true
}

// originalVerbs are those of the original that read no settings there.
func originalVerbs() []string {
	return []string{"targets", "projects", "variables", "dockerfile", "buildenvscript", "manifest"}
}

// yields reports whether a setting gives way to an option on the command line.
func yields(cmd *cobra.Command, key string) bool {
	given := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { f := cmd.Flags().Lookup(name); return f != nil && f.Changed })
	}
	switch key {
	case "connection":
		return given("url")
	case "image.prefix", "image.tag":
		return given("render")
	}
	return false
}

// verbPath is a command without the program's name.
func verbPath(cmd *cobra.Command) string {
	_, rest, _ := strings.Cut(cmd.CommandPath(), " ")
	return rest
}

// isVerb reports whether a command is one of the verbs; nil stands for all.
func isVerb(cmd *cobra.Command, verbs []string) bool {
	return verbs == nil || slices.Contains(verbs, verbPath(cmd))
}

// settingsFile is the file named by --config, or the user's own if there is
// one, else "".
func (a *app) settingsFile() (string, error) {
	if a.config == "" {
		return settings.UserFile(userdirs.Config(a.Getenv))
	}
	f, err := os.Open(a.config)
	if err != nil {
		return "", cliflags.Usagef(a.command, "argument --config: cannot read %q: %w", a.config, err)
	}
	return a.config, f.Close()
}
