// SPDX-License-Identifier: GPL-2.0-or-later

package domstats_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/fault"
)

// recordings were made on real stacks, of a paused guest with two vCPUs.
func recordings(t *testing.T) map[string]domstats.Recording {
	t.Helper()
	files, err := filepath.Glob("testdata/libvirt-*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	out := map[string]domstats.Recording{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var r domstats.Recording
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[filepath.Base(f)] = r
	}
	return out
}

func check(t *testing.T, r domstats.Recording) []string {
	t.Helper()
	faults, err := r.Check(domstats.NewCatalogue())
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func TestRealStacksPass(t *testing.T) {
	for name, r := range recordings(t) {
		if faults := check(t, r); len(faults) > 0 {
			t.Errorf("%s: %q", name, faults)
		}
		if len(r.Record.Names("vm.")) == 0 || len(r.Record.Names("vcpu.1.")) < 10 {
			t.Errorf("%s: there is little to check", name)
		}
	}
}

func TestFaultsShowInRecordings(t *testing.T) {
	visible := "F01 F03 F04 F05 F07 F10 F14 F25 F29 F31 F33"
	n := 0
	for _, f := range fault.Faults() {
		if !strings.Contains(visible, f.ID) {
			continue
		}
		n++
		for name, r := range recordings(t) {
			rewrite, ok := f.Rewriter()
			if !ok {
				t.Fatalf("%s cannot be applied to a record", f.ID)
			}
			r.Record = rewrite([]domstats.Record{r.Record})[0]
			if faults := check(t, r); len(faults) == 0 {
				t.Errorf("%s: %s (%s) is not seen", name, f.ID, f.What)
			}
		}
	}
	if want := len(strings.Fields(visible)); n != want {
		t.Errorf("%d of %d faults tried", n, want)
	}
}

func TestBrokenRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		for name, spoil := range map[string]func(*domstats.Recording){
			"schema":       func(r *domstats.Recording) { r.Schema = json.RawMessage(`{}`) },
			"no schema":    func(r *domstats.Recording) { r.Schema = nil },
			"vCPUs":        func(r *domstats.Recording) { r.CPUs = json.RawMessage(`"x"`) },
			"unknown vCPU": func(r *domstats.Recording) { r.CPUs = json.RawMessage(`[]`) },
			"values":       func(r *domstats.Recording) { r.After.VM = json.RawMessage(`[{"stats":[{"name":"a","value":{}}]}]`) },
		} {
			bad := r
			spoil(&bad)
			if faults, err := bad.Check(domstats.NewCatalogue()); err == nil {
				t.Errorf("%s: no error, %q", name, faults)
			}
		}
	}
}
