// SPDX-License-Identifier: GPL-2.0-or-later

// Package redact takes secrets out of text before it is shown or stored.
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

// Hidden stands where a secret was.
const Hidden = "[hidden]"

// shortest is the length of the shortest line of a secret, or encoded form of
// one, that is looked for, in bytes. Shorter ones stand in any text.
const shortest = 4

// A Redactor knows secrets and the forms that they take: as they are, escaped
// for URLs, JSON or HTML, in base64 at any offset, and in hexadecimal digits. Of
// a secret of several lines each line is one. A nil Redactor knows none. It is
// safe for use by several goroutines, and prints as nothing that tells a secret.
type Redactor struct {
	secrets  []string
	forms    []string // the longest first
	replacer *strings.Replacer
}

// New gives a Redactor, nil if there is nothing to take out.
func New(secrets ...string) *Redactor { return redactor(shortest, secrets) }

// Token gives a Redactor for a secret that is taken out however short it is.
func Token(token string) *Redactor { return redactor(1, []string{token}) }

// redactor knows the lines of secrets that have at least so many bytes.
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

// Variables gives a Redactor for the values of those variables, NAME=VALUE,
// whose name says that they are secret.
func Variables(variables []string) *Redactor {
	var secrets []string
	for _, v := range variables {
		if name, value, _ := strings.Cut(v, "="); secretName.MatchString(name) {
			secrets = append(secrets, value)
		}
	}
	return New(secrets...)
}

// Join gives a Redactor that knows the secrets of several.
func Join(all ...*Redactor) *Redactor {
	var secrets []string
	for _, r := range all {
		if r != nil {
			secrets = append(secrets, r.secrets...)
		}
	}
	return redactor(1, secrets)
}

// String tells nothing.
func (r *Redactor) String() string { return "secrets" }

// GoString tells nothing.
func (r *Redactor) GoString() string { return "secrets" }

// forms lists how a secret may stand in a text.
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
	if quoted, err := json.Marshal(secret); err == nil {
		add(string(quoted[1 : len(quoted)-1]))
	}
	add(html.EscapeString(secret))
	add(hex.EncodeToString([]byte(secret)))
	add(strings.ToUpper(hex.EncodeToString([]byte(secret))))
	for before := range 3 {
		add(base64Form(base64.RawStdEncoding, secret, before))
		add(base64Form(base64.RawURLEncoding, secret, before))
	}
	return all
}

// lowerEscapes writes the digits of percent escapes in lower case.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := range b {
		if b[i] == '%' && i+2 < len(b) {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// base64Form gives what a secret is in base64 whatever stands before and behind
// it, if so many bytes before it belong to its first group of three.
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

// Text gives a text without secrets.
func (r *Redactor) Text(text string) string {
	if r == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// A Writer passes on what is written to it without secrets, even if they come
// in pieces. It is not safe for use by several goroutines.
type Writer struct {
	to       io.Writer
	redactor *Redactor
	held     string // may be the beginning of a secret
}

// Writer gives a Writer to another one.
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

// Flush passes on what may have been the beginning of a secret, but no more
// came.
func (w *Writer) Flush() error {
	held := w.held
	w.held = ""
	if held == "" {
		return nil
	}
	_, err := io.WriteString(w.to, held)
	return err
}

// Reset forgets what was held back.
func (w *Writer) Reset() { w.held = "" }

// beginning gives the length of the longest end of a text that a secret may
// begin with.
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
