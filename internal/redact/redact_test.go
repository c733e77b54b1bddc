// SPDX-License-Identifier: GPL-2.0-or-later

package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"net/url"
	"strings"
	"testing"
)

const token = "glpat-a+b/c&d=\"x\"_1234567890"

// texts repeat the token in several forms.
func texts(t *testing.T) []string {
	t.Helper()
	quoted, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	var unescaped strings.Builder
	e := json.NewEncoder(&unescaped)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]string{"token": token}); err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := template.Must(template.New("").Parse("{{.}}")).Execute(&page, token); err != nil {
		t.Fatal(err)
	}
	all := []string{
		unescaped.String(), page.String(), html.EscapeString(token),
		"it is " + token + ".", token, token + token, "glpat-" + token, "https://oauth2:" + url.PathEscape(token) + "@host/", "?t=" + url.QueryEscape(token),
		"?t=" + strings.ToLower(url.QueryEscape(token)[:0]) + lowerEscapes(url.QueryEscape(token)), string(quoted), hex.EncodeToString([]byte(token)),
	}
	for _, before := range []string{"", "a", "ab", "user:", "oauth2:"} {
		for _, after := range []string{"", "\n", "xy"} {
			all = append(all, "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(before+token+after)), base64.URLEncoding.EncodeToString([]byte(before+token+after)))
		}
	}
	return all
}

// TestSecrets: all forms of a secret are removed, written at once or in pieces.
func TestSecrets(t *testing.T) {
	r := New(token, "")
	for _, text := range texts(t) {
		whole := r.Text(text)
		if !strings.Contains(whole, Hidden) || leaks(whole) {
			t.Errorf("%q became %q", text, whole)
		}
		for i := range len(text) + 1 {
			if got := written(t, r, text[:i], text[i:]); got != whole {
				t.Errorf("%q, %q became %q, want %q", text[:i], text[i:], got, whole)
			}
		}
		if got := written(t, r, strings.Split(text, "")...); got != whole {
			t.Errorf("%q in single bytes became %q, want %q", text, got, whole)
		}
	}
}

// leaks reports whether a text has a large part of the token.
func leaks(text string) bool {
	const part = 12
	for i := range len(token) - part + 1 {
		if strings.Contains(text, token[i:i+part]) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(token[i:i+part]))) {
			return true
		}
	}
	return false
}

func written(t *testing.T, r *Redactor, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := r.Writer(&b)
	for _, part := range parts {
		if n, err := w.Write([]byte(part)); err != nil || n != len(part) {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHarmless(t *testing.T) {
	r := New(token)
	for _, text := range []string{"", "glpat-", "glpat-a+b/c", "nothing here\n", "a+b/c&d"} {
		if got := r.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
		if got := written(t, r, text, text); got != text+text {
			t.Errorf("%q twice became %q", text, got)
		}
	}
	if New("", "abc", "\n") != nil {
		t.Error("something to hide in nothing")
	}
	if got := New("abc").Text("abc"); got != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestFound(t *testing.T) {
	r := New("first-secret", "other-secret")
	if got := r.Found("https://u:first-secret@h"); len(got) != 1 || got[0] != "first-secret" {
		t.Errorf("%q", got)
	}
	if got := (*Redactor)(nil).Found("first-secret"); got != nil {
		t.Errorf("%q", got)
	}
	if r.Text("other-secret") != Hidden {
		t.Error("Found has removed a secret")
	}
}

func TestLines(t *testing.T) {
	r := Join(New("-----BEGIN KEY-----\nAAAABBBBCCCC\n-----END KEY-----\n"), nil, New("hunter2"))
	if got := r.Text("x AAAABBBBCCCC hunter2"); got != "x [hidden] [hidden]" {
		t.Errorf("got %q", got)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", r, r, r, r); strings.Contains(text, "hunter2") {
		t.Errorf("prints as %q", text)
	}
}

func TestShortToken(t *testing.T) {
	if got := Join(New("abc"), Token("t1")).Text("abc xt1y"); got != "abc x[hidden]y" {
		t.Errorf("got %q", got)
	}
	if Token("") != nil {
		t.Error("something to hide in nothing")
	}
}

func TestVariables(t *testing.T) {
	r := Variables([]string{"CI_JOB_TOKEN=tok-123", "NAME=plain", "MY_PASSWORD=pass=word", "DEPLOY_KEY=keykey", "MONKEY=banana", "EMPTY_TOKEN=", "TOKEN"})
	if got := r.Text("tok-123 plain pass=word keykey banana"); got != "[hidden] plain [hidden] [hidden] banana" {
		t.Errorf("got %q", got)
	}
}

func FuzzWriter(f *testing.F) {
	f.Add("x"+token+"y", 3)
	f.Fuzz(func(t *testing.T, text string, at int) {
		r := New("abab", "secret-token", "aab1")
		at = max(0, min(at, len(text)))
		got := written(t, r, text[:at], text[at:])
		for _, secret := range r.secrets {
			if strings.Contains(strings.ReplaceAll(got, Hidden, "\x00"), secret) {
				t.Errorf("%q, %q became %q", text[:at], text[at:], got)
			}
		}
	})
}
