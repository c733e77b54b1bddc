// SPDX-License-Identifier: GPL-2.0-or-later

package imageupdates

import (
	"context"
	_ "embed" // for scripts
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

var (
	//go:embed available-apt.sh
	availableApt string
	//go:embed available-dnf.sh
	availableDnf string
)

// askLimit bounds how long the mirrors of an image are asked.
const askLimit = 15 * time.Minute

// FindMissing asks the mirrors of the good image for the versions of the bad one,
// and notes which cannot be had. It returns what the package manager complained
// about.
func (c *Comparison) FindMissing(ctx context.Context, e Engine, network api.Network) (complaints []string, err error) {
	var names []string
	for i := range c.Updates {
		for _, p := range c.Updates[i].Packages {
			if p.To != "" {
				names = append(names, c.queryName(p.Name))
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	script := availableApt
	if c.Good.Manager == Dnf {
		script = availableDnf
	}
	out, messages, err := run(ctx, e, api.RunOptions{
		ContainerOptions: api.ContainerOptions{Image: c.Good.ID, Network: network},
		Command:          append([]string{"sh", "-c", script, "sh"}, names...), Timeout: askLimit,
	})
	complaints = complaintsIn(messages)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the mirrors of image %s for versions of packages: %w", c.Good.Reference, err)
	}
	c.noteMissing(c.versions(out))
	return complaints, nil
}

// queryName is the name by which the mirrors are asked for a package.
func (c *Comparison) queryName(name string) string {
	if base, _, foreign := strings.Cut(name, ":"); foreign && c.Good.Manager == Dnf {
		return base
	}
	return name
}

// versions reads the versions that mirrors have, by the name of the package.
func (c *Comparison) versions(text string) map[string][]string {
	all := map[string][]string{}
	add := func(name, arch, version string) {
		if arch != "" && arch != c.Good.Arch && arch != "noarch" && arch != "all" {
			name += ":" + arch
		}
		if len(all[name]) < maxVersions && !slices.Contains(all[name], version) {
			all[name] = append(all[name], version)
		}
	}
	for line := range strings.Lines(text) {
		if c.Good.Manager == Dnf {
			if fields := strings.Fields(line); len(fields) == 3 {
				add(fields[0], fields[2], fields[1])
			}
			continue
		}
		fields := strings.Split(line, "|") // "  libc6 | 2.36-9 | http://mirror bookworm/main amd64 Packages"
		if len(fields) == 3 && strings.HasSuffix(strings.TrimSpace(fields[2]), " Packages") {
			name, arch, _ := strings.Cut(strings.TrimSpace(fields[0]), ":")
			add(name, arch, strings.TrimSpace(fields[1]))
		}
	}
	return all
}

// noteMissing notes which updates need a version that the mirrors do not have.
func (c *Comparison) noteMissing(have map[string][]string) {
	for i := range c.Updates {
		u := &c.Updates[i]
		for _, p := range u.Packages {
			if p.To == "" || slices.Contains(have[p.Name], p.To) {
				continue
			}
			why := fmt.Sprintf("no mirror has %s %s", p.Name, p.To)
			if others := have[p.Name]; len(others) > 0 {
				why += " (only " + strings.Join(others[:min(len(others), maxShown)], ", ") + ")"
			}
			u.Missing = append(u.Missing, why)
		}
	}
}

const (
	maxShown      = 20 // other versions in a message
	maxComplaints = 50
	maxComplaint  = 1000 // bytes
)

// complaintsIn returns the first errors and warnings that a package manager
// printed.
func complaintsIn(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) > maxComplaint {
			line = strings.ToValidUTF8(line[:maxComplaint], "") + "…"
		}
		for _, prefix := range []string{"E: ", "W: ", "Err:", "Error:", "Errors during downloading"} {
			if strings.HasPrefix(line, prefix) && !slices.Contains(found, line) {
				found = append(found, line)
			}
		}
		if len(found) == maxComplaints {
			break
		}
	}
	return found
}
