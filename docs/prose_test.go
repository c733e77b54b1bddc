// SPDX-License-Identifier: GPL-2.0-or-later

package docs

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// phrases maps unclear phrases to better ones. They are lower case, because identifiers keep
// their names.
var phrases = map[string]string{
	`\bto be had\b`: "missing, unavailable",
	`\bof (which|whom|whose)\b|\bwhom(ever)?\b`:                        "two sentences",
	`\bwho(so)?ever\b`:                                                 `"any user", or a passive`,
	`\bwhatever (becomes|became|has become|comes of|they are|it is)\b`: `"even if", or "any"`,
	`\banew\b`:                        "again",
	`\b(is|are) told\b|\btells? of\b`: "reported, reports",
	`\bfolders?\b`:                    "directory",
	`\b(takes?|taken|taking) [^.,;:]{1,30} for an?\b`: "treat as",
	`\btoo[.;]( |$)`: `"also", "as well"`,
	`\bshall\b`:      "must",
	`\bfaults?\b`:    "error",
	`^#+ .*\?$`:      "a noun phrase as the heading",
}

// terms are established terms and function names that contain such a phrase.
var terms = regexp.MustCompile(`\b(page|minor|major|fetch-minor-|[Ss]egmentation)[-_ ]?faults?|injected faults`)

type sentence struct {
	file string
	line int
	text string
}

// TestProse checks comments and strings of the program, and the guides.
func TestProse(t *testing.T) {
	compiled := map[*regexp.Regexp]string{}
	for pattern, instead := range phrases {
		compiled[regexp.MustCompile(pattern)] = instead
	}
	count := 0
	for _, s := range append(goProse(t), guides(t)...) {
		count++
		text := terms.ReplaceAllString(s.text, "")
		for pattern, instead := range compiled {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s:%d: %q: %s", s.file, s.line, found, instead)
			}
		}
	}
	if count < 10000 {
		t.Errorf("only %d lines were read", count)
	}
}

// goProse returns comments and strings of all Go files except tests and generated files.
func goProse(t *testing.T) []sentence {
	t.Helper()
	var all []sentence
	for _, file := range files(t, ".go") {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "../domstats/internal/fault/") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		in := set.AddFile(file, -1, len(src))
		var s scanner.Scanner
		s.Init(in, src, nil, scanner.ScanComments)
		for {
			pos, kind, literal := s.Scan()
			if kind == token.EOF {
				break
			}
			if kind != token.COMMENT && kind != token.STRING {
				continue
			}
			line := set.Position(pos).Line
			for i, text := range strings.Split(strings.Trim(literal, "\"`"), "\n") {
				all = append(all, sentence{file, line + i, text})
			}
		}
	}
	return all
}

// guides returns the lines of all Markdown outside of code blocks.
func guides(t *testing.T) []sentence {
	t.Helper()
	var all []sentence
	for _, file := range files(t, ".md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				code = !code
			}
			if !code {
				all = append(all, sentence{file, i + 1, line})
			}
		}
	}
	return all
}

// files returns the files of the source tree that end in ending.
func files(t *testing.T, ending string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || len(d.Name()) > 2 && d.Name()[0] == '.'):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ending):
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
