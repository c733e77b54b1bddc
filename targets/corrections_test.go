// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"os"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/targets"
)

type correction struct{ was, now answer }

// readCorrections reads the first table of the page about corrected facts.
func readCorrections(t *testing.T) map[place]correction {
	t.Helper()
	page, err := os.ReadFile("../facts/CORRECTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Corrected\n")
	section, _, _ = strings.Cut(section, "\n## ")
	all := map[place]correction{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 6 || cells[0] == "mapping" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		side, arch, _ := strings.Cut(cells[2], " ")
		kind := targets.Native
		if side == "cross" {
			kind = targets.Foreign
		}
		if cells[5] == "" {
			t.Errorf("CORRECTIONS.md: %q has no proof", line)
		}
		at := place{cells[0], cells[1], side, targets.Arch(arch)}
		all[at] = correction{correctedName(kind, cells[3]), correctedName(kind, cells[4])}
	}
	if len(all) == 0 {
		t.Error("CORRECTIONS.md lists nothing")
	}
	return all
}

func correctedName(kind targets.Kind, cell string) answer {
	if cell == "-" {
		return answer{}
	}
	return answer{kind, cell}
}
