// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newFacts makes the verb whose actions look after the facts themselves.
func newFacts(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "facts ACTION",
		Short: "Check and compare the facts",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{cmd, fmt.Errorf("unknown action %q", args[0])}
			}
			return &usageError{cmd, fmt.Errorf("an action is required, see lcitool facts --help")}
		},
	}
	cmd.AddCommand(newFactsDiff(a), newFactsImport(a), newFactsLint(a), newFactsVerify(a))
	return cmd
}
