// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

// A pruned is one line of what prune did, or would do.
type pruned struct {
	container.Leftover
	Expires *time.Time `json:"expires,omitempty"` // of a container that stays; nil for what goes
}

// line says it in words.
func (p pruned) line(dryRun bool, now time.Time) string {
	switch {
	case p.Expires != nil:
		return fmt.Sprintf("would keep %s %s for %s", p.Kind, p.Name, daysLeft(p.Expires.Sub(now)))
	case dryRun:
		return fmt.Sprintf("would remove %s %s", p.Kind, p.Name)
	}
	return fmt.Sprintf("removed %s %s", p.Kind, p.Name)
}

// daysLeft rounds up: what is said to stay for a day is not gone after an hour.
func daysLeft(d time.Duration) string {
	days := int((d + 24*time.Hour - 1) / (24 * time.Hour))
	if days == 1 {
		return "1 more day"
	}
	return fmt.Sprintf("%d more days", days)
}

func newContainerPrune(a *app) *cobra.Command {
	engine := &engineFlags{app: a}
	var o container.PruneOptions
	var format string
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove what killed runs left behind",
		Long: `Remove containers, volumes, images without a name, conmon processes and temporary
directories of runs whose process is gone. Nothing of a live run is touched, nor an
image with a name, nor anything that no record in the state directory proves to be
lcitool's. What looks like a leftover of an earlier version is only named.

Containers of failed jobs that were kept to be looked into stay for a week, the
newest five of them; --dry-run lists them too, --kept removes them all. What ccache
stored in jobs of "lcitool job run" stays for the next one until --caches removes it.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			e, err := engine.connect(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			list, err := prune(cmd.Context(), e, o, a.checkouts())
			if format == "json" {
				return errors.Join(a.json(append([]pruned{}, list...)), err, a.warnUnproven(cmd.Context(), e))
			}
			lines := make([]string, len(list))
			for i, p := range list {
				lines[i] = p.line(o.DryRun, time.Now())
			}
			if len(list) == 0 && err == nil {
				a.infof("nothing to remove")
			}
			return errors.Join(a.lines(lines), err, a.warnUnproven(cmd.Context(), e))
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.DryRun, "dry-run", "n", false, "list what would be removed, and kept containers with their remaining time")
	f.BoolVar(&o.Kept, "kept", false, "also remove the kept containers of failed jobs")
	f.BoolVar(&o.Caches, "caches", false, "also remove ccache's data of earlier jobs, and checked-out trees")
	f.StringVar(&format, "format", "text", "text or json")
	engine.flags(cmd)
	return cmd
}

// prune returns what goes, and in a dry run what is kept. Runs of jobs make
// directories below parents that a kill leaves.
func prune(ctx context.Context, e *container.Engine, o container.PruneOptions, parents ...string) ([]pruned, error) {
	left, err := e.Prune(ctx, o)
	var list []pruned
	for _, l := range left {
		list = append(list, pruned{Leftover: l})
	}
	for _, parent := range parents {
		if !o.DryRun {
			err = errors.Join(err, jobrun.SweepKept(ctx, e, parent))
		}
		for _, dir := range scratch.Abandoned(parent) {
			list = append(list, pruned{Leftover: container.Leftover{Kind: "directory", Name: dir}})
		}
		if !o.DryRun {
			scratch.Sweep(parent)
			trees := checkout.CacheIn(parent)
			if trees.Sweep(); o.Caches {
				trees.Clear()
			}
		}
	}
	if !o.DryRun || err != nil {
		return list, err
	}
	kept, err := e.Kept(ctx)
	for _, k := range kept {
		if slices.ContainsFunc(left, func(l container.Leftover) bool { return l.Name == k.Name }) {
			continue
		}
		expires := k.Expires()
		list = append(list, pruned{container.Leftover{Kind: "container", Name: k.Name}, &expires})
	}
	return list, err
}

// warnUnproven names what may be a leftover but is not proven to be ours.
func (a *app) warnUnproven(ctx context.Context, e *container.Engine) error {
	list, err := e.Unproven(ctx)
	for _, l := range list {
		remove := "podman rm --force --volumes "
		if l.Kind == "volume" {
			remove = "podman volume rm "
		}
		a.infof("%s %s has the labels of an lcitool that is gone, but no record; it stays", l.Kind, l.Name)
		a.infof("hint: %s%s", remove, l.Name)
	}
	return err
}
