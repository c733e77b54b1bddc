// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"encoding/binary"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

func listCases() []Case {
	q := require(NeedQEMU)
	return []Case{
		{ID: "API-14", Title: "the filter matrix", Needs: q, Alone: true, run: apiFilters},
		{ID: "API-15", Title: "filters on the list call", Needs: q, run: apiFiltersOnList},
		{ID: "API-16", Title: "duplicates in the list", Needs: q, run: apiDuplicates},
		{ID: "API-17", Title: "unknown UUIDs are skipped", Needs: q, run: apiGhosts},
		{ID: "API-18", Title: "the UUID decides", Needs: q, run: apiUUIDDecides},
		{ID: "API-19", Title: "a list over the limit", Needs: q, run: apiLongList},
		{ID: "API-20", Title: "the read-only socket", Needs: require(NeedQEMU, NeedRO), run: apiReadOnly},
		{ID: "API-21", Title: "records carry their domain's identity", Needs: q, Alone: true, run: apiIdentity},
		{ID: "API-22", Title: "BACKING leaves other groups alone", Needs: q, run: apiBacking},
		{ID: "API-23", Title: "an undefined domain is skipped", Needs: q, run: apiUndefined},
		{ID: "API-24", Title: "all group bits set", Needs: q, run: apiAllBits},
	}
}

// A filterRow says which of five domains a filter selects: T running
// transient, P running persistent, Pp paused persistent, Tp paused transient,
// O shut off.
type filterRow struct {
	flags []uint32
	want  []string
}

func filterTable() []filterRow {
	return []filterRow{
		{[]uint32{0, 3, 12}, []string{"O", "P", "Pp", "T", "Tp"}},
		{[]uint32{1, 48}, []string{"P", "Pp", "T", "Tp"}},
		{[]uint32{2, 64, 6}, []string{"O"}},
		{[]uint32{4}, []string{"O", "P", "Pp"}},
		{[]uint32{8, 9}, []string{"T", "Tp"}},
		{[]uint32{16, 17}, []string{"P", "T"}},
		{[]uint32{32, 33}, []string{"Pp", "Tp"}},
		{[]uint32{128, 10, 18}, nil},
		{[]uint32{5}, []string{"P", "Pp"}},
		{[]uint32{80}, []string{"O", "P", "T"}},
	}
}

// checkFilters asks with each filter and compares the domains that letter
// knows; others are not this case's.
func checkFilters(t *T, ask func(flags uint32) []domstats.Record, letter map[domstats.UUID]string) {
	for _, row := range filterTable() {
		for _, flags := range row.flags {
			var got []string
			for _, r := range ask(flags) {
				if l, ok := letter[r.Domain.UUID]; ok {
					got = append(got, l)
				}
			}
			slices.Sort(got)
			sameList(t, "filter "+domstats.FlagNames(flags), got, row.want)
		}
	}
}

func apiFilters(t *T) {
	persistent := func(paused bool) *Guest {
		g := t.define()
		g.start(paused)
		return g
	}
	letter := map[domstats.UUID]string{
		t.small(false).UUID: "T", persistent(false).UUID: "P", persistent(true).UUID: "Pp",
		t.small(true).UUID: "Tp", t.define().UUID: "O",
	}
	var list []domstats.Domain
	for _, r := range t.ours(domstats.GroupState, 0) {
		list = append(list, r.Domain)
	}
	// Flags that are no filters leave the filters alone.
	for _, more := range []uint32{0, domstats.FlagNoWait | domstats.FlagBacking | enforce} {
		checkFilters(t, func(flags uint32) []domstats.Record { return t.ours(domstats.GroupState, flags|more) }, letter)
		checkFilters(t, func(flags uint32) []domstats.Record { return t.stats(domstats.GroupState, flags|more, list...) }, letter)
	}
}

func apiFiltersOnList(t *T) {
	on, off := t.small(false), t.define()
	for flags, want := range map[uint32]string{domstats.FlagActive: on.Name, domstats.FlagInactive: off.Name} {
		sameList(t, "filter "+domstats.FlagNames(flags), domainNames(t.stats(domstats.GroupState, flags, on.Domain, off.Domain)), []string{want})
	}
}

func apiDuplicates(t *T) {
	a, b := t.small(true), t.define()
	got := domainNames(t.stats(domstats.GroupState, 0, a.Domain, a.Domain, b.Domain))
	sameList(t, "records", got, []string{a.Name, a.Name, b.Name})
}

// ghost is a domain that does not exist.
func ghost(n int) domstats.Domain {
	d := domstats.Domain{Name: "ghost", ID: -1, UUID: domstats.UUID{0xde, 0xad}}
	binary.BigEndian.PutUint32(d.UUID[12:], uint32(n)+1)
	return d
}

