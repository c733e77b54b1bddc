// SPDX-License-Identifier: GPL-2.0-or-later

package bisect

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

type packages struct {
	names  []string
	needs  map[string][]string         // updates that come with one
	refuse func(set []string) bool     // whether a set cannot be installed
	fails  func(set []string) bool     // whether the job fails
	other  func(set []string) []string // packages as in neither image
	good   Verdict                     // of the images; "" for what they should be
	bad    Verdict

	tried int
}

func all(set []string, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(set, name) })
}

func (p *packages) try(_ context.Context, t *Trial, _ int) error {
	p.tried++
	switch t.Image {
	case GoodImage:
		t.Verdict = p.good
		if p.good == "" {
			t.Verdict = Good
		}
		return nil
	case BadImage:
		t.Verdict = p.bad
		if p.bad == "" {
			t.Verdict = Bad
		}
		return nil
	}
	if p.refuse != nil && p.refuse(t.Updates) {
		t.Verdict = Skip
		return nil
	}
	set := slices.Clone(t.Updates)
	for i := 0; i < len(set); i++ {
		for _, name := range p.needs[set[i]] {
			if !slices.Contains(set, name) {
				set, t.Also = append(set, name), append(t.Also, name)
			}
		}
	}
	if p.other != nil {
		t.Other = p.other(set)
	}
	t.Verdict = Good
	if p.fails(set) {
		t.Verdict = Bad
	}
	return nil
}

func letters(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%c%02d", 'a'+i%26, i))
	}
	return names
}

// search is interrupted after every trial.
func (p *packages) search(t *testing.T) *UpdateResult {
	t.Helper()
	file := filepath.Join(t.TempDir(), "steps")
	enough := fmt.Errorf("interrupted")
	for range 200 {
		s := &UpdateSearch{Log: Log[Trial]{File: file}, Updates: p.names}
		if err := s.Load(); err != nil {
			t.Fatal(err)
		}
		left := 1
		s.Try = func(ctx context.Context, trial *Trial, n int) error {
			if left--; left < 0 {
				return enough
			}
			return p.try(ctx, trial, n)
		}
		r, err := s.Run(t.Context())
		if err == nil {
			return r
		}
		if err != enough { //nolint:errorlint // the same value
			t.Fatal(err)
		}
	}
	t.Fatal("the search does not end")
	return nil
}

