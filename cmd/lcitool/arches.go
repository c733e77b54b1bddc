// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/targets"
)

// archName gives our name of an architecture, and leaves what is none as it is.
func archName(name string) string {
	if arch, err := targets.ParseArch(name); err == nil {
		return string(arch)
	}
	return name
}

func archNames(arches []targets.Arch) []string {
	names := make([]string, 0, len(arches))
	for _, arch := range arches {
		names = append(names, string(arch))
	}
	return names
}

func crossArchFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVarP(value, "cross-arch", "x", "", "architecture to build for")
	completeArches(cmd, "cross-arch", targets.Arches())
}

// completeArches completes the values of a flag, other names of the
// architectures among them.
func completeArches(cmd *cobra.Command, flag string, arches []targets.Arch) {
	names := archNames(arches)
	for _, arch := range arches {
		for _, other := range arch.OtherNames() {
			names = append(names, cobra.CompletionWithDesc(other, string(arch)))
		}
	}
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	if err != nil { // only for a flag that is not there
		panic(err)
	}
}