func apiGhosts(t *T) {
	g := t.small(true)
	for _, tc := range []struct {
		list []domstats.Domain
		want []string
	}{
		{[]domstats.Domain{ghost(1), g.Domain}, []string{g.Name}},
		{[]domstats.Domain{ghost(1)}, nil},
	} {
		records, err := t.conn.Stats(t.ctx, tc.list, domstats.GroupState, 0)
		t.check(err == nil, "a list with an unknown UUID gives: %v", err)
		if err == nil {
			sameList(t, "records", domainNames(records), tc.want)
		}
	}
}

func apiUUIDDecides(t *T) {
	g := t.small(true)
	wrong := g.Domain
	wrong.Name, wrong.ID = "another-name", 4711
	records := t.stats(domstats.GroupState, 0, wrong)
	if len(records) != 1 {
		t.fatalf("%d records", len(records))
	}
	equal(t, "the domain", records[0].Domain, g.Domain)
}

func apiLongList(t *T) {
	t.connect()
	ghosts := make([]domstats.Domain, 16385)
	for i := range ghosts {
		ghosts[i] = ghost(i)
	}
	equal(t, "the number of records", len(t.stats(domstats.GroupState, 0, ghosts[:16384]...)), 0)
	_, err := t.conn.Stats(t.ctx, ghosts, domstats.GroupState, 0)
	t.wantCode(err, domstats.CodeRPC, "decode", "a list of 16385 domains")
	_, err = t.conn.Version(t.ctx)
	t.check(err == nil, "the connection is broken afterwards: %v", err)
}

func apiReadOnly(t *T) {
	g := t.small(true)
	ro := t.open(ReadOnly)
	groups := domstats.GroupState | domstats.GroupBalloon | domstats.GroupBlock | domstats.GroupVCPU
	records, err := ro.Stats(t.ctx, []domstats.Domain{g.Domain}, groups, 0)
	t.must(err, "read statistics over the read-only socket")
	if len(records) != 1 {
		t.fatalf("%d records", len(records))
	}
	t.wantNames(records[0], "", g.record(groups).Names("")...)
	_, err = ro.Monitor(t.ctx, g.Domain, `{"execute":"query-status"}`, false)
	t.wantCode(err, domstats.CodeOperationDenied, "", "the passthrough over the read-only socket")
}

func apiIdentity(t *T) {
	guests := []*Guest{t.small(true), t.small(false), t.define()}
	byUUID := map[domstats.UUID]domstats.Domain{}
	domains, err := t.conn.Domains(t.ctx, 0)
	t.must(err, "list the domains")
	for _, d := range domains {
		byUUID[d.UUID] = d
	}
	// Their states tell them apart.
	for _, r := range t.ours(domstats.GroupState|domstats.GroupVCPU, 0) {
		equal(t, "the domain of a record", r.Domain, byUUID[r.Domain.UUID])
		state, _ := r.Uint("state.state")
		want := map[string]uint64{guests[0].Name: 3, guests[1].Name: 1, guests[2].Name: 5}[r.Domain.Name]
		equal(t, "the state of "+r.Domain.Name, state, want)
	}
	equal(t, "the number of records", len(t.ours(domstats.GroupState, 0)), len(guests))
}

func apiBacking(t *T) {
	g := t.small(true, func(s *guest.Spec) { s.Disks = []guest.Disk{t.chain()} })
	without, with := g.record(0), g.recordFlags(0, domstats.FlagBacking)
	other := func(r domstats.Record) []string {
		return slices.DeleteFunc(r.Names(""), func(n string) bool { return strings.HasPrefix(n, "block.") })
	}
	sameList(t, "names outside the block group", other(with), other(without))
	t.check(len(with.Names("block.")) > len(without.Names("block.")), "BACKING adds no block entries")
	for _, more := range []uint32{nowait, enforce, nowait | enforce} {
		r := g.recordFlags(domstats.GroupBlock, domstats.FlagBacking|more)
		sameList(t, "entries with "+domstats.FlagNames(domstats.FlagBacking|more), r.Names(""), with.Names("block."))
	}
}

func apiUndefined(t *T) {
	g := t.define()
	t.must(t.conn.Undefine(t.ctx, g.Domain), "undefine it")
	equal(t, "the number of records", len(t.stats(domstats.GroupState, 0, g.Domain)), 0)
}

func apiAllBits(t *T) {
	g := t.small(true)
	all := domstats.Group(0xffffffff)
	t.wantNames(g.record(all), "", g.record(0).Names("")...)
	_, err := t.conn.Stats(t.ctx, []domstats.Domain{g.Domain}, all, enforce)
	t.wantCode(err, domstats.CodeArgUnsupported, "0xfffff800", "ENFORCE of all bits")
}