func TestUpdateSearch(t *testing.T) {
	n := letters(20)
	for _, test := range []struct {
		name     string
		p        packages
		end      End
		culprits []string
		brought  []string
		without  Verdict // "" for none
		most     int     // trials
	}{
		{"first", packages{fails: func(s []string) bool { return all(s, n[0]) }}, FoundThese, n[:1], nil, Good, 10},
		{"middle", packages{fails: func(s []string) bool { return all(s, n[11]) }}, FoundThese, n[11:12], nil, Good, 10},
		{"last", packages{fails: func(s []string) bool { return all(s, n[19]) }}, FoundThese, n[19:], nil, Good, 10},
		{"only one", packages{names: n[:1], fails: func(s []string) bool { return all(s, n[0]) }}, FoundThese, n[:1], nil, "", 3},
		{"two together", packages{fails: func(s []string) bool { return all(s, n[3], n[12]) }}, FoundThese, []string{n[3], n[12]}, nil, Good, 16},
		{"three together", packages{fails: func(s []string) bool { return all(s, n[3], n[12], n[13]) }}, FoundThese, []string{n[3], n[12], n[13]}, nil, Good, 22},
		{"two alone", packages{fails: func(s []string) bool { return all(s, n[5]) || all(s, n[9]) }}, FoundThese, n[5:6], nil, Bad, 10},
		{"masked by a later one", packages{fails: func(s []string) bool { return all(s, n[5]) && !all(s, n[9]) || all(s, n[15]) }}, FoundThese, n[15:16], nil, Good, 12},
		{"needs others", packages{
			fails: func(s []string) bool { return all(s, n[6]) }, needs: map[string][]string{n[6]: {n[7], n[19]}, n[0]: {n[18]}},
		}, FoundThese, n[6:7], []string{n[7], n[19]}, Good, 16},
		{"others need it", packages{
			fails: func(s []string) bool { return all(s, n[19]) }, needs: map[string][]string{n[0]: {n[19]}, n[2]: {n[19]}},
		}, FoundThese, n[19:], nil, Bad, 10},
		{"only together", packages{
			fails: func(s []string) bool { return all(s, n[7]) }, needs: map[string][]string{n[7]: {n[8]}, n[8]: {n[7]}},
		}, Undivided, n[7:9], nil, Good, 20},
		{"cannot be made apart", packages{
			fails: func(s []string) bool { return all(s, n[7]) }, refuse: func(s []string) bool { return all(s, n[7]) != all(s, n[8]) },
		}, Undivided, n[7:9], nil, Good, 20},
		{"one cannot be made", packages{
			fails: func(s []string) bool { return all(s, n[7]) }, refuse: func(s []string) bool { return all(s, n[2]) },
		}, FoundThese, n[7:8], nil, Skip, 20},
		{"none can be made", packages{
			fails: func([]string) bool { return true }, refuse: func([]string) bool { return true },
		}, NoneFails, n, nil, "", 40},
		{"not the updates", packages{fails: func([]string) bool { return false }}, AllPass, nil, nil, "", 3},
		{"good image fails", packages{good: Bad}, GoodFails, nil, nil, "", 1},
		{"good image cannot be judged", packages{good: Skip}, GoodFails, nil, nil, "", 1},
		{"bad image passes", packages{bad: Good}, BadPasses, nil, nil, "", 2},
		{"bad image cannot be judged", packages{bad: Skip}, BadPasses, nil, nil, "", 2},
		{"stray packages", packages{
			fails: func(s []string) bool { return all(s, n[4]) },
			other: func(s []string) []string {
				if len(s) < 20 && all(s, n[4]) {
					return []string{"x 3"}
				}
				return nil
			},
		}, Undivided, n, nil, "", 45},
		{"stray packages with all", packages{
			fails: func(s []string) bool { return len(s) == 20 },
			other: func(s []string) []string { return []string{"x 3"}[:len(s)/20] },
		}, NoneFails, n, nil, "", 40},
		{"stray packages with each part", packages{
			fails: func(s []string) bool { return all(s, n[4]) }, refuse: func(s []string) bool { return len(s) == 20 },
			other: func(s []string) []string {
				if all(s, n[4]) {
					return []string{"x 3"}
				}
				return nil
			},
		}, NoneFails, n, nil, "", 40},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := test.p
			if p.names == nil {
				p.names = n
			}
			r := p.search(t)
			slices.Sort(r.Culprits)
			slices.Sort(r.Brought)
			if r.End != test.end || !slices.Equal(r.Culprits, test.culprits) || !slices.Equal(r.Brought, test.brought) {
				t.Errorf("%s: %v, brought %v, want %s: %v, %v", r.End, r.Culprits, r.Brought, test.end, test.culprits, test.brought)
			}
			without := Verdict("")
			if r.Without != nil {
				without = r.Without.Verdict
			}
			if without != test.without {
				t.Errorf("without: %q, want %q", without, test.without)
			}
			if p.tried > test.most {
				t.Errorf("%d trials, want at most %d", p.tried, test.most)
			}
		})
	}
}

// TestManyUpdates: the work between trials must not grow with the square of the number of
// updates.
func TestManyUpdates(t *testing.T) {
	p := packages{names: letters(8_000)}
	p.fails = func(s []string) bool { return slices.Contains(s, p.names[7]) }
	s := &UpdateSearch{Log: Log[Trial]{File: filepath.Join(t.TempDir(), "steps")}, Updates: p.names, Try: p.try}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := s.Run(t.Context())
	runtime.ReadMemStats(&after)
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 500 {
		t.Errorf("%d MiB were allocated", mib)
	}
	if err != nil || r.End != FoundThese || !slices.Equal(r.Culprits, p.names[7:8]) || p.tried > 22 {
		t.Errorf("%+v, %v after %d trials", r, err, p.tried)
	}
}
