// SPDX-License-Identifier: GPL-2.0-or-later

package observe_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/display"
	"gitlab.com/lcitool/lcitool/domstats/observe"
)

var errNoDomain = errors.New("no such domain")

type fakeClient struct {
	domains map[string]domstats.Domain
	records []domstats.Record
	err     error
	answers map[string]string

	flags    uint32
	groups   domstats.Group
	commands []string
}

func (c *fakeClient) Lookup(_ context.Context, name string) (domstats.Domain, error) {
	d, ok := c.domains[name]
	if !ok {
		return d, errNoDomain
	}
	return d, nil
}

func (c *fakeClient) Collect(_ context.Context, _ []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	c.groups, c.flags = groups, flags
	return c.records, c.err
}

func (c *fakeClient) Monitor(_ context.Context, d domstats.Domain, command string, human bool) (string, error) {
	c.commands = append(c.commands, d.Name+" "+command)
	for name, answer := range c.answers {
		if strings.Contains(command, `"`+name+`"`) && !human {
			return answer, nil
		}
	}
	return "", errors.New("QEMU does not know this")
}

func record(name string, id int32) domstats.Record {
	return domstats.Record{Domain: domstats.Domain{Name: name, ID: id}}
}

func TestDomains(t *testing.T) {
	o := &observe.Observer{Client: &fakeClient{domains: map[string]domstats.Domain{"a": {Name: "a"}, "b": {Name: "b"}}}}
	got, err := o.Domains(t.Context(), []string{"b", "a"})
	if err != nil || len(got) != 2 || got[0].Name != "b" || got[1].Name != "a" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := o.Domains(t.Context(), []string{"a", "c"}); !errors.Is(err, errNoDomain) || !strings.Contains(err.Error(), `domain "c"`) {
		t.Errorf("%v", err)
	}
}

func TestLookSortsAndAsksQEMUOfWhatRuns(t *testing.T) {
	c := &fakeClient{records: []domstats.Record{record("b", 2), record("off", -1), record("a", 1)}}
	var log strings.Builder
	o := &observe.Observer{Client: c, Groups: domstats.GroupState, QEMU: true, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	got, err := o.Look(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range got {
		names = append(names, s.Record.Domain.Name)
		if s.At.IsZero() {
			t.Error("a snapshot without a time")
		}
	}
	if !slices.Equal(names, []string{"a", "b", "off"}) {
		t.Errorf("order %q", names)
	}
	if c.groups != domstats.GroupState || c.flags != domstats.FlagNoWait|domstats.FlagActive {
		t.Errorf("groups %v, flags %#x", c.groups, c.flags)
	}
	asked := strings.Join(c.commands, "\n")
	if !strings.Contains(asked, "a {") || !strings.Contains(asked, "b {") || strings.Contains(asked, "off {") {
		t.Errorf("QEMU was asked:\n%s", asked)
	}
	if strings.Count(log.String(), "cannot ask QEMU") != 2 {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestNamedDomainsNeedNotRun(t *testing.T) {
	c := &fakeClient{records: []domstats.Record{record("off", -1)}}
	o := &observe.Observer{Client: c}
	if _, err := o.Look(t.Context(), []domstats.Domain{{Name: "off"}}); err != nil || c.flags != domstats.FlagNoWait {
		t.Errorf("%v, flags %#x", err, c.flags)
	}
	if len(c.commands) > 0 {
		t.Errorf("QEMU was asked without QEMU being wanted: %q", c.commands)
	}
	c.err = errors.New("libvirt is gone")
	if _, err := o.Look(t.Context(), nil); !errors.Is(err, c.err) {
		t.Errorf("%v", err)
	}
}

func TestHistogramsComeFromQEMU(t *testing.T) {
	schema := `{"return":[{"provider":"kvm","target":"vcpu","stats":[{"name":"h","type":"linear-histogram","bucket-size":5}]}]}`
	c := &fakeClient{records: []domstats.Record{record("a", 1)}, answers: map[string]string{
		"query-stats-schemas": schema,
		"query-cpus-fast":     `{"return":[{"cpu-index":0,"qom-path":"/machine/unattached/device[0]"}]}`,
		"query-stats":         `{"return":[{"provider":"kvm","qom-path":"/machine/unattached/device[0]","stats":[{"name":"h","value":[1,2,3]}]}]}`,
	}}
	o := &observe.Observer{Client: c, QEMU: true, Log: slog.New(slog.DiscardHandler)}
	got, err := o.Look(t.Context(), nil)
	if err != nil || len(got) != 1 || got[0].Schema == nil || len(got[0].Histograms) != 1 {
		t.Fatalf("%v, %+v", err, got)
	}
	if h := got[0].Histograms[0]; !slices.Equal(h.Buckets, []uint64{1, 2, 3}) || !h.Unsure {
		t.Errorf("without a version: %+v", h)
	}
	for version, want := range map[string]display.Histogram{
		`{"major":10,"minor":0,"micro":3}`: {Buckets: []uint64{3, 2, 1}},
		`{"major":99,"minor":0,"micro":0}`: {Buckets: []uint64{1, 2, 3}, Unsure: true},
	} {
		c.answers["query-version"] = `{"return":{"qemu":` + version + `}}`
		got, err := o.Look(t.Context(), nil)
		if err != nil || !slices.Equal(got[0].Histograms[0].Buckets, want.Buckets) || got[0].Histograms[0].Unsure != want.Unsure {
			t.Errorf("%s: %v, %+v", version, err, got)
		}
	}
	delete(c.answers, "query-cpus-fast")
	if got, err = o.Look(t.Context(), nil); err != nil || got[0].Schema == nil || got[0].Histograms != nil {
		t.Errorf("without a list of vCPUs: %v, %+v", err, got)
	}
}
