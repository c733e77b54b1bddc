// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

// Read reads the settings of the user, from a file or "" for none, and of the
// project that contains dir. Errors in a project's file are only warnings,
// because an untrusted tree must not break commands.
func Read(user, dir string) (s Settings, warnings []error, err error) {
	if user != "" {
		if s.User, err = ReadUser(user); err != nil {
			return s, nil, err
		}
	}
	start, err := filepath.Abs(dir)
	if err != nil {
		return s, nil, fmt.Errorf("cannot find the current directory: %w", err)
	}
	if s.Project, err = ReadProject(FindProject(start)); err != nil { // the settings without errors count
		warnings = diag.Leaves(err)
	}
	for _, w := range s.Warnings() {
		warnings = append(warnings, w)
	}
	return s, warnings, nil
}

// Yield takes back what Apply set for flags that another flag, set since then,
// overrides.
func Yield(flags *pflag.FlagSet) error {
	for _, key := range Keys() {
		f, stronger := flags.Lookup(key.Flag), flags.Lookup(key.Yields)
		if f == nil || f.Changed || stronger == nil || !stronger.Changed {
			continue
		}
		if err := f.Value.Set(f.DefValue); err != nil {
			return fmt.Errorf("--%s: %w", f.Name, err)
		}
	}
	return nil
}

// Apply sets each flag of a command that has no value yet to that of the
// settings. The flag still counts as not given. A value that it cannot have is
// an error in the user's file, and in a project's file a warning. It is removed
// from the settings.
func (s Settings) Apply(flags *pflag.FlagSet, verb string, warn func(error)) error {
	for _, key := range Keys() {
		f := flags.Lookup(key.Flag)
		if key.Flag == "" || f == nil || f.Changed || key.Verbs != nil && !slices.Contains(key.Verbs, verb) {
			continue
		}
		if stronger := flags.Lookup(key.Yields); key.Yields != "" && stronger != nil && stronger.Changed {
			continue
		}
		for _, file := range s.having(key.Name) {
			value := file.Values[key.Name]
			err := cliflags.SetChoice(flags, f, value.Text)
			f.Changed = false
			if err == nil {
				break
			}
			delete(file.Values, key.Name)
			err = fmt.Errorf("%s: %s: %w", value.Pos, key.Name, err)
			if file == s.User {
				return err
			}
			warn(err)
			if err := f.Value.Set(f.DefValue); err != nil { // which a failed attempt may have changed
				return err
			}
		}
	}
	return nil
}
