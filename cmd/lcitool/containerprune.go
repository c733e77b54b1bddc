// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/leftovers"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func newContainerPrune(a *app) *cobra.Command {
	engine := &engineFlags{app: a}
	var o api.PruneOptions
	var format string
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what killed runs left behind",
		Long: `Remove containers, volumes, untagged images, conmon processes and temporary directories
of runs whose process no longer exists, and the images of interrupted searches. Other tagged
images, objects of active runs, and objects that have no record in the state directory
(~/.local/state/lcitool) are not removed.
Possible leftovers of earlier versions are listed, but not removed.

Kept containers of failed jobs are removed after a week, or when there are five newer
ones. With --dry-run, the remaining ones are listed as well; with --kept, all of them are
removed. The ccache volumes, the images of --debug-tools and the cached checkouts of
"lcitool job run" stay for later jobs until --caches removes them.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := engine.connect(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			list, err := leftovers.Prune(cmd.Context(), e, o, pipelinerun.CheckoutsDir(userdirs.Cache(a.Getenv)))
			if format == "json" {
				return errors.Join(a.JSON(append([]leftovers.Pruned{}, list...)), err, a.warnUnproven(cmd.Context(), e))
			}
			lines := make([]string, len(list))
			for i, p := range list {
				lines[i] = p.Line(o.DryRun, time.Now())
			}
			if len(list) == 0 && err == nil {
				a.Infof("nothing to remove")
			}
			return errors.Join(a.Lines(lines), err, a.warnUnproven(cmd.Context(), e))
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.DryRun, "dry-run", "n", false, "only list what would be removed, and how long kept containers will stay")
	f.BoolVar(&o.Kept, "kept", false, "also remove the kept containers of failed jobs")
	f.BoolVar(&o.Caches, "caches", false, "also remove the ccache volumes of earlier jobs, the images of --debug-tools and the cached checkouts")
	cliflags.Choice(f, &format, "format", "", "output format: text or json", "text", "json")
	engine.flags(cmd)
	return cmd
}

// warnUnproven lists possible leftovers that no record proves to be lcitool's.
func (a *app) warnUnproven(ctx context.Context, e *container.Engine) error {
	lines, err := leftovers.Unproven(ctx, e)
	a.Infos(lines)
	return err
}
