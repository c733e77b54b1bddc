// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"gitlab.com/lcitool/lcitool/internal/golden"
)

// TestReference compares the command reference and the man pages with what
// the commands say of themselves.
func TestReference(t *testing.T) {
	root := newRoot(&app{stdout: io.Discard, stderr: io.Discard})
	reference, man := map[string][]byte{}, map[string][]byte{}
	walk(root, func(cmd *cobra.Command) {
		cmd.DisableAutoGenTag = true
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		var page, manual bytes.Buffer
		link := func(file string) string { return strings.ReplaceAll(file, "_", "-") }
		if err := doc.GenMarkdownCustom(cmd, &page, link); err != nil {
			t.Fatal(err)
		}
		// Pages are dated by the release they belong to, not by the day of the build.
		date := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
		header := &doc.GenManHeader{Section: "1", Source: "lcitool", Manual: "lcitool", Date: &date}
		if err := doc.GenMan(cmd, header, &manual); err != nil {
			t.Fatal(err)
		}
		reference[name+".md"] = page.Bytes()
		man[name+".1"] = manual.Bytes()
	})
	if len(reference) < 10 {
		t.Fatalf("only %d commands", len(reference))
	}
	golden.Tree(t, "../../docs/reference", reference)
	golden.Tree(t, "../../docs/man", man)
}

// walk visits a command with all that users see below it.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" && sub.Name() != "help" {
			walk(sub, visit)
		}
	}
}

// TestEveryCommandSaysWhatItDoes keeps the reference worth reading.
func TestEveryCommandSaysWhatItDoes(t *testing.T) {
	walk(newRoot(&app{stdout: io.Discard, stderr: io.Discard}), func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short description %q", cmd.CommandPath(), cmd.Short)
		}
	})
}
