// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// changes are the differences between a working tree and HEAD.
type changes struct {
	any        bool     // there are differences, in the index or the files
	unmerged   bool     // the index has conflicts
	files      []string // differ from the index
	submodules []string // have another commit than the index
	left       Left
}

// changes compares the working tree with the index, and the index with HEAD.
// git may write the index, with the times of the files that it has compared. It
// reads only the HEAD of a submodule. prefix is the project below the top
// directory, for the files that git does not track.
func (g git) changes(ctx context.Context, prefix string) (c changes, err error) {
	o := g.own()
	o.WriteIndex = true
	out, err := o.Run(ctx, nil, "status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all", "--ignored=matching", "--ignore-submodules=dirty")
	if err != nil {
		return c, err
	}
	entries := separate(out)
	if prefix != "" {
		prefix += "/"
	}
	for _, e := range entries {
		kind, rest, _ := strings.Cut(e, " ")
		name, below := strings.CutPrefix(rest, prefix)
		switch {
		case kind == "?" && below:
			c.left.Untracked++
		case kind == "!" && below && !strings.HasPrefix(name, ownDir+"/"):
			c.left.Ignored++
		case kind == "u":
			c.unmerged = true
		case kind == "1":
			if err := c.add(rest); err != nil {
				return c, err
			}
		case kind != "?" && kind != "!" && kind != "#":
			return c, fmt.Errorf("git status: unexpected output %q", e)
		}
	}
	return c, nil
}

// add adds a tracked file from what "git status --porcelain=v2" prints after the
// kind of the entry.
func (c *changes) add(entry string) error {
	const submodule = "160000"
	f := strings.SplitN(entry, " ", 8) // XY, submodule, modes of HEAD, index and file, hashes of HEAD and index, name
	if len(f) != 8 || len(f[0]) != 2 {
		return fmt.Errorf("git status: unexpected output %q", entry)
	}
	c.any = true
	switch inIndex, asFile := f[3], f[4]; {
	case f[0][1] == '.': // as in the index
	case inIndex == submodule && (asFile == submodule || asFile == "000000"):
		c.submodules = append(c.submodules, f[7])
	default:
		c.files = append(c.files, f[7])
	}
	return nil
}

// addChanges updates the index from the working tree. It avoids git add, which
// would run git in submodules with their own configuration.
func (g git) addChanges(ctx context.Context, c changes) error {
	if len(c.files) > 0 {
		names := []byte(strings.Join(c.files, "\x00") + "\x00")
		if _, err := g.raw(ctx, names, "update-index", "--add", "--remove", "--replace", "-z", "--stdin"); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(slices.Values(c.submodules)) {
		head, err := submoduleHead(ctx, g.tree, name)
		if err != nil {
			return fmt.Errorf("submodule %q: %w", name, err)
		}
		if head == "" { // not checked out
			continue
		}
		if _, err := g.run(ctx, "update-index", "--cacheinfo", "160000,"+head+","+name); err != nil {
			return err
		}
	}
	return nil
}
