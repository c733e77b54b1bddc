// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rogpeppe/go-internal/diff"
)

// Compare compares a file with its expected digest; "" accepts any. The error is
// a *ChangedError.
func (s *Source) Compare(f File, want string) error {
	if want == "" || want == f.Digest {
		return nil
	}
	e := &ChangedError{Location: f.Location(), Want: want, Got: f.Digest}
	if before, err := s.cache.blob(want); err == nil {
		e.Diff = s.diff(f.Reference, before, f.Data)
	}
	return e
}

// diff returns the differences between the packages in two versions of a project
// file.
func (s *Source) diff(ref Reference, before, after []byte) string {
	old, err := s.opts.Read(ref, before)
	if err != nil {
		return ""
	}
	now, err := s.opts.Read(ref, after)
	if err != nil {
		return ""
	}
	text := diff.Diff("locked", lines(old), "now", lines(now))
	if text == nil {
		return "its list of packages is the same"
	}
	_, hunks, _ := strings.Cut(string(text), "\n") // without the line "diff locked now"
	return strings.TrimSuffix(hunks, "\n")
}

// lines returns the packages sorted, one per line, without duplicates.
func lines(packages []string) []byte {
	var out []string
	for _, p := range packages {
		if strings.ContainsFunc(p, func(r rune) bool { return !unicode.IsPrint(r) }) {
			p = strconv.Quote(p)
		}
		out = append(out, p+"\n")
	}
	slices.Sort(out)
	return []byte(strings.Join(slices.Compact(out), ""))
}
