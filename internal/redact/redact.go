// SPDX-License-Identifier: GPL-2.0-or-later

// Package redact removes secrets from text before it is shown or stored.
package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"net/url"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Hidden replaces a secret.
const Hidden = "[hidden]"

// shortest is the minimum length of a line of a secret, or of an encoded form,
// in bytes. Shorter ones occur in any text.
const shortest = 4

// A Redactor replaces secrets in these forms: unchanged, escaped for URLs, JSON
// or HTML, in base64 at any offset, and in hexadecimal. Each line of a secret is
// a secret. A nil Redactor replaces nothing. A Redactor is safe for concurrent
// use, and printing it reveals no secret.
type Redactor struct {
	secrets  []string
	forms    []string // the longest first
	replacer *strings.Replacer
}

// New returns a Redactor for secrets. It returns nil if none of them is long
// enough.
func New(secrets ...string) *Redactor { return redactor(shortest, secrets) }

// Token returns a Redactor for a secret of any length.
func Token(token string) *Redactor { return redactor(1, []string{token}) }

// redactor returns a Redactor for the lines of secrets that have at least least
// bytes.
func redactor(least int, secrets []string) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= least {
				r.secrets = append(r.secrets, line)
				r.forms = append(r.forms, forms(line)...)
			}
		}
	}
	if len(r.forms) == 0 {
		return nil
	}
	slices.SortFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(r.forms))
	for _, form := range r.forms {
		pairs = append(pairs, form, Hidden)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r
}

// secretName matches names of variables whose values are secret.
var secretName = lazyregexp.New(`(?i)TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|(?:PRIVATE|API|ACCESS|SIGNING|DEPLOY|SSH)_?KEY`)

// Variables returns a Redactor for the values of those variables, NAME=VALUE,
// whose names look secret.
func Variables(variables []string) *Redactor {
	var secrets []string
	for _, v := range variables {
		if name, value, _ := strings.Cut(v, "="); secretName.MatchString(name) {
			secrets = append(secrets, value)
		}
	}
	return New(secrets...)
}

// Join returns a Redactor for the secrets of all.
func Join(all ...*Redactor) *Redactor {
	var secrets []string
	for _, r := range all {
		if r != nil {
			secrets = append(secrets, r.secrets...)
		}
	}
	return redactor(1, secrets)
}

// String returns a constant, so that printing reveals no secret.
func (r *Redactor) String() string { return "secrets" }

// GoString returns a constant, so that printing reveals no secret.
func (r *Redactor) GoString() string { return "secrets" }

func forms(secret string) []string {
	all := []string{secret}
	add := func(form string) {
		if len(form) >= shortest && !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		add(escaped)
		add(lowerEscapes(escaped))
	}
	add(jsonForm(secret, true))
	add(jsonForm(secret, false))
	escaped := html.EscapeString(secret)
	add(escaped)
	add(strings.ReplaceAll(escaped, "+", "&#43;")) // as html/template does
	add(hex.EncodeToString([]byte(secret)))
	add(strings.ToUpper(hex.EncodeToString([]byte(secret))))
	for before := range 3 {
		add(base64Form(base64.RawStdEncoding, secret, before))
		add(base64Form(base64.RawURLEncoding, secret, before))
	}
	return all
}

// jsonForm returns a secret as it is in a JSON string. Go escapes the characters
// of HTML in it too, other programs do not.
func jsonForm(secret string, escapeHTML bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	_ = e.Encode(secret) // a string always has a form
	return strings.TrimSuffix(b.String(), "\n")[1 : b.Len()-2]
}

// lowerEscapes converts the digits of percent escapes to lower case.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := range b {
		if b[i] == '%' && i+2 < len(b) {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// base64Form returns the part of a secret's base64 form that does not depend on
// the surrounding bytes. before is the number of bytes in front of it in its
// first group of three.
func base64Form(encoding *base64.Encoding, secret string, before int) string {
	const bitsOfByte, bitsOfDigit = 8, 6
	text := encoding.EncodeToString(append(make([]byte, before), secret...))
	first := (before*bitsOfByte + bitsOfDigit - 1) / bitsOfDigit
	last := (before + len(secret)) * bitsOfByte / bitsOfDigit
	if last-first < 2*shortest {
		return ""
	}
	return text[first:last]
}

// Text returns text with secrets replaced.
func (r *Redactor) Text(text string) string {
	if r == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// Found returns the secrets that text has unchanged.
func (r *Redactor) Found(text string) []string {
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.secrets), func(secret string) bool { return !strings.Contains(text, secret) })
}

// A Writer replaces secrets in what is written to it, also if they are split
// over several writes. It is not safe for concurrent use.
type Writer struct {
	to       io.Writer
	redactor *Redactor
	held     string // may be the beginning of a secret
}

// Writer returns a Writer to to.
func (r *Redactor) Writer(to io.Writer) *Writer { return &Writer{to: to, redactor: r} }

func (w *Writer) Write(p []byte) (int, error) {
	if w.redactor == nil {
		return w.to.Write(p)
	}
	text := w.redactor.Text(w.held + string(p))
	hold := w.redactor.beginning(text)
	w.held = text[len(text)-hold:]
	if text = text[:len(text)-hold]; text != "" {
		if _, err := io.WriteString(w.to, text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Flush writes the bytes that were held back because they may be the beginning
// of a secret.
func (w *Writer) Flush() error {
	held := w.held
	w.held = ""
	if held == "" {
		return nil
	}
	_, err := io.WriteString(w.to, held)
	return err
}

// Reset discards the bytes that were held back.
func (w *Writer) Reset() { w.held = "" }

// beginning returns the length of the longest suffix of text that may be the
// beginning of a secret.
func (r *Redactor) beginning(text string) int {
	for n := min(len(text), len(r.forms[0])-1); n > 0; n-- {
		end := text[len(text)-n:]
		for _, form := range r.forms {
			if len(form) <= n {
				break
			}
			if form[0] == end[0] && strings.HasPrefix(form, end) {
				return n
			}
		}
	}
	return 0
}
