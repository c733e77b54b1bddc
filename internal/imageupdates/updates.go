// SPDX-License-Identifier: GPL-2.0-or-later

package imageupdates

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Change is a package with different versions in two images.
type Change struct {
	Name string `json:"name"` // with ":arch" if that is not the images' own
	From string `json:"from"` // version in the good image, "" for none
	To   string `json:"to"`   // version in the bad image, "" for none
}

func (c Change) String() string {
	switch {
	case c.From == "":
		return c.Name + " " + c.To + " (added)"
	case c.To == "":
		return c.Name + " " + c.From + " (removed)"
	}
	return fmt.Sprintf("%s %s -> %s", c.Name, c.From, c.To)
}

// An Update is what changed in the packages of one source package. They belong
// together: most of them demand each other in the same version.
type Update struct {
	Name     string   `json:"name"` // of the source package
	Packages []Change `json:"packages"`
	Missing  []string `json:"missing"` // why it cannot be made, in words; empty if it can
}

// String lists the packages in one line.
func (u *Update) String() string {
	var all []string
	for _, c := range u.Packages {
		all = append(all, c.String())
	}
	return u.Name + ": " + strings.Join(all, ", ")
}

// A Comparison is the difference between two images.
type Comparison struct {
	Good, Bad *Image
	Updates   []Update // sorted by name
}

// Compare finds the updates between two images.
func Compare(good, bad *Image) (*Comparison, error) {
	switch {
	case good.ID == bad.ID:
		return nil, fmt.Errorf("the good and the bad image are the same: %.12s", good.ID)
	case good.Manager != bad.Manager:
		return nil, fmt.Errorf("cannot compare the packages of image %s, which are %s's, with those of %s, which are %s's", good.Reference, good.Manager, bad.Reference, bad.Manager)
	case good.Arch != bad.Arch:
		return nil, fmt.Errorf("cannot compare the packages of image %s for %s with those of %s for %s", good.Reference, good.Arch, bad.Reference, bad.Arch)
	}
	names := maps.Clone(good.packages)
	maps.Copy(names, bad.packages)
	changes := map[string][]Change{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, to := good.packages[name], bad.packages[name]
		if from.version != to.version {
			source := cmp.Or(to.source, from.source)
			changes[source] = append(changes[source], Change{name, from.version, to.version})
		}
	}
	c := &Comparison{Good: good, Bad: bad}
	for _, source := range slices.Sorted(maps.Keys(changes)) {
		u := Update{Name: source, Packages: changes[source], Missing: []string{}}
		for _, p := range u.Packages {
			if strings.Contains(p.From+p.To, severalVersions) {
				u.Missing = append(u.Missing, p.Name+" is installed in several versions")
			}
		}
		c.Updates = append(c.Updates, u)
	}
	return c, nil
}

// Names returns the names of the updates that can be made.
func (c *Comparison) Names() []string {
	var names []string
	for i := range c.Updates {
		if len(c.Updates[i].Missing) == 0 {
			names = append(names, c.Updates[i].Name)
		}
	}
	return names
}

// Missing returns the updates that cannot be made.
func (c *Comparison) Missing() []Update {
	return slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool { return len(u.Missing) == 0 })
}

// Select returns the updates with these names.
func (c *Comparison) Select(names []string) []Update {
	return slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool { return !slices.Contains(names, u.Name) })
}

// Applied says what an image made from the good one really has: the names of
// further updates, complete or not, and packages that are as in neither image or
// not as in asked.
func (c *Comparison) Applied(image *Image, asked []string) (also, other []string) {
	left := maps.Clone(image.packages)
	wanted := map[string]bool{}
	for _, name := range asked {
		wanted[name] = true
	}
	for i := range c.Updates {
		u := &c.Updates[i]
		updated := 0
		for _, p := range u.Packages {
			now := image.packages[p.Name].version
			delete(left, p.Name)
			if now == p.To {
				updated++
			} else if now != p.From || wanted[u.Name] {
				other = append(other, p.Name+" "+cmp.Or(now, "removed"))
			}
		}
		if updated > 0 && !wanted[u.Name] {
			also = append(also, u.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Good.packages)) {
		before, same := c.Good.packages[name].version, c.Bad.packages[name].version
		if now := image.packages[name].version; before == same && now != before {
			other = append(other, name+" "+cmp.Or(now, "removed"))
		}
		delete(left, name)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		other = append(other, name+" "+left[name].version)
	}
	return also, other
}
