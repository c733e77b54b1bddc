// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/targets"
)

func TestEveryFactOfTheTargets(t *testing.T) {
	if !haveTables(t) {
		return
	}
	want := map[string]map[string]string{}
	for _, row := range readCSV(t, "targets.csv") {
		if want[row["target"]] == nil {
			want[row["target"]] = map[string]string{"os.stable": "true"}
		}
		want[row["target"]][row["key"]] = row["value"]
	}
	_, catalogue := loadBuiltIn(t)
	newer := []string{"alpine-324"}
	if got := catalogue.Names(); len(got) != len(want)+len(newer) {
		t.Errorf("%d targets %v, the tables have %d", len(got), got, len(want))
	}
	for name, facts := range want {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Error(err)
			continue
		}
		got := releaseFacts(t, release)
		for key, value := range facts {
			if key != "os.libosinfo_id" && got[key] != value {
				t.Errorf("%s: %s is %q, the tables have %q", name, key, got[key], value)
			}
		}
		for key, value := range got {
			if _, ok := facts[key]; !ok && value != "" {
				t.Errorf("%s: %s is %q, the tables have none", name, key, value)
			}
		}
	}
}

func releaseFacts(t *testing.T, r *targets.Release) map[string]string {
	all := map[string]string{
		"os.name": r.OS.Name, "os.version": r.OS.Version, "os.stable": strconv.FormatBool(r.OS.Stable),
		"packaging.format": r.Packaging.Format, "packaging.command": r.Packaging.Command,
		"paths.bash": r.Paths.Bash, "paths.cc": r.Paths.CC, "paths.ccache": r.Paths.CCache, "paths.make": r.Paths.Make,
		"paths.ninja": r.Paths.Ninja, "paths.pip3": r.Paths.Pip3, "paths.python": r.Paths.Python, "paths.sudoers": r.Paths.Sudoers,
	}
	if r.Packaging.Repos != nil {
		repos, err := json.Marshal(r.Packaging.Repos)
		if err != nil {
			t.Fatal(err)
		}
		all["packaging.repos"] = string(repos)
	}
	if r.Containers != nil {
		all["containers.base"] = r.Containers.Base
	}
	if c := r.Cirrus; c != nil {
		all["cirrus.instance_type"], all["cirrus.image_selector"] = c.InstanceType, c.ImageSelector
		all["cirrus.image_name"], all["cirrus.arch"] = c.ImageName, string(c.Arch)
	}
	return all
}

func TestEveryNeedOfTheProjects(t *testing.T) {
	if !haveTables(t) {
		return
	}
	want := map[string][]string{}
	for _, row := range readCSV(t, "projects.csv") {
		want[row["project"]] = append(want[row["project"]], row["mapping"])
	}
	set, _ := loadBuiltIn(t, mayLayer())
	public := 0
	for name, needs := range want {
		read := set.Project
		if internal, ok := strings.CutPrefix(name, "internal/"); ok {
			read, name = set.Internal, internal
		} else {
			public++
		}
		project, err := read(name)
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for _, need := range project.Needs {
			got = append(got, need.Mapping)
		}
		slices.Sort(needs)
		if !slices.Equal(got, needs) {
			t.Errorf("%s needs %v, the tables have %v", name, got, needs)
		}
	}
	// libvirt-stats is ours and newer than the tables.
	if names := set.ProjectNames(); len(names) != public+1 || !slices.Contains(names, "libvirt-stats") {
		t.Errorf("%d public projects %v, the tables have %d", len(names), names, public)
	}
}
