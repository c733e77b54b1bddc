// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCatalogueLookup(t *testing.T) {
	c := NewCatalogue()
	for _, tc := range []struct {
		name, pattern string // no pattern: not in the catalogue
		t             Type
		monotonic     bool
	}{
		{"state.state", "state.state", Int, false},
		{"cpu.time", "cpu.time", ULLong, true},
		{"cpu.cache.monitor.0.bank.1.bytes", "cpu.cache.monitor.<i>.bank.<j>.bytes", UInt, false},
		{"balloon.last-update", "balloon.last-update", ULLong, true},
		{"vcpu.current", "vcpu.current", UInt, false},
		{"vcpu.17.delay", "vcpu.<n>.delay", ULLong, true},
		{"vcpu.0.exits.sum", "vcpu.<n>.<name>.sum", ULLong, true},
		{"vcpu.0.guest_mode.cur", "vcpu.<n>.<name>.cur", ULLong, false},
		{"vm.max_mmu_rmap_size.max", "vm.<name>.max", ULLong, true},
		{"net.1.rx.drop", "net.<i>.rx.drop", ULLong, true},
		{"block.0.rd.bytes", "block.<i>.rd.bytes", ULLong, true},
		{"block.0.threshold", "block.<i>.threshold", ULLong, false},
		{"iothread.7.poll-grow", "iothread.<id>.poll-grow", UInt, false},
		{"dirtyrate.vcpu.3.megabytes_per_second", "dirtyrate.vcpu.<n>.megabytes_per_second", ULLong, false},
		{"memory.bandwidth.monitor.0.node.1.bytes.total", "memory.bandwidth.monitor.<i>.node.<j>.bytes.total", ULLong, true},

		{name: ""},
		{name: "state"},
		{name: "state.states"},
		{name: "vcpu.x.time"},
		{name: "vcpu.01.time"},
		{name: "vcpu..time"},
		{name: "vm..sum"},
		{name: "vm.exits"},
		{name: "vm.exits.total"},
		{name: "block.0.rd"},
		{name: "net.0.rx.bytes.more"},
		{name: "interface.0.name"},
	} {
		s, ok := c.Lookup(tc.name)
		if ok != (tc.pattern != "") || s.Pattern != tc.pattern {
			t.Errorf("%q: got %q, want %q", tc.name, s.Pattern, tc.pattern)
			continue
		}
		if ok && (s.Types[0] != tc.t || s.Monotonic != tc.monotonic) {
			t.Errorf("%q: got %v, monotonic %t", tc.name, s.Types, s.Monotonic)
		}
	}
}

func TestCatalogueIsConsistent(t *testing.T) {
	c := NewCatalogue()
	groups := map[Group]GroupInfo{}
	var all Group
	for _, g := range Groups() {
		groups[g.Group] = g
		all |= g.Group
	}
	if all != AllGroups {
		t.Errorf("the groups are %#x, AllGroups is %#x", all, AllGroups)
	}
	seen := map[string]bool{}
	for _, s := range c.Stats() {
		g := groups[s.Group]
		if !strings.HasPrefix(s.Pattern, g.Prefix) {
			t.Errorf("%s is in group %q", s.Pattern, g.Name)
		}
		if seen[s.Pattern] {
			t.Errorf("%s is there twice", s.Pattern)
		}
		seen[s.Pattern] = true
		if len(s.Types) == 0 || slices.Contains(s.Types, 0) {
			t.Errorf("%s has types %v", s.Pattern, s.Types)
		}
		since, err := ParseVersion(s.Since)
		if err != nil {
			t.Errorf("%s: %v", s.Pattern, err)
		}
		if first, err := ParseVersion(g.Since); err != nil || since < first {
			t.Errorf("%s is older than its group: %s, %s, %v", s.Pattern, s.Since, g.Since, err)
		}
		if !g.NeedsJob && !s.NoJob {
			t.Errorf("%s needs a job in a group that needs none", s.Pattern)
		}
	}
}

const schemaText = `[
 {"provider":"kvm","target":"vm","stats":[
  {"name":"mmu_shadow_zapped","type":"cumulative","exponent":0},
  {"name":"pages_4k","type":"instant","exponent":0},
  {"name":"max_mmu_rmap_size","type":"peak","exponent":0}]},
 {"provider":"kvm","target":"vcpu","stats":[
  {"name":"halt_wait_ns","unit":"seconds","base":10,"exponent":-9,"type":"cumulative"},
  {"name":"guest_mode","unit":"boolean","type":"instant","exponent":0},
  {"name":"halt_wait_hist","unit":"seconds","base":10,"exponent":-9,"type":"log2-histogram"},
  {"name":"lin","type":"linear-histogram","bucket-size":10,"exponent":0},
  {"name":"odd","type":"zigzag","exponent":0}]},
 {"provider":"cryptodev","target":"cryptodev","stats":[{"name":"sym-encrypt-ops","type":"cumulative","exponent":0}]}]`

