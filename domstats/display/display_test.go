// SPDX-License-Identifier: GPL-2.0-or-later

package display

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/qmp"
)

func snapshot(at int64, exits uint64) Snapshot {
	nanoseconds := domstats.SchemaStat{Name: "halt_wait_hist", Type: "log2-histogram", Unit: "seconds", Base: 10, Exponent: -9}
	schema := domstats.Schema{{Provider: "kvm", Target: "vcpu", Stats: []domstats.SchemaStat{
		{Name: "exits", Type: "cumulative"}, {Name: "halt_wait_ns", Type: "cumulative", Unit: "seconds", Base: 10, Exponent: -9}, nanoseconds,
	}}}
	return Snapshot{At: time.Unix(at, 0), Schema: schema,
		Record: domstats.Record{Domain: domstats.Domain{Name: "web\x1b[2J"}, Params: []domstats.Param{
			domstats.NewParam("vcpu.10.exits.sum", uint64(3)),
			domstats.NewParam("vcpu.2.exits.sum", exits),
			domstats.NewParam("vcpu.2.halt_wait_ns.sum", uint64(1_500_000_000)),
			domstats.NewParam("vcpu.2.guest_mode.cur", true),
			domstats.NewParam("balloon.current", uint64(1048576)),
			domstats.NewParam("cpu.time", uint64(90_000_000_000)),
			domstats.NewParam("block.0.name", "vda"),
			domstats.NewParam("block.0.rd.bytes", uint64(4096)),
		}},
		Histograms: []Histogram{{VCPU: 2, Stat: nanoseconds, Buckets: []uint64{0, 0, 0, 1, 0, 40, 0}}},
	}
}

func written(t *testing.T, p *Printer, s Snapshot, previous *Snapshot) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b, s, previous); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	got := written(t, &Printer{}, snapshot(10, 7), nil)
	want := []string{"web\uFFFD[2J (", "cpu.time                                     1m30s", "balloon.current                              1 GiB",
		"vcpu.2.exits.sum                             7\n", "vcpu.2.guest_mode.cur                        yes", "vcpu.2.halt_wait_ns.sum                      1.5s\n",
		"vcpu.10.exits.sum", "block.0.name                                 vda", "4096 bytes", "vcpu.2.halt_wait_hist (not reported by libvirt)",
		"< 8ns  █ ", "< 16ns  ", strings.Repeat("█", 40) + " 40"}
	at := 0
	for _, w := range want {
		i := strings.Index(got[at:], w)
		if i < 0 {
			t.Fatalf("%q is missing after byte %d of:\n%s", w, at, got)
		}
		at += i
	}
	if strings.Contains(got, "/s") {
		t.Error("a rate without a first snapshot")
	}
}

func TestRates(t *testing.T) {
	old := snapshot(10, 7)
	if got := written(t, &Printer{Groups: domstats.GroupVCPU}, snapshot(14, 107), &old); !strings.Contains(got, "107  +25.0/s\n") || strings.Contains(got, "cpu.time") {
		t.Errorf("got:\n%s", got)
	}
	busy := snapshot(11, 7)
	busy.Record.Params[5].Value = uint64(90_500_000_000)
	if got := written(t, &Printer{Groups: domstats.GroupCPU}, busy, &old); !strings.Contains(got, "1m30.5s  +500ms/s\n") {
		t.Errorf("got:\n%s", got)
	}
	// A counter that decreased belongs to another QEMU. Without time there is no rate.
	for _, s := range []Snapshot{snapshot(14, 1), snapshot(10, 107)} {
		if got := written(t, &Printer{Groups: domstats.GroupVCPU}, s, &old); strings.Contains(got, "/s") {
			t.Errorf("got:\n%s", got)
		}
	}
}

