// SPDX-License-Identifier: GPL-2.0-or-later

package redact_test

import (
	"net/url"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

func TestURLs(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"nothing to hide: a@b, 1://":         "nothing to hide: a@b, 1://",
		"https://host/a@b:c":                 "https://host/a@b:c",
		"https://host:8080/pkg@v1.2":         "https://host:8080/pkg@v1.2",
		"https://[::1]:80/x@y":               "https://[::1]:80/x@y",
		"https://user:pass@host/x?ref=1":     "https://[hidden]@host/x?ref=1",
		"https://glpat-abc@host/x":           "https://[hidden]@host/x",
		"https://u:p@ss@host/x":              "https://[hidden]@host/x",
		"https://u:pa/ss@host/x":             "https://[hidden]@host/x",
		"https://u:p#ss@host/x":              "https://[hidden]@host/x",
		"component u:pw@gitlab.com/g/c@1":    "component [hidden]@gitlab.com/g/c@1",
		`local "https:/u:pw@h/x.yml"`:        `local "https:/[hidden]@h/x.yml"`,
		"img/debian:12@sha256:0123/":         "img/debian:12@sha256:0123/",
		"git@host:a/b c/d:1":                 "git@host:a/b c/d:1",
		`x: invalid port ":pa" after host`:   "x: invalid port after host",
		`"https://u:p\"w@host/x": bad`:       `"https://[hidden]@host/x": bad`,
		"ssh://git@host/x ssh://g:pw@host/":  "ssh://git@host/x ssh://g:[hidden]@host/",
		"SSH://git@host/x":                   "SSH://git@host/x",
		"git+ssh://root:pw@host":             "git+ssh://root:[hidden]@host",
		"HTTPS://U:P@HOST":                   "HTTPS://[hidden]@HOST",
		"get https://h/f?private_token=abc.": "get https://h/f?private_token=[hidden]",
		"https://h/f?a=1&job_token=x&b=2#k":  "https://h/f?a=1&job_token=[hidden]&b=2#k",
		"https://h/f?X-Amz-Signature=ab;c=d": "https://h/f?X-Amz-Signature=[hidden];c=d",
		"https://h/#access_token=abc":        "https://h/#access_token=[hidden]",
		"https://h/f?token=&key":             "https://h/f?token=&key",
		"'https://a:b@c' and <http://d:e@f>": "'https://[hidden]@c' and <http://[hidden]@f>",
		"https://a:b@c,https://d:e@f":        "https://[hidden]@c,https://[hidden]@f",
		"docker://u:p@registry:5000/i:1":     "docker://[hidden]@registry:5000/i:1",
		"https://u:p%40x@host/é\nhttp://v@w": "https://[hidden]@host/é\nhttp://[hidden]@w",
	} {
		got := redact.URLs(text)
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if again := redact.URLs(got); again != got {
			t.Errorf("%q: %q the second time", got, again)
		}
	}
}

// FuzzURLs: what net/url parses as a URL's password or token is removed from a text with the
// URL.
func FuzzURLs(f *testing.F) {
	f.Add("https://user:secret0@host/x?private_token=secret1")
	f.Add("http://u:secret0@h/?x=http://v:secret0@w")
	f.Fuzz(func(t *testing.T, text string) {
		got := redact.URLs(text)
		if again := redact.URLs(got); again != got {
			t.Errorf("%q: %q, then %q", text, got, again)
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User == nil || strings.ContainsAny(text, " <>'\"`") {
			return
		}
		shown, err := url.Parse(got)
		if err != nil {
			return
		}
		if _, is := shown.User.Password(); is && u.Scheme != "ssh" && !strings.HasSuffix(strings.ToLower(u.Scheme), "ssh") {
			t.Errorf("%q: %q still has a password", text, got)
		}
	})
}
