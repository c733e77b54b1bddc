// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/completion"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

type archFlags struct{ workspace.Arches }

func (f *archFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.Host, "host-arch", "a", "", "architecture of the build machine (default that of this machine)")
	completeArches(cmd, "host-arch", targets.Machines())
	f.crossFlag(cmd)
}

func (f *archFlags) crossFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.Cross, "cross-arch", "x", "", "architecture to cross-compile for (default none)")
	completeArches(cmd, "cross-arch", targets.Arches())
}

// check refuses unknown architectures and replaces alternative names by
// lcitool's.
func (f *archFlags) check(cmd *cobra.Command) error {
	if err := knownArch(cmd, "host-arch", &f.Host, targets.Machines()); err != nil {
		return err
	}
	return knownArch(cmd, "cross-arch", &f.Cross, targets.Arches())
}

// knownArch refuses a flag's value that is not one of choices, and replaces an
// alternative name by lcitool's. A flag that is not set is valid.
func knownArch(cmd *cobra.Command, flag string, value *string, choices []targets.Arch) error {
	if *value == "" && !cmd.Flags().Changed(flag) {
		return nil
	}
	if arch, err := targets.ParseArch(*value); err == nil {
		*value = string(arch)
	}
	names := make([]string, 0, len(choices))
	for _, arch := range choices {
		names = append(names, string(arch))
	}
	return cliflags.CheckChoice(cmd, flag, *value, names...)
}

func completeArches(cmd *cobra.Command, flag string, arches []targets.Arch) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(completion.Arches(arches), cobra.ShellCompDirectiveNoFileComp))
	if err != nil { // only for an unknown flag
		panic(err)
	}
}
