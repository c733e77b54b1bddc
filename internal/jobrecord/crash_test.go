// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import "testing"

// TestLastCrashes: crashes of an earlier run do not count after the job has run again.
func TestLastCrashes(t *testing.T) {
	crashed := []Crash{{Signal: "SIGSEGV"}}
	step := t.TempDir()
	if err := (&Live{Dir: step}).MarkStep(); err != nil {
		t.Fatal(err)
	}
	runs := []Stored{
		{Dir: step, Run: Run{Jobs: []Job{{Name: "b", Crashes: crashed}, {Name: "c", Crashes: crashed}}}}, // of a search
		{Run: Run{Jobs: []Job{{Name: "other"}}}},
		{Run: Run{Jobs: []Job{{Name: "a", Crashes: crashed}, {Name: "b"}}}},
		{Run: Run{Jobs: []Job{{Name: "b", Crashes: crashed}}}},
	}
	for name, want := range map[string]int{"a": 1, "b": 0, "c": 1, "none": 0} {
		if got := LastCrashes(runs, name); len(got) != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
