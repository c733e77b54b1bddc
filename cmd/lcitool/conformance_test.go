// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// conformance is a folder beside the checkout with bodies that the original
// renders; whoever has only the checkout has it not.
const conformance = "../../../shared/conformance"

// TestConformance compares every body with the original's, byte by byte.
func TestConformance(t *testing.T) {
	cases, err := os.Open(filepath.Join(conformance, "cases.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the original's bodies are not beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cases.Close()
	rows, err := csv.NewReader(cases).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 2 {
		t.Fatal("no cases")
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(conformance, "expected", row[0]))
			if err != nil {
				t.Fatal(err)
			}
			got := runOutput(t, strings.Fields(row[1])...)
			if !strings.Contains(row[1], "json") {
				_, got, _ = bytes.Cut(got, []byte("\n\n"))
			}
			if got, want := strings.TrimSpace(string(got)), strings.TrimSpace(string(want)); got != want {
				t.Errorf("body differs:\n%s", firstDifference(got, want))
			}
		})
	}
}

// runOutput runs a command line that must succeed and gives its stdout.
func runOutput(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: os.Stdin, stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
	if status := run(t.Context(), a, args); status != 0 {
		t.Fatalf("lcitool %s: status %d\n%s", strings.Join(args, " "), status, stderr.String())
	}
	return stdout.Bytes()
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one ends before the other"
}
