// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
)

type dockerfileFlags struct{ imageplan.Dockerfiles }

func (d *dockerfileFlags) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&d.Files, "dockerfile", nil, "Dockerfile of the project whose image to run in, instead of a target; may be repeated")
	f.StringVar(&d.Context, "context", "", "build context of the Dockerfiles (default the project directory)")
	f.StringArrayVar(&d.Args, "build-arg", nil, "build argument of the Dockerfiles, NAME=VALUE; may be repeated")
}

func (d *dockerfileFlags) check(cmd *cobra.Command) error {
	for _, a := range d.Args {
		if name, _, ok := strings.Cut(a, "="); !ok || name == "" {
			return cliflags.Usagef(cmd, "argument --build-arg: expected NAME=VALUE, got %q", a)
		}
	}
	if len(d.Files) == 0 && (d.Context != "" || len(d.Args) > 0) {
		return cliflags.Usagef(cmd, "arguments --context and --build-arg: only allowed with argument --dockerfile")
	}
	return nil
}
