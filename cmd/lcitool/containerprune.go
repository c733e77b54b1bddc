// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
)

func newContainerPrune(a *app) *cobra.Command {
	engine := &engineFlags{app: a}
	var dryRun bool
	var format string
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what killed runs left behind",
		Long: `Remove containers, volumes, images without a name and temporary directories of runs
whose process is gone. Nothing of a live run is touched, nor an image with a name.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			e, err := engine.connect(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			left, err := e.Prune(cmd.Context(), container.PruneOptions{DryRun: dryRun})
			if format == "json" {
				if jsonErr := a.json(append([]container.Leftover{}, left...)); jsonErr != nil {
					return jsonErr
				}
				return err
			}
			verb := "removed"
			if dryRun {
				verb = "would remove"
			}
			lines := make([]string, len(left))
			for i, l := range left {
				lines[i] = fmt.Sprintf("%s %s %s", verb, l.Kind, l.Name)
			}
			if len(left) == 0 && err == nil {
				a.tell("nothing to remove")
			}
			if lineErr := a.lines(lines); lineErr != nil {
				return lineErr
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only list")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	engine.flags(cmd)
	return cmd
}
