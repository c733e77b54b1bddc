// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/settings"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func (a *app) mirrors() *envimage.Mirrors {
	return envimage.ReadMirrors(a.settings.Mirrors(), a.log())
}

// fromSettings reads the settings of the user and of the current project, and
// applies them to flags that are not set.
func (a *app) fromSettings(cmd *cobra.Command) error {
	verb := verbPath(cmd)
	if !readsSettings(verb) {
		return nil
	}
	file, err := a.settingsFile()
	if usage, ok := errors.AsType[*cliflags.UsageError](err); ok && slices.Contains(originalVerbs(), verb) {
		a.warnings.AddError(usage) // the original lcitool reads no settings for these
		err = nil
	}
	if err != nil {
		return err
	}
	read, warnings, err := settings.Read(file, a.baseDir)
	for _, w := range warnings {
		a.warnings.AddError(w)
	}
	if err != nil {
		return err
	}
	a.settings = read
	return read.Apply(cmd.Flags(), verb, a.warnings.AddError)
}

// readsSettings reports whether a command reads settings. Commands about lcitool
// itself do not, so they work even if the files are invalid.
func readsSettings(verb string) bool {
	switch verb {
	case "version", "help", "completion", "doctor", "install", "update", "hosts", "build", "":
		return false
	}
	return true
}

// originalVerbs returns the commands that read no settings in the original
// lcitool.
func originalVerbs() []string {
	return []string{"targets", "projects", "variables", "dockerfile", "buildenvscript", "manifest"}
}

// verbPath returns the command's name without that of the program.
func verbPath(cmd *cobra.Command) string {
	_, rest, _ := strings.Cut(cmd.CommandPath(), " ")
	return rest
}

// settingsFile returns the file of --config, or the user's settings file, or ""
// if there is none.
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
