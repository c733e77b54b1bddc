// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestListOfPackages(t *testing.T) {
	for name, k := range map[string]struct {
		list, copied string
		want         []string
	}{
		"a copy":                   {"", "a 1\n\nb 2\n" + packagesEnd + "\n", []string{"a 1", "b 2"}},
		"image has none":           {"forged\n", packagesEnd + "\n", nil},
		"the image cannot copy":    {"a 1\n", "", []string{"a 1"}},
		"a copy that is not whole": {"a 1\nb 2\n", "a 1\n", []string{"a 1", "b 2"}},
		"neither":                  {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := &memoryContainer{files: map[string]string{}, mounted: t.TempDir()}
			for file, text := range map[string]string{packagesList: k.list, packagesCopy: k.copied} {
				if text != "" {
					c.files[file] = text
				}
			}
			if got := packages(t.Context(), c); !slices.Equal(got, k.want) {
				t.Errorf("mounted: got %q", got)
			}
			if c.mounted = ""; k.list != "" {
				if got := packages(t.Context(), c); !slices.Equal(got, nonEmptyLines(k.list)) {
					t.Errorf("copied: got %q", got)
				}
			}
		})
	}
}

func TestCopyPackages(t *testing.T) {
	dir := t.TempDir()
	list, copied := filepath.Join(dir, "packages.txt"), filepath.Join(dir, "state/packages")
	run := func() {
		t.Helper()
		script := strings.NewReplacer(packagesCopy, copied, packagesList, list).Replace(copyPackages())
		if out, err := exec.Command("sh", "-c", script+"; :").CombinedOutput(); len(out) > 0 || err != nil {
			t.Errorf("%q, %v", out, err)
		}
	}
	run() // there is no state directory
	if err := os.Mkdir(filepath.Dir(copied), 0o755); err != nil {
		t.Fatal(err)
	}
	run()
	if text, err := os.ReadFile(copied); string(text) != packagesEnd+"\n" || err != nil {
		t.Errorf("without a list: %q, %v", text, err)
	}
	if err := os.WriteFile(list, []byte("a 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run()
	if text, _ := os.ReadFile(copied); string(text) != packagesEnd+"\n" {
		t.Errorf("copied a list that the job wrote: %q", text)
	}
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	run()
	if text, err := os.ReadFile(copied); string(text) != "a 1\n"+packagesEnd+"\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}
