// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"fmt"
	"strings"
)

// VariableOptions are the command-line options for variables of a pipeline.
type VariableOptions struct {
	Asked  []string // NAME=VALUE
	Dotenv []string // files with NAME=VALUE lines
	Files  []string // NAME=FILE, of type file
	Mask   []string // names of those that are masked
}

// Check returns an error for an invalid NAME=FILE.
func (o *VariableOptions) Check() error {
	for _, asked := range o.Files {
		name, file, ok := strings.Cut(asked, "=")
		if err := CheckName(name); !ok || file == "" || err != nil {
			return fmt.Errorf("argument --file-var: expected NAME=FILE, got %q", asked)
		}
	}
	return nil
}

// PipelineVariables are the variables that a pipeline is given.
type PipelineVariables struct {
	All   []string          // NAME=VALUE; of equal names the last one counts
	Files map[string][]byte // values of variables of type file, by name

	masked []string // names
}

// ReadVariables merges the variables of the settings with those of options,
// which take precedence.
func (s Settings) ReadVariables(o VariableOptions) (*PipelineVariables, error) {
	v := &PipelineVariables{Files: map[string][]byte{}, masked: o.Mask}
	var fromFiles []string
	for _, file := range o.Dotenv {
		list, err := ReadDotenv(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the variables: %w", err)
		}
		fromFiles = append(fromFiles, list...)
	}
	given := map[string]bool{}
	for _, list := range [][]string{o.Asked, fromFiles, o.Files} {
		for _, variable := range list {
			name, _, _ := strings.Cut(variable, "=")
			given[name] = true
		}
	}
	for _, s := range s.Variables() {
		if s.Masked {
			v.masked = append(v.masked, s.Name)
		}
		switch {
		case given[s.Name]:
		case s.Path != "":
			if err := v.readFile(s.Name, s.Path); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Pos, err)
			}
		default:
			v.All = append(v.All, s.Name+"="+s.Value)
		}
	}
	for _, asked := range o.Files {
		name, file, _ := strings.Cut(asked, "=")
		if err := v.readFile(name, file); err != nil {
			return nil, err
		}
	}
	v.All = append(append(v.All, fromFiles...), o.Asked...)
	return v, nil
}

func (v *PipelineVariables) readFile(name, file string) error {
	data, err := ReadValue(file)
	if err != nil {
		return fmt.Errorf("cannot read variable %s: %w", name, err)
	}
	v.Files[name] = data
	return nil
}

// Hidden returns the values of masked variables. env are further variables,
// NAME=VALUE.
func (v *PipelineVariables) Hidden(env []string) []string {
	var out []string
	for _, name := range v.masked {
		for _, variable := range append(append([]string{}, v.All...), env...) {
			if value, ok := strings.CutPrefix(variable, name+"="); ok && value != "" {
				out = append(out, value)
			}
		}
		if data := strings.TrimSpace(string(v.Files[name])); data != "" {
			out = append(append(out, data), strings.Split(data, "\n")...)
		}
	}
	return out
}
