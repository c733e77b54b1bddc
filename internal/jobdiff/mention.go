// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Kind is the kind of thing that a line of a log mentions.
type Kind string

const (
	Header       Kind = "header"
	Function     Kind = "function"
	Symbol       Kind = "symbol"
	Library      Kind = "library"
	Tool         Kind = "tool"
	PkgConfig    Kind = "pkg-config module"
	PythonModule Kind = "Python module"
	PerlModule   Kind = "Perl module"
)

// A Mention is a thing named in a line of a log that a package may contain.
type Mention struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"` // such as "zlib.h" or "deflate"
}

// A phrase matches messages about things of one kind. The first group is the
// name.
type phrase struct {
	kind    Kind
	pattern *regexp.Regexp
}

// quoted matches a name with any quotes that compilers use.
const quoted = "[`'\"‘“]?([^\\s`'\"‘’“”,;:()]+)['\"’”]?"

// phrases returns messages of compilers, linkers, shells and build systems, most
// specific first.
func phrases() []phrase {
	of := func(kind Kind, patterns ...string) (all []phrase) {
		for _, p := range patterns {
			all = append(all, phrase{kind, regexp.MustCompile(strings.ReplaceAll(p, "NAME", quoted))})
		}
		return all
	}
	return slices.Concat(
		of(Header, `fatal error: NAME: No such file`, `fatal error: NAME file not found`, `[Cc]annot open (?:source|include) file:? NAME`,
			`(?:Check usable|Has) header NAME.* : NO`, `^(?:In file included from )?(/usr/[^:\s]*\.(?:h|hh|hpp|hxx)):\d+`),
		of(PkgConfig, `No package NAME found`, `Package NAME, required by`, `Package NAME was not found in the pkg-config`, `Package requirements \(NAME`,
			`Dependency NAME(?: \(modules: [^)]*\))? (?:not found|found: NO)`, `Dependency lookup for NAME with method 'pkg-?config' failed`,
			`Dependency NAME is required but not found`, `Invalid version, need NAME`),
		of(Tool, `Program NAME[^:]*? (?:not found|found: NO)`, `(?:^|: )NAME: command not found`, `^(?:\S*sh: )?(?:\d+: |line \d+: |\S+: \d+: |\S+: line \d+: )NAME: not found`,
			`env: NAME: No such file`, `^make(?:\[\d+\])?: NAME: No such file`, `[Cc]annot (?:find|run) (?:program|command) NAME`, `executable file NAME not found`),
		of(Library, `cannot find -lNAME`, `unable to find library -lNAME`, `error while loading shared libraries: NAME`, `library NAME not found`),
		of(Symbol, `undefined reference to (?:symbol )?NAME`, `undefined symbol: NAME`, `symbol lookup error: .*undefined symbol: NAME`, `[Uu]ndefined symbols?.*: NAME`),
		of(Function, `implicit declaration of function NAME`, `call to undeclared (?:library )?function NAME`, `arguments to function NAME`,
			`use of undeclared identifier NAME`, `error: NAME undeclared`, `unknown type name NAME`, `argument \d+ of NAME`, `error: NAME (?:is|was) (?:deprecated|not declared)`),
		of(PythonModule, `No module named NAME`, `cannot import name \S+ from NAME`),
		of(PerlModule, `Can't locate (\S+\.pm) in @INC`),
	)
}

// Mentions returns what a line mentions, most specific first.
func Mentions(line string) []Mention {
	var all []Mention
	for _, p := range phrases() {
		m := p.pattern.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		found := Mention{p.kind, tidy(p.kind, m[1])}
		if found.Name != "" && !slices.Contains(all, found) {
			all = append(all, found)
		}
	}
	return all
}

// tidy returns a name as packages contain it.
func tidy(kind Kind, name string) string {
	name = strings.TrimRight(name, ".…")
	switch kind {
	case Symbol:
		name, _, _ = strings.Cut(name, "@") // a version
	case Library:
		name, _, _ = strings.Cut(strings.TrimPrefix(path.Base(name), "lib"), ".so")
	case PythonModule:
		name, _, _ = strings.Cut(name, ".")
	case Tool:
		name = path.Base(name)
	}
	if name == "" || name == "." || name == "/" {
		return ""
	}
	return name
}
