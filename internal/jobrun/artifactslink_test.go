// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// TestArtifactsThroughLinks has trees in which a link stands where artifacts
// are: what it leads to is neither read nor removed.
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
		r := &Runner{Base: tree, Artifacts: filepath.Join(tree, ".lcitool/artifacts")}
		j := &Job{Job: gitlabci.Job{Name: "one"}}
		if has, err := r.hasArtifacts(j); has || err == nil {
			t.Errorf("%s: has artifacts: %v, %v", link, has, err)
		}
		_, openErr := r.openArtifacts()
		removeErr := r.removeArtifacts(j)
		if last := link == ".lcitool/artifacts/one"; last != (openErr == nil) || last != (removeErr == nil) {
			t.Errorf("%s: open %v, remove %v", link, openErr, removeErr)
		}
		if _, err := os.Stat(precious); err != nil {
			t.Errorf("%s: %v", link, err)
		}
		if entries, err := os.ReadDir(victim); len(entries) != 1 || err != nil {
			t.Errorf("%s: %v, %v", link, entries, err)
		}
	}
}
