// SPDX-License-Identifier: GPL-2.0-or-later

package golden_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/golden"
)

type recorder struct {
	testing.TB

	said []string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.said = append(r.said, fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func TestTree(t *testing.T) {
	for _, c := range []struct {
		name string
		have map[string]string // what is on the disk
		got  map[string]string
		want []string // a part of each failure, in order
	}{
		{"same", map[string]string{"a": "1\n", "b/c": "2\n"}, map[string]string{"a": "1\n", "b/c": "2\n"}, nil},
		{"nothing at all", nil, nil, nil},
		{"changed", map[string]string{"a": "1\n"}, map[string]string{"a": "2\n"}, []string{"-1\n+2\n"}},
		{"no newline at the end", map[string]string{"a": "1\n"}, map[string]string{"a": "1"}, []string{"a differs"}},
		{"missing", map[string]string{}, map[string]string{"b/c": ""}, []string{"c: no such file"}},
		{"left over", map[string]string{"b/c": ""}, map[string]string{}, []string{"c is there and should not be"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			for name, text := range c.have {
				path := filepath.Join(folder, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := map[string][]byte{}
			for name, text := range c.got {
				got[name] = []byte(text)
			}
			r := &recorder{TB: t}
			golden.Tree(r, folder, got)
			if len(r.said) != len(c.want) {
				t.Fatalf("failures: %q, want %q", r.said, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(r.said[i], want) {
					t.Errorf("failure %d: %q, want %q in it", i, r.said[i], want)
				}
			}
		})
	}
}
