// SPDX-License-Identifier: GPL-2.0-or-later

package artifacts

import (
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// TestArtifactsThroughLinks has links in place of artifacts: their targets are neither read
// nor removed.
func TestArtifactsThroughLinks(t *testing.T) {
	for _, link := range []string{".lcitool", ".lcitool/artifacts", ".lcitool/artifacts/one"} {
		top := t.TempDir()
		tree, victim := filepath.Join(top, "tree"), filepath.Join(top, "victim")
		precious := filepath.Join(victim, "artifacts", "one", "keep")
		target := map[string]string{".lcitool": victim, ".lcitool/artifacts": victim + "/artifacts", ".lcitool/artifacts/one": victim + "/artifacts/one"}[link]
		for _, dir := range []string{filepath.Dir(precious), filepath.Join(tree, filepath.Dir(link))} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(precious, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(tree, link)); err != nil {
			t.Fatal(err)
		}
		s := In(tree)
		if has, err := s.Has("one", false); has || err == nil {
			t.Errorf("%s: has artifacts: %v, %v", link, has, err)
		}
		last := link == ".lcitool/artifacts/one"
		checkErr, removeErr := s.Check(), s.Remove("one")
		if last != (checkErr == nil) || last != (removeErr == nil) {
			t.Errorf("%s: check %v, remove %v", link, checkErr, removeErr)
		}
		err := s.Replace("one", func(*safefs.Dir) error { return nil })
		addErr := s.Add("one", "report", nil)
		if last != (err == nil) || last != (addErr == nil) {
			t.Errorf("%s: replace %v, add %v", link, err, addErr)
		}
		if _, err := os.Stat(precious); err != nil {
			t.Errorf("%s: %v", link, err)
		}
		if entries, err := os.ReadDir(victim); len(entries) != 1 || err != nil {
			t.Errorf("%s: %v, %v", link, entries, err)
		}
	}
}