func TestSchemaBecomesFields(t *testing.T) {
	s, err := ParseSchema([]byte(schemaText))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := FieldNames(s.VM()), []string{"vm.mmu_shadow_zapped.sum", "vm.pages_4k.cur", "vm.max_mmu_rmap_size.max"}; !reflect.DeepEqual(got, want) {
		t.Errorf("vm: got %q", got)
	}
	v := s.VCPU(3)
	if got, want := FieldNames(v), []string{"vcpu.3.halt_wait_ns.sum", "vcpu.3.guest_mode.cur"}; !reflect.DeepEqual(got, want) {
		t.Errorf("vcpu: got %q", got)
	}
	if v[0].Type != ULLong || !v[0].Monotonic || v[1].Type != Bool || v[1].Monotonic {
		t.Errorf("vcpu: got %+v", v)
	}
	reasons := map[string]Reason{}
	for _, row := range s.Coverage() {
		if (row.Reason == "") == (row.Pattern == "") {
			t.Errorf("%s has pattern %q and reason %q", row.Name, row.Pattern, row.Reason)
		}
		reasons[row.Name] = row.Reason
	}
	want := map[string]Reason{"mmu_shadow_zapped": "", "pages_4k": "", "max_mmu_rmap_size": "", "halt_wait_ns": "", "guest_mode": "",
		"halt_wait_hist": ReasonHistogram, "lin": ReasonHistogram, "odd": ReasonUnknownType, "sym-encrypt-ops": ReasonTargetNotAsked}
	if !reflect.DeepEqual(reasons, want) {
		t.Errorf("coverage: got %v", reasons)
	}
	if !s.Provides("kvm", "vm") || s.Provides("kvm", "cryptodev") {
		t.Error("Provides is wrong")
	}
}

func TestParseSchemaRefuses(t *testing.T) {
	for _, tc := range []struct{ in, wantErr string }{
		{`{}`, "cannot read"},
		{`[{"provider":"kvm","target":"vm","stats":[{"name":"","type":"peak"}]}]`, "entry 1 has no name"},
		{`[{"provider":"kvm","target":"vm","stats":[{"name":"a"}]}]`, "no type"},
		{`[{"provider":"kvm","target":"vm","stats":[{"name":"a","type":"peak"},{"name":"a","type":"peak"}]}]`, `"a" appears twice`},
	} {
		if _, err := ParseSchema([]byte(tc.in)); err == nil || !strings.Contains(err.Error(), tc.wantErr) {
			t.Errorf("%s: got %v, want %q", tc.in, err, tc.wantErr)
		}
	}
}

