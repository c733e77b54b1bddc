// SPDX-License-Identifier: GPL-2.0-or-later

package domstats_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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

func TestEveryVCPUHasStatistics(t *testing.T) {
	for name, r := range recordings(t) {
		r.Before.VCPU = json.RawMessage(`[]`)
		if faults := check(t, r); !slices.Contains(faults, "QEMU has no statistics of vCPU 0") {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

// QEMU has no statistics of an emulated domain, and libvirt no extended groups then.
func TestEmulatedDomain(t *testing.T) {
	for name, r := range recordings(t) {
		schema, err := domstats.ParseSchema(r.Schema)
		if err != nil {
			t.Fatal(err)
		}
		fields := slices.Concat(schema.VM(), schema.VCPU(0), schema.VCPU(1))
		extended := domstats.FieldNames(fields)
		none := json.RawMessage(`[]`)
		r.Schema, r.Before, r.After = none, domstats.RecordedStats{VM: none, VCPU: none}, domstats.RecordedStats{VM: none, VCPU: none}
		if faults := check(t, r); len(faults) < len(extended)/2 {
			t.Errorf("%s: statistics that QEMU does not have: %q", name, faults)
		}
		r.Record.Params = slices.DeleteFunc(r.Record.Params, func(p domstats.Param) bool { return slices.Contains(extended, p.Name) })
		if faults := check(t, r); len(faults) > 0 {
			t.Errorf("%s: %q", name, faults)
		}
	}
}
