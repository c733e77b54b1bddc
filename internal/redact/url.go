// SPDX-License-Identifier: GPL-2.0-or-later

package redact

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// withoutScheme matches a user name and password before a host and a path, for
// example those of a component, and of a URL that was shortened like a path.
var withoutScheme = lazyregexp.New("(^|[\\s\"'(=]|:/)[A-Za-z0-9._~%+-]+:[^\\s/@\"'`<>\\[]+(@[A-Za-z0-9.-]+(?::[0-9]+)?/)")

// invalidPort matches what net/url says about a URL whose password has a "/".
var invalidPort = lazyregexp.New(`invalid port ":[^"]*" after host`)

// secretParameter matches names of URL parameters whose values are secret.
var secretParameter = lazyregexp.New(`(?i)token|key|secret|pass|pwd|sig|auth|cred|session|jwt`)

// URLs hides the secrets of all URLs in a text: user names and passwords, except
// for a user of ssh, and the values of parameters such as private_token. It is
// the only function that knows which parts of a URL are secret. URLs(URLs(text))
// equals URLs(text).
func URLs(text string) string {
	if strings.Contains(text, "@") {
		text = withoutScheme.ReplaceAllString(text, "${1}"+Hidden+"${2}")
	}
	if strings.Contains(text, "invalid port") {
		text = invalidPort.ReplaceAllString(text, `invalid port after host`)
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "://")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		end := urlEnd(rest)
		out.WriteString("://" + withoutSecrets(rest[:end], strings.HasSuffix(strings.ToLower(before), "ssh")))
		text = rest[end:]
	}
}

// urlEnd returns the length of the part of a URL after "://". A URL ends at a
// space, a control character, or a quote that is not escaped as in Go and JSON.
func urlEnd(rest string) int {
	for i, r := range rest {
		switch {
		case r <= ' ' || strings.ContainsRune("<>`'", r):
			return i
		case r == '"' && (i == 0 || rest[i-1] != '\\'):
			return i
		case r == ':' && strings.HasPrefix(rest[i:], "://"): // of the next URL
			return strings.LastIndexFunc(rest[:i], notOfScheme) + 1
		}
	}
	return len(rest)
}

func notOfScheme(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+-.", r))
}

// withoutSecrets hides the secrets in the part of a URL after "://".
func withoutSecrets(rest string, ssh bool) string {
	if at := userEnd(rest); at >= 0 {
		name, _, password := strings.Cut(rest[:at], ":")
		switch {
		case ssh && password:
			rest = name + ":" + Hidden + rest[at:]
		case !ssh:
			rest = Hidden + rest[at:]
		}
	}
	start := strings.IndexAny(rest, "?#")
	if start < 0 {
		return rest
	}
	return rest[:start] + withoutSecretValues(rest[start:])
}

// userEnd returns the index of the "@" after the user name and password, or -1.
// A password with an unescaped "/" is invalid in a URL and stands in messages
// that say so.
func userEnd(rest string) int {
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		return at
	}
	_, port, found := strings.Cut(authority, ":")
	if !found || strings.HasPrefix(authority, "[") || strings.Trim(port, "0123456789") == "" {
		return -1
	}
	return strings.LastIndexByte(rest, '@')
}

// withoutSecretValues hides values of parameters. query begins with "?" or "#".
func withoutSecretValues(query string) string {
	var out strings.Builder
	for query != "" {
		end := strings.IndexAny(query[1:], "?#&;") + 1
		if end == 0 {
			end = len(query)
		}
		name, value, found := strings.Cut(query[:end], "=")
		out.WriteString(name)
		if found && value != "" && secretParameter.MatchString(name) {
			value = Hidden
		}
		if found {
			out.WriteString("=" + value)
		}
		query = query[end:]
	}
	return out.String()
}
