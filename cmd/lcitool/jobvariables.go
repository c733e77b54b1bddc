// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/settings"
)

// variableFlags say which variables a pipeline is given.
type variableFlags struct {
	asked    []string // NAME=VALUE, of --var
	varFiles []string
	fileVars []string // NAME=FILE
	masked   []string // names

	variables []string          // all, NAME=VALUE; of equal names the last one counts
	files     map[string][]byte // values of variables of type file, by name
	loaded    bool
}

func (v *variableFlags) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&v.asked, "var", nil, "variable of the pipeline, NAME=VALUE; may be repeated")
	f.StringArrayVar(&v.varFiles, "var-file", nil, "file with variables of the pipeline, NAME=VALUE lines; may be repeated")
	f.StringArrayVar(&v.fileVars, "file-var", nil, "variable of type file, NAME=FILE: its value in jobs is the path of a copy; may be repeated")
	f.StringArrayVar(&v.masked, "mask", nil, "name of a variable whose value is hidden in job output; may be repeated")
}

// load adds what files and settings say to what the command line says, which
// counts more. It does so once.
func (v *variableFlags) load(a *app, cmd *cobra.Command) error {
	if v.loaded {
		return nil
	}
	v.loaded, v.files = true, map[string][]byte{}
	given := map[string]bool{}
	note := func(list []string, names map[string]bool) {
		for _, variable := range list {
			name, _, _ := strings.Cut(variable, "=")
			names[name] = true
		}
	}
	var fromFiles []string
	for _, file := range v.varFiles {
		list, err := settings.ReadDotenv(file)
		if err != nil {
			return fmt.Errorf("cannot read the variables: %w", err)
		}
		fromFiles = append(fromFiles, list...)
	}
	note(v.asked, given)
	note(fromFiles, given)
	note(v.fileVars, given)
	var preset []string
	for _, s := range a.settings.Variables() {
		if s.Masked {
			v.masked = append(v.masked, s.Name)
		}
		switch {
		case given[s.Name]:
		case s.Path != "":
			if err := v.readFile(s.Name, s.Path); err != nil {
				return fmt.Errorf("%s: %w", s.Pos, err)
			}
		default:
			preset = append(preset, s.Name+"="+s.Value)
		}
	}
	for _, asked := range v.fileVars {
		name, file, ok := strings.Cut(asked, "=")
		if err := settings.CheckName(name); !ok || file == "" || err != nil {
			return &usageError{cmd, fmt.Errorf("argument --file-var: expected NAME=FILE, got %q", asked)}
		}
		if err := v.readFile(name, file); err != nil {
			return err
		}
	}
	v.variables = append(append(preset, fromFiles...), v.asked...)
	return nil
}

func (v *variableFlags) readFile(name, file string) error {
	data, err := settings.ReadValue(file)
	if err != nil {
		return fmt.Errorf("cannot read variable %s: %w", name, err)
	}
	v.files[name] = data
	return nil
}

// hidden gives the values of masked variables.
func (v *variableFlags) hidden(env []string) []string {
	var out []string
	for _, name := range v.masked {
		for _, variable := range append(append([]string{}, v.variables...), env...) {
			if value, ok := strings.CutPrefix(variable, name+"="); ok && value != "" {
				out = append(out, value)
			}
		}
		if data := strings.TrimSpace(string(v.files[name])); data != "" {
			out = append(append(out, data), strings.Split(data, "\n")...)
		}
	}
	return out
}