func TestUnits(t *testing.T) {
	e := func(unit string, base, exponent int) domstats.SchemaStat {
		return domstats.SchemaStat{Unit: unit, Base: base, Exponent: exponent}
	}
	for _, tc := range []struct{ got, want string }{
		{applied(5, e("", 0, 0)), "5"},
		{applied(1500, e("seconds", 10, -9)), "1.5µs"},
		{applied(20, e("bytes", 2, 10)), "20 KiB"},
		{applied(7, e("cycles", 0, 0)), "7 cycles"},
		{applied(7, e("cycles", 10, 3)), "7000 cycles"},
		{applied(1<<64-1, e("seconds", 0, 0)), "18446744073709551616 s"},
		{withUnit(1<<64-1, "KiB"), "18446744073709551615 KiB"},
		{withUnit(1<<64-1, "bytes"), "16384 PiB"},
		{withUnit(3, "MiB/s"), "3 MiB/s"},
		{size(10239), "10239 bytes"},
		{size(10240), "10 KiB"},
		{size(8 << 20), "8 MiB"},
		{size(1536 << 20), "1.5 GiB"},
		{size(1023 << 10), "1023 KiB"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestHistogramsAreJoinedByPath(t *testing.T) {
	s := snapshot(1, 1)
	list := func(n uint64) map[string]domstats.StatsValue {
		return map[string]domstats.StatsValue{"halt_wait_hist": {Kind: domstats.KindList, Buckets: []uint64{n}}, "exits": {Number: 9}}
	}
	got := Histograms(s.Schema, []qmp.CPU{{Index: 3, QOMPath: "/c"}, {Index: 0, QOMPath: "/a"}, {Index: 1, QOMPath: "/none"}},
		[]domstats.StatsResult{{QOMPath: "/a", Values: list(10)}, {QOMPath: "/c", Values: list(13)}})
	if len(got) != 2 || got[0].VCPU != 0 || !slices.Equal(got[0].Buckets, []uint64{10}) || got[1].VCPU != 3 || !slices.Equal(got[1].Buckets, []uint64{13}) {
		t.Errorf("got %+v", got)
	}
}

func TestUnknownOrderIsNamed(t *testing.T) {
	s := snapshot(1, 1)
	InKernelsOrder(s.Histograms, domstats.MakeVersion(99, 0, 0))
	if got := written(t, &Printer{}, s, nil); !strings.Contains(got, "may be in reverse order") || !strings.Contains(got, "< 8ns  █ ") {
		t.Errorf("of an unknown QEMU:\n%s", got)
	}
	InKernelsOrder(s.Histograms, domstats.MakeVersion(10, 0, 9))
	if got := written(t, &Printer{}, s, nil); strings.Contains(got, "reverse") || !strings.Contains(got, "< 8ns  █ ") || !strings.Contains(got, "< 2ns  ███") {
		t.Errorf("of QEMU 10.0:\n%s", got)
	}
}

func TestOddHistograms(t *testing.T) {
	for _, h := range []Histogram{
		{VCPU: -1, Stat: domstats.SchemaStat{Name: "none", Type: "log2-histogram"}},
		{VCPU: 0, Stat: domstats.SchemaStat{Name: "zero", Type: "log2-histogram"}, Buckets: make([]uint64, 40)},
		{VCPU: 0, Stat: domstats.SchemaStat{Name: "long", Type: "log2-histogram"}, Buckets: append(make([]uint64, 64), 1)},
		{VCPU: 0, Stat: domstats.SchemaStat{Name: "linear", Type: "linear-histogram", BucketSize: 10}, Buckets: []uint64{1, 2}},
	} {
		var b strings.Builder
		h.write(&b)
		if !strings.Contains(b.String(), h.Stat.Name) || !strings.HasSuffix(b.String(), "\n") {
			t.Errorf("got %q", b.String())
		}
	}
}

func TestEmptyHistogramsAreCounted(t *testing.T) {
	s := snapshot(10, 7)
	s.Histograms = append(s.Histograms, Histogram{VCPU: 3, Stat: domstats.SchemaStat{Name: "idle_hist", Type: "log2-histogram"}, Buckets: make([]uint64, 4)})
	if got := written(t, &Printer{}, s, nil); strings.Contains(got, "idle_hist") || !strings.Contains(got, "1 are empty (not reported by libvirt)\n") {
		t.Errorf("got %s", got)
	}
	if got := written(t, &Printer{Zeros: true}, s, nil); !strings.Contains(got, "vcpu.3.idle_hist") || strings.Contains(got, "are empty") {
		t.Errorf("got %s", got)
	}
}

func TestZerosAndWords(t *testing.T) {
	s := Snapshot{At: time.Unix(10, 0), Record: domstats.Record{Params: []domstats.Param{
		domstats.NewParam("state.state", int32(5)), domstats.NewParam("state.reason", int32(5)),
		domstats.NewParam("vcpu.0.state", int32(1)), domstats.NewParam("vcpu.0.wait", uint64(0)), domstats.NewParam("vcpu.0.a.sum", uint64(3)),
		domstats.NewParam("vcpu.0.b.sum", uint64(9)), domstats.NewParam("dirtyrate.calc_status", int32(0)),
	}}}
	short := written(t, &Printer{}, s, nil)
	for _, want := range []string{"state.state                                  shut off", "state.reason                                 saved",
		"vcpu.0.state                                 running", "vcpu.…                                       1 are 0", "calc_status                        unstarted"} {
		if !strings.Contains(short, want) {
			t.Errorf("%q is missing in:\n%s", want, short)
		}
	}
	if all := written(t, &Printer{Zeros: true}, s, nil); !strings.Contains(all, "vcpu.0.wait") || strings.Contains(all, "…") {
		t.Errorf("got:\n%s", all)
	}
	old := Snapshot{At: time.Unix(8, 0), Record: domstats.Record{Params: []domstats.Param{
		domstats.NewParam("vcpu.0.a.sum", uint64(3)), domstats.NewParam("vcpu.0.b.sum", uint64(1)),
	}}}
	if moving := written(t, &Printer{Moving: true}, s, &old); strings.Index(moving, "b.sum") > strings.Index(moving, "a.sum") {
		t.Errorf("what moves is not first:\n%s", moving)
	}
}

// Rates are computed from the previous snapshot of the same domain.
func TestWriteNext(t *testing.T) {
	p := &Printer{}
	write := func(snapshots ...Snapshot) string {
		t.Helper()
		var b strings.Builder
		if err := p.WriteNext(&b, snapshots); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	other := snapshot(1, 50)
	other.Record.Domain.UUID[0] = 1
	first := write(snapshot(0, 100), other)
	if strings.Contains(first, "/s") {
		t.Errorf("rates without a snapshot before:\n%s", first)
	}
	var want strings.Builder
	previous := snapshot(0, 100)
	if err := (&Printer{}).Write(&want, snapshot(2, 300), &previous); err != nil {
		t.Fatal(err)
	}
	if got := write(snapshot(2, 300)); got != want.String() || got == strings.SplitAfter(first, "\n\n")[0] {
		t.Errorf("got:\n%s\nwant:\n%s", got, want.String())
	}
}

func TestStateComesBeforeItsReason(t *testing.T) {
	s := snapshot(1, 1)
	s.Record.Params = []domstats.Param{domstats.NewParam("state.reason", int32(1)), domstats.NewParam("state.state", int32(1))}
	if got := written(t, &Printer{}, s, nil); !strings.Contains(got, "running\n  state.reason") {
		t.Errorf("got:\n%s", got)
	}
}