func TestParseStatsKinds(t *testing.T) {
	got, err := ParseStats([]byte(`[{"provider":"kvm","qom-path":"/m/1","stats":[
		{"name":"n","value":18446744073709551615},{"name":"b","value":true},{"name":"h","value":[1,2]}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	v := got[0].Values
	if v["n"].Number != 1<<64-1 || v["b"].Kind != KindBool || !v["b"].Flag || !slices.Equal(v["h"].Buckets, []uint64{1, 2}) {
		t.Errorf("got %+v", v)
	}
	if _, ok := v["h"].Uint(); ok {
		t.Error("a list is no number")
	}
	for _, bad := range []string{`[{"stats":[{"name":"n","value":-1}]}]`, `[{"stats":[{"name":"n","value":"x"}]}]`, `[{"stats":[{"name":"n","value":[-1]}]}]`, `7`} {
		if _, err := ParseStats([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func record(params ...Param) Record { return Record{Params: params} }

func TestCheckers(t *testing.T) {
	c := NewCatalogue()
	fields := []Field{
		{Name: "vcpu.0.exits.sum", Type: ULLong, Monotonic: true, Stat: SchemaStat{Name: "exits"}},
		{Name: "vcpu.0.guest_mode.cur", Type: Bool, Stat: SchemaStat{Name: "guest_mode"}},
	}
	at := func(exits uint64, mode bool) StatsResult {
		return StatsResult{Values: map[string]StatsValue{"exits": {Number: exits}, "guest_mode": {Kind: KindBool, Flag: mode}}}
	}
	exits := func(n uint64) Param { return NewParam("vcpu.0.exits.sum", n) }
	mode := func(b bool) Param { return NewParam("vcpu.0.guest_mode.cur", b) }
	types := func(r Record) []string { f, _ := CheckTypes(c, r); return f }
	for _, tc := range []struct {
		name string
		got  []string
		want string // part of the only fault; empty for none
	}{
		{"names", CheckNames(record(exits(1), mode(true)), "vcpu.", FieldNames(fields)), ""},
		{"name missing", CheckNames(record(exits(1)), "vcpu.", FieldNames(fields)), "guest_mode.cur is missing"},
		{"name too many", CheckNames(record(exits(1), mode(true), NewParam("vcpu.9.time", uint64(1))), "vcpu.", FieldNames(fields)), "vcpu.9.time is not expected"},
		{"name twice", CheckNames(record(exits(1), mode(true), exits(1)), "vcpu.", FieldNames(fields)), "appears twice"},
		{"unique", CheckUnique(record(exits(1), exits(1), exits(1))), "appears twice"},
		{"prefix", CheckPrefix(record(exits(1)), "vm."), "does not belong to vm"},
		{"prefix good", CheckPrefix(record(exits(1)), "vcpu."), ""},
		{"types", types(record(exits(1), mode(true), NewParam("iothread.1.poll-grow", uint64(1)<<33))), ""},
		{"llong", types(record(NewParam("cpu.time", int64(1)))), "cpu.time has type llong, not ullong"},
		{"field types", CheckFieldTypes(record(exits(1), NewParam("vcpu.0.guest_mode.cur", int32(1))), fields), "has type int, not boolean"},
		{"bracket", CheckBracket(record(exits(5), mode(true)), fields, at(5, false), at(9, false), false), ""},
		{"below", CheckBracket(record(exits(4), mode(true)), fields, at(5, false), at(9, false), false), "is 4, QEMU had 5 before and 9 after"},
		{"above", CheckBracket(record(exits(10), mode(true)), fields, at(5, false), at(9, false), false), "is 10"},
		{"absent", CheckBracket(record(exits(5)), fields, at(5, true), at(5, true), true), "guest_mode.cur is missing"},
		{"frozen boolean", CheckBracket(record(exits(5), mode(false)), fields, at(5, true), at(5, true), true), "guest_mode.cur is 0"},
		{"moving while paused", CheckBracket(record(exits(5), mode(true)), fields, at(5, true), at(6, true), true), "moved from 5 to 6"},
		{"grows", CheckMonotonic(c, record(exits(5)), record(exits(6))), ""},
		{"falls", CheckMonotonic(c, record(exits(5)), record(exits(4))), "fell from 5 to 4"},
		{"instant may fall", CheckMonotonic(c, record(mode(true)), record(mode(false))), ""},
	} {
		if tc.want == "" && len(tc.got) > 0 || tc.want != "" && (len(tc.got) != 1 || !strings.Contains(tc.got[0], tc.want)) {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
	if _, unknown := CheckTypes(c, record(NewParam("gpu.time", uint64(1)))); !slices.Equal(unknown, []string{"gpu.time"}) {
		t.Errorf("unknown: got %q", unknown)
	}
}

func TestRecordFindsEntriesByName(t *testing.T) {
	r := record(NewParam("block.0.name", "vda"), NewParam("block.10.name", "vdb"), NewParam("block.2.name", "vdb"),
		NewParam("block.count", uint32(3)))
	if p, ok := r.Named("block", "vdb"); !ok || p != "block.2." {
		t.Errorf("got %q, %t", p, ok)
	}
	if _, ok := r.Named("block", "vdx"); ok {
		t.Error("found a disk that is not there")
	}
	if got := r.Indices("block"); !slices.Equal(got, []int{0, 2, 10}) {
		t.Errorf("indices: %v", got)
	}
}

func TestJSONKeepsEveryType(t *testing.T) {
	u, err := ParseUUID("01020304-0506-0708-090a-0b0c0d0e0f10")
	if err != nil {
		t.Fatal(err)
	}
	r := Record{Domain: Domain{Name: "d", UUID: u, ID: -1}, Params: []Param{
		NewParam("a", int32(-1)), NewParam("b", uint32(1)), NewParam("c", int64(-1<<62)), NewParam("d", uint64(1<<64-1)),
		NewParam("e", 0.25), NewParam("f", true), NewParam("g", "text"),
	}}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{`{"name":"a","type":"huge","value":1}`, `{"name":"a","type":"uint","value":-1}`, `{"name":"a","type":"boolean","value":1}`, `{"name":"a","type":"int"}`} {
		var p Param
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s: no error, got %+v", bad, p)
		}
	}
}

func TestVersions(t *testing.T) {
	for in, want := range map[string]Version{"9.4": 9004000, "11.3.0": 11003000, "7": 7000000} {
		if v, err := ParseVersion(in); err != nil || v != want {
			t.Errorf("%q: got %d, %v", in, v, err)
		}
	}
	for _, bad := range []string{"", "x", "1.2.3.4", "1.-2", "1.1000"} {
		if v, err := ParseVersion(bad); err == nil {
			t.Errorf("%q: got %d", bad, v)
		}
	}
	if got := MakeVersion(11, 3, 1).String(); got != "11.3.1" {
		t.Errorf("got %q", got)
	}
}
