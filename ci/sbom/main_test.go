// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"testing"
)

func TestDescribe(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.26.0", Main: debug.Module{Path: "example.org/x", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "a", Version: "v1.0.0+incompatible", Sum: "h1:a"},
			{Path: "b", Version: "v1.0.0", Replace: &debug.Module{Path: "c", Version: "v2.0.0", Sum: "h1:c"}},
		},
		Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "vcs.time", Value: "now"}},
	}
	d := describe(info, "v1.2.3", [32]byte{1})
	var got []string
	for _, c := range d.Components {
		got = append(got, c.Purl)
	}
	want := []string{"pkg:golang/stdlib@1.26.0", "pkg:golang/a@v1.0.0%2Bincompatible", "pkg:golang/c@v2.0.0"}
	text, _ := json.Marshal(got)
	if wanted, _ := json.Marshal(want); !bytes.Equal(text, wanted) {
		t.Errorf("components %s, want %s", text, wanted)
	}
	main := d.Metadata.Component
	if main.Purl != "pkg:golang/example.org/x@v1.2.3" || len(main.Properties) != 1 || len(d.Dependencies) != 1 || len(d.Dependencies[0].DependsOn) != 3 {
		t.Errorf("got %+v", d)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(d.Serial) {
		t.Errorf("serial %s", d.Serial)
	}
}

// TestRun describes this test binary twice with the same result, and refuses a file that is
// no Go program.
func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var one, two bytes.Buffer
	if err := run(&one, self, "v1"); err != nil {
		t.Fatal(err)
	}
	if err := run(&two, self, "v1"); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("two texts: %v\n%s\n%s", err, one.String(), two.String())
	}
	var d document
	if err := json.Unmarshal(one.Bytes(), &d); err != nil || d.Format != "CycloneDX" {
		t.Errorf("%v in %s", err, one.String())
	}
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + ".none"} {
		if err := run(&one, name, "v1"); err == nil {
			t.Errorf("%s is a program", name)
		}
	}
}
