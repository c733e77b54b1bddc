// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// additive returns a build on the image of its tag, with these packages.
func additive(packages ...string) api.BuildOptions {
	return api.BuildOptions{
		Tag: "t", Dockerfile: []byte("FROM x\nRUN install " + strings.Join(packages, " ") + "\n"),
		Labels: map[string]string{"l": "1"},
		Delta: &api.Delta{Rest: []byte("FROM x\nRUN install"), Packages: packages, Layer: func(added []string) ([]byte, error) {
			return []byte("RUN add " + strings.Join(added, " ") + "\n"), nil
		}},
	}
}

func TestDeltaOverAnImage(t *testing.T) {
	made := func(o api.BuildOptions, deltas int) standing {
		return standing{image: api.Image{ID: "0123456789abcdef"}, from: originOf(o, inputDigest(o), deltas)}
	}
	ab := additive("a", "b")
	with := func(change func(*api.BuildOptions)) api.BuildOptions {
		o := additive("a", "b", "c")
		change(&o)
		return o
	}
	same := func(*api.BuildOptions) {}
	for _, c := range []struct {
		name  string
		old   standing
		o     api.BuildOptions
		added []string
		count int // 0 when no delta can be
	}{
		{"one more", made(ab, 0), with(same), []string{"c"}, 1},
		{"two more, one before all", made(ab, 0), additive("0", "a", "b", "c"), []string{"0", "c"}, 1},
		{"from none", made(additive(), 0), additive("a"), []string{"a"}, 1},
		{"other label", made(ab, 0), with(func(o *api.BuildOptions) { o.Labels = map[string]string{"l": "2"} }), []string{"c"}, 1},
		{"label alone", made(ab, 0), func() api.BuildOptions { o := additive("a", "b"); o.Labels = map[string]string{"l": "2"}; return o }(), nil, 1},
		{"fifth", made(ab, 4), with(same), []string{"c"}, 5},
		{"sixth", made(ab, 5), with(same), nil, 0},
		{"one less", made(ab, 0), additive("a"), nil, 0},
		{"another", made(ab, 0), additive("a", "c"), nil, 0},
		{"no image", standing{}, with(same), nil, 0},
		{"not one of ours", standing{image: api.Image{ID: "0", Labels: allLabels(ab, "T", inputDigest(ab))}}, with(same), nil, 0},
		{"base moved", standing{image: made(ab, 0).image, from: made(ab, 0).from, moved: true}, with(same), nil, 0},
		{"no way", made(ab, 0), with(func(o *api.BuildOptions) { o.Delta = nil }), nil, 0},
		{"exact", made(ab, 0), with(func(o *api.BuildOptions) { o.Exact = true }), nil, 0},
		{"force", made(ab, 0), with(func(o *api.BuildOptions) { o.Force = true }), nil, 0},
		{"no cache", made(ab, 0), with(func(o *api.BuildOptions) { o.NoCache = true }), nil, 0},
		{"pull", made(ab, 0), with(func(o *api.BuildOptions) { o.Pull = api.PullNewer }), nil, 0},
		{"rest", made(ab, 0), with(func(o *api.BuildOptions) { o.Delta.Rest = []byte("FROM y") }), nil, 0},
		{"network", made(ab, 0), with(func(o *api.BuildOptions) { o.Network = api.NetworkHost }), []string{"c"}, 1},
		{"arg", made(ab, 0), with(func(o *api.BuildOptions) { o.Args = map[string]string{"a": "b"} }), nil, 0},
		{"label gone", made(ab, 0), with(func(o *api.BuildOptions) { o.Labels = nil }), nil, 0},
		{"note gone", made(func() api.BuildOptions { o := ab; o.ExtraLabels = map[string]string{"n": "1"}; return o }(), 0), with(same), nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			step, ok := deltaOver(c.o, c.old)
			if !ok {
				step = deltaStep{}
			}
			if ok != (c.count > 0) || !slices.Equal(step.added, c.added) || step.count != c.count {
				t.Errorf("got %+v, %v", step, ok)
			}
		})
	}
}

func TestDeltaOrder(t *testing.T) {
	o := additive("a", "b")
	o.ExtraLabels = map[string]string{"n": "1"}
	step := deltaStep{on: "0123456789abcdef", added: []string{"b"}, count: 2}
	sent, err := step.order(o, "", "d")
	if err != nil || !sent.flat || sent.Pull != api.PullNever {
		t.Fatalf("%+v, %v", sent, err)
	}
	for _, want := range []string{`l="1"`, `n="1"`, `lcitool.delta="0123456789abcdef"`, `lcitool.deltas="2"`, `lcitool.digest="d"`, `lcitool.packages="a b"`} {
		if !strings.Contains(string(sent.text), want) {
			t.Errorf("no %s in\n%s", want, sent.text)
		}
	}
	if !strings.HasPrefix(string(sent.text), "FROM 0123456789abcdef\nRUN add b\nLABEL ") || strings.Count(string(sent.text), "\n") != 3 {
		t.Errorf("got\n%s", sent.text)
	}
	if got := step.String(); got != "delta 2 of 5 on image 0123456789ab: adding b" {
		t.Error(got)
	}
	step.added = nil
	if sent, err = step.order(o, "", "d"); err != nil || !strings.HasPrefix(string(sent.text), "FROM 0123456789abcdef\nLABEL ") {
		t.Errorf("labels only: %v\n%s", err, sent.text)
	}
	fault := errors.New("no")
	step.added, o.Delta.Layer = []string{"b"}, func([]string) ([]byte, error) { return nil, fault }
	if _, err := step.order(o, "", "d"); !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
}

func TestNotesAreNoInput(t *testing.T) {
	o := api.BuildOptions{Tag: "t", Dockerfile: []byte("FROM x\n")}
	_, plain, _ := prepare(o, "")
	o.ExtraLabels = map[string]string{api.LabelManifest: "abc"}
	text, noted, err := prepare(o, "")
	if err != nil || noted != plain || !strings.Contains(string(text), `lcitool.manifest="abc"`) {
		t.Errorf("%v, %s and %s\n%s", err, plain, noted, text)
	}
	o.ExtraLabels = map[string]string{"a b": ""}
	if _, _, err := prepare(o, ""); err == nil {
		t.Error("a note that cannot be a label")
	}
}
