// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/settings"
)

type variableFlags struct {
	asked settings.VariableOptions
	given *settings.PipelineVariables // nil before load
}

func (v *variableFlags) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&v.asked.Asked, "var", nil, "pipeline variable, NAME=VALUE; may be repeated")
	f.StringArrayVar(&v.asked.Dotenv, "var-file", nil, "file with pipeline variables, one NAME=VALUE per line; may be repeated")
	f.StringArrayVar(&v.asked.Files, "file-var", nil, "pipeline variable of type file, NAME=FILE: its value in jobs is the path of a copy of FILE; may be repeated")
	f.StringArrayVar(&v.asked.Mask, "mask", nil, "name of a variable whose value to mask in job output; may be repeated")
}

// load merges the variables of the command line, files and settings. Further
// calls do nothing.
func (v *variableFlags) load(a *app, cmd *cobra.Command) (err error) {
	if v.given != nil {
		return nil
	}
	if err := v.asked.Check(); err != nil {
		return cliflags.Usage(cmd, err)
	}
	v.given, err = a.settings.ReadVariables(v.asked)
	return err
}
