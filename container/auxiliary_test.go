// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// TestAuxiliariesOfAnotherEngine: a record is forgotten if its engine is not used any more.
func TestAuxiliariesOfAnotherEngine(t *testing.T) {
	e := recorder(t)
	for _, tag := range []string{"old", "new"} {
		if err := e.recordAuxiliary("1", "", api.BuildOptions{Tag: tag, Lifetime: api.UntilExit}); err != nil {
			t.Fatal(err)
		}
		r, err := e.records.Get(records.Auxiliary, tag)
		if err != nil {
			t.Fatal(err)
		}
		r.Engine = "unix:///elsewhere"
		if err := e.records.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.proofs()
	if err != nil || len(p.auxiliaries) != 2 {
		t.Fatalf("%+v, %v", p.auxiliaries, err)
	}
	if err := e.forgetAuxiliaries(t.Context(), p, func(r records.Record) bool { return r.Name == "old" }); err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]bool{"old": false, "new": true} {
		if _, err := e.records.Get(records.Auxiliary, tag); (err == nil) != want {
			t.Errorf("record of %s: %v", tag, err)
		}
	}
}

// TestImageBeforeAnAuxiliary: an image of the user's is never one that Prune may remove.
func TestImageBeforeAnAuxiliary(t *testing.T) {
	e := recorder(t)
	if err := e.recordImage("ours", origin{}); err != nil {
		t.Fatal(err)
	}
	for before, want := range map[string]string{"ours": "ours", "theirs": "", "": ""} {
		if err := e.recordAuxiliary("1", before, api.BuildOptions{Tag: "x", Lifetime: api.UntilExit}); err != nil {
			t.Fatal(err)
		}
		r, err := e.records.Get(records.Auxiliary, "x")
		if got := r.Extra[extraBefore]; err != nil || got != want {
			t.Errorf("before %q: %q, %v", before, got, err)
		}
	}
}
