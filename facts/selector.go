// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A Vocabulary contains the valid parts of selectors.
type Vocabulary struct {
	Formats       []string            // packaging formats: "deb"
	Distributions map[string][]string // versions by name: "Debian" has "12"
	Arches        []string            // "s390x"
}

const (
	crossPrefix  = "cross-"
	policyPrefix = "cross-policy-"
)

// check returns an error for a selector that is invalid in a section. In the
// sections of pip and cpanm, selectors for cross builds have no effect.
func (v Vocabulary) check(section, selector string) error {
	if section != nativeSection && strings.HasPrefix(selector, crossPrefix) {
		return fmt.Errorf("selector %s has no effect in %s", yamldoc.Quote(selector), section)
	}
	return v.Check(selector)
}

// Check returns an error unless a selector can match a target. A selector is
// "default", a format, a distribution, or a release, optionally with the prefix
// "ARCH-", "cross-ARCH-" or "cross-policy-".
func (v Vocabulary) Check(selector string) error {
	base, hasArch := selector, false
	if rest, ok := strings.CutPrefix(selector, policyPrefix); ok {
		base = rest
	} else {
		rest, cross := strings.CutPrefix(selector, crossPrefix)
		if arch, after, ok := strings.Cut(rest, "-"); ok && slices.Contains(v.Arches, arch) {
			base, hasArch = after, true
		}
		if cross && !hasArch {
			return fmt.Errorf("unknown selector %s%s", yamldoc.Quote(selector), v.nearest(selector))
		}
	}
	if slices.Contains(v.bases(), base) {
		return nil
	}
	for _, os := range slices.Sorted(maps.Keys(v.Distributions)) {
		versions := v.Distributions[os]
		if version, ok := strings.CutPrefix(base, os); ok && isVersion(version) {
			return fmt.Errorf("selector %s is of no target: %s is known as %s", yamldoc.Quote(selector), os, strings.Join(versions, ", "))
		}
	}
	return fmt.Errorf("unknown selector %s%s", yamldoc.Quote(selector), v.nearest(selector))
}

// isVersion reports whether s looks like the version in a selector.
func isVersion(s string) bool {
	return s != "" && (unicode.IsDigit(rune(s[0])) || unicode.IsUpper(rune(s[0])))
}

// bases returns the selectors without a prefix.
func (v Vocabulary) bases() []string {
	all := append([]string{"default"}, v.Formats...)
	for os, versions := range v.Distributions {
		all = append(all, os)
		for _, version := range versions {
			all = append(all, os+version)
		}
	}
	return all
}

func (v Vocabulary) nearest(selector string) string {
	known := v.bases()
	prefixes := []string{policyPrefix}
	for _, arch := range v.Arches {
		prefixes = append(prefixes, arch+"-", crossPrefix+arch+"-")
	}
	for _, prefix := range prefixes {
		if strings.HasPrefix(selector, prefix) {
			for _, base := range v.bases() {
				known = append(known, prefix+base)
			}
		}
	}
	return DidYouMean(selector, known)
}

// Suggestion returns a question whether the most similar known word was meant,
// or "" if none is similar.
func Suggestion(word string, known []string) string {
	return strings.Trim(DidYouMean(word, known), " ()")
}

// longestWord limits the words that are compared, in bytes.
const longestWord = 80

// DidYouMean returns ` (did you mean "x"?)` for the most similar known word, or
// "" if none is similar.
func DidYouMean(word string, known []string) string {
	if word == "" || len(word) > longestWord {
		return ""
	}
	best, distance := "", (len(word)+1)/3+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if len(k) > longestWord {
			continue
		}
		if d := distanceOf(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distanceOf returns the number of letters to change. A transposition counts as
// one.
func distanceOf(a, b string) int {
	for i := 0; len(a) == len(b) && i+1 < len(a); i++ {
		if a[i] != b[i] {
			if a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:] {
				return 1
			}
			break
		}
	}
	return levenshtein.ComputeDistance(a, b)
}

var (
	errEmpty   = errors.New("is empty; leave the value out to say that there is nothing to install")
	errControl = errors.New("has a control character in it")
	errFormat  = errors.New("has an invisible character in it")
	errLong    = errors.New("is longer than 255 bytes")
	errOption  = errors.New("begins with a dash and would be read as an option")
)

// checkPackage returns an error for names that are not safe in rendered files.
func checkPackage(name string) error {
	switch {
	case name == "":
		return errEmpty
	case len(name) > 255:
		return errLong
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return errControl
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		return errFormat
	case name[0] == '-':
		return errOption
	}
	return nil
}
