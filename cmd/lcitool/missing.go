// SPDX-License-Identifier: GPL-2.0-or-later

package main

import "github.com/spf13/cobra"

const missingMachine = `"lcitool container build" makes an image, and "lcitool buildenvscript TARGET PROJECTS" a script with a function that sets a machine up`

// newMissing returns a hidden command for an action of the original lcitool that
// this program does not have. It prints an alternative.
func newMissing(a *app, name, reason, instead string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			a.Infof("lcitool: %s does not exist here: lcitool %s; %s", name, reason, instead)
			return statusError(2)
		},
	}
}
