// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// notStrings are words that some YAML readers do not read as strings.
//
//nolint:gochecknoglobals // a table
var notStrings = map[string]bool{
	"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
	"null": true, ".inf": true, ".nan": true, "___": true,
}

// scalar encodes a string so that all YAML readers, of version 1.1 like GitLab's
// or of 1.2, read the same string: plain if it is unambiguous, otherwise in double
// quotes. The error reports a string that is not UTF-8.
func scalar(s string) (string, error) {
	switch {
	case isWords(s) && !notStrings[strings.ToLower(s)] && !strings.HasPrefix(s, "...") && !numberLike(s):
		return s, nil
	case isPrintableASCII(s):
		return `"` + quoteEscapes.Replace(s) + `"`, nil
	}
	// Other characters need escapes.
	text, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle})
	return strings.TrimSuffix(string(text), "\n"), err
}

//nolint:gochecknoglobals // nothing writes to it
var quoteEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// isWords reports whether s consists of words with single spaces between them. The
// words have only characters without a meaning in YAML, and s begins with a letter or
// with "_", "/", "$" or ".".
func isWords(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', strings.IndexByte("_/$.", c) >= 0:
		case i == 0:
			return false
		case '0' <= c && c <= '9', strings.IndexByte("@%+=~-", c) >= 0:
		case c == ' ' && s[i-1] != ' ' && i < len(s)-1:
		default:
			return false
		}
	}
	return s != ""
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// numberLike reports whether s begins like a fraction: ".5", "._1".
func numberLike(s string) bool {
	return strings.HasPrefix(s, ".") && strings.Trim(s, "._+-eE0123456789") == ""
}

// isSimpleKey reports whether s can be a key of a mapping without "?". yaml.v3
// sets the limits.
func isSimpleKey(s string) bool { return len(s) <= 128 && !strings.ContainsAny(s, lineBreaks) }

// lineBreaks are the line breaks of YAML 1.1.
const lineBreaks = "\r\n\u0085\u2028\u2029"
