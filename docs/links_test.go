// SPDX-License-Identifier: GPL-2.0-or-later

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)\s]*))?\)`)
	manPage = regexp.MustCompile(`\\fB(\S+?)\\fR\(([15])\)|(?m)^\.BR (\S+) \(([15])\)$`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// TestLinks: the files and headings that Markdown links to exist.
func TestLinks(t *testing.T) {
	count := 0
	for _, s := range guides(t) {
		for _, m := range link.FindAllStringSubmatch(s.text, -1) {
			count++
			file := s.file
			if m[1] != "" {
				file = filepath.Join(filepath.Dir(s.file), m[1])
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s:%d: %v", s.file, s.line, err)
			} else if m[2] != "" && !anchors(t, file)[m[2]] {
				t.Errorf("%s:%d: %s has no heading #%s", s.file, s.line, file, m[2])
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d links were read", count)
	}
}

// anchors returns what GitLab calls the headings of a file.
func anchors(t *testing.T, file string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		all[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return all
}

// TestNamesOfManualPages: the pages of lcitool that a manual page names exist.
func TestNamesOfManualPages(t *testing.T) {
	pages, err := filepath.Glob("man*/*.[15]")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range manPage.FindAllStringSubmatch(string(text), -1) {
			count++
			name, section := m[1]+m[3], m[2]+m[4]
			file := filepath.Join(map[string]string{"1": "man", "5": "man5"}[section], strings.ReplaceAll(name, `\-`, "-")+"."+section)
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d names were read", count)
	}
}
