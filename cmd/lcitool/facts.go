// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/clihelp"
)

func newFacts(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "facts COMMAND",
		Short: "Check and compare the facts: package names, targets and projects",
		Args:  cobra.ArbitraryArgs,
		RunE:  clihelp.NeedAction,
	}
	cmd.AddCommand(newFactsDiff(a), newFactsImport(a), newFactsLint(a), newFactsVerify(a))
	return cmd
}
