// SPDX-License-Identifier: GPL-2.0-or-later

package facts_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/facts"
)

var (
	sectionLine  = regexp.MustCompile(`^(mappings|pypi_mappings|cpan_mappings):$`)
	nameLine     = regexp.MustCompile(`^  ([A-Za-z0-9][A-Za-z0-9_.+-]*):$`)
	selectorLine = regexp.MustCompile(`^    ([A-Za-z0-9_-]+):(?: (\S+))?$`)
	itemLine     = regexp.MustCompile(`^  - ([A-Za-z0-9][A-Za-z0-9_.+-]*)$`)
)

type mappingFile struct {
	name     string
	sections []string
	entries  map[string][]string            // names by section, in order
	keys     map[string]map[string][]string // selectors by section and name, in order
}

// readMappings parses the built-in files line by line. It accepts only comments, sections,
// names and selectors on lines of their own.
func readMappings(t *testing.T) []*mappingFile {
	t.Helper()
	var files []*mappingFile
	for _, name := range glob(t, "mappings/*.yml") {
		f := &mappingFile{name: name, entries: map[string][]string{}, keys: map[string]map[string][]string{}}
		for i, line := range lines(t, name) {
			if fault := f.add(line); fault != "" {
				t.Errorf("facts/%s:%d: %q: %s", name, i+1, line, fault)
			}
		}
		files = append(files, f)
	}
	return files
}

func (f *mappingFile) add(line string) (fault string) {
	section := ""
	if n := len(f.sections); n > 0 {
		section = f.sections[n-1]
	}
	names := f.entries[section]
	switch {
	case line == "" || strings.HasPrefix(strings.TrimLeft(line, " "), "# "):
	case sectionLine.MatchString(line):
		section = strings.TrimSuffix(line, ":")
		f.sections = append(f.sections, section)
		f.keys[section] = map[string][]string{}
	case nameLine.MatchString(line) && section != "":
		f.entries[section] = append(names, nameLine.FindStringSubmatch(line)[1])
	case selectorLine.MatchString(line) && len(names) > 0:
		match := selectorLine.FindStringSubmatch(line)
		last := names[len(names)-1]
		f.keys[section][last] = append(f.keys[section][last], match[1])
		return quoting(match[2])
	default:
		return "not a plain section, name or selector"
	}
	return ""
}

// quoting returns what is wrong with a value's quotes, or "".
func quoting(value string) string {
	if value == "" {
		return ""
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(value), &node); err != nil {
		return err.Error()
	}
	scalar := node.Content[0]
	if scalar.Kind != yaml.ScalarNode || scalar.Tag != "!!str" || scalar.Anchor != "" {
		return "is no string"
	}
	plain, err := yaml.Marshal(scalar.Value)
	if err != nil {
		return err.Error()
	}
	if quoted := scalar.Style != 0; quoted && strings.TrimSpace(string(plain)) == scalar.Value {
		return "needs no quotes"
	}
	return ""
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := fs.Glob(facts.BuiltIn().FS, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	return names
}

// lines also checks that the file ends with a newline and has no trailing spaces.
func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := fs.ReadFile(facts.BuiltIn().FS, name)
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutSuffix(string(data), "\n")
	if !ok || strings.HasSuffix(text, "\n") {
		t.Errorf("facts/%s does not end with one newline", name)
	}
	all := strings.Split(text, "\n")
	for i, line := range all {
		if strings.TrimRight(line, " \t\r") != line {
			t.Errorf("facts/%s:%d: spaces at the end of the line", name, i+1)
		}
	}
	return all
}
