// SPDX-License-Identifier: GPL-2.0-or-later

// Package leftovers removes what killed runs left behind.
package leftovers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

// A Pruned is one thing that Prune removed, or would.
type Pruned struct {
	api.Leftover
	Expires *time.Time `json:"expires,omitempty"` // of a container that stays; nil for what goes
}

// Line describes it in one line.
func (p Pruned) Line(dryRun bool, now time.Time) string {
	switch {
	case p.Expires != nil:
		return fmt.Sprintf("would keep %s %s for %s", p.Kind, p.Name, daysLeft(p.Expires.Sub(now)))
	case dryRun:
		return fmt.Sprintf("would remove %s %s", p.Kind, p.Name)
	}
	return fmt.Sprintf("removed %s %s", p.Kind, p.Name)
}

// daysLeft rounds up, so that nothing is removed earlier than announced.
func daysLeft(d time.Duration) string {
	days := int((d + 24*time.Hour - 1) / (24 * time.Hour))
	if days == 1 {
		return "1 more day"
	}
	return fmt.Sprintf("%d more days", days)
}

// An engine has what killed runs leave.
type engine interface {
	jobrun.KeptEngine
	Prune(ctx context.Context, o api.PruneOptions) ([]api.Leftover, error)
	Unproven(ctx context.Context) ([]api.Leftover, error)
}

// Prune returns what it removes, and in a dry run also what it would keep. parents
// are the directories in which runs of jobs make temporary directories.
func Prune(ctx context.Context, e engine, o api.PruneOptions, parents ...string) ([]Pruned, error) {
	left, err := e.Prune(ctx, o)
	var list []Pruned
	for _, l := range left {
		list = append(list, Pruned{Leftover: l})
	}
	for _, parent := range parents {
		if safefs.IsOthers(parent) { // for example in /tmp
			err = errors.Join(err, fmt.Errorf("%s belongs to somebody else", parent))
			continue
		}
		if !o.DryRun {
			err = errors.Join(err, jobrun.SweepKept(ctx, e, parent))
		}
		for _, dir := range scratch.Abandoned(parent) {
			list = append(list, Pruned{Leftover: api.Leftover{Kind: "directory", Name: dir}})
		}
		if !o.DryRun {
			scratch.Sweep(parent)
			trees, indexes := checkout.CacheIn(parent), checkout.IndexesIn(parent)
			trees.Sweep()
			if indexes.Sweep(); o.Caches {
				trees.Clear()
				indexes.Clear()
			}
		}
	}
	if !o.DryRun || err != nil {
		return list, err
	}
	kept, err := e.Kept(ctx)
	for _, k := range kept {
		if slices.ContainsFunc(left, func(l api.Leftover) bool { return l.Name == k.Name }) {
			continue
		}
		expires := k.Expires()
		list = append(list, Pruned{api.Leftover{Kind: "container", Name: k.Name}, &expires})
	}
	return list, err
}

// Unproven returns what may be left over but is not proven to be ours, each with
// a hint.
func Unproven(ctx context.Context, e engine) ([]string, error) {
	list, err := e.Unproven(ctx)
	var lines []string
	for _, l := range list {
		remove := "podman rm --force --volumes "
		if l.Kind == "volume" {
			remove = "podman volume rm "
		}
		lines = append(lines, fmt.Sprintf("%s %s has the labels of an lcitool that is gone, but no record; it stays", l.Kind, l.Name), "hint: "+remove+l.Name)
	}
	return lines, err
}
