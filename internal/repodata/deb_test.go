// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

var debNames = []string{"zlib1g-dev", "awk", "libz-dev", "gawk-api", "zlib1g-devel", "xyzzy", "mawk:amd64", "awk"}

const debWant = `zlib1g-dev: present
awk: virtual by gawk mawk
libz-dev: virtual by zlib1g-dev
gawk-api: virtual by gawk
zlib1g-devel: missing like zlib1g-dev
xyzzy: missing
mawk:amd64: present
`

func TestVerifyDeb(t *testing.T) {
	s := newSigner(t)
	for _, ext := range []string{"", ".gz", ".xz", ".zst"} {
		t.Run("packed"+ext, func(t *testing.T) {
			mirror := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages" + ext: packagesText})
			for _, url := range []string{mirror.serve(t).server.URL, mirror.dir(t) + "/"} {
				r, err := newClient(t, Options{}).Verify(t.Context(), debSource(url, s), debNames)
				if err != nil {
					t.Fatal(err)
				}
				if got := describe(r.Results); got != debWant {
					t.Errorf("got\n%swant\n%s", got, debWant)
				}
				if len(r.Signatures) != 1 || !r.Signatures[0].Verified ||
					!strings.Contains(r.Signatures[0].Detail, "Example Archive <archive@example.org>") {
					t.Errorf("signatures are %+v", r.Signatures)
				}
				if r.Packages != 4 || len(r.Warnings) != 0 {
					t.Errorf("%d packages, warnings %q", r.Packages, r.Warnings)
				}
			}
		})
	}
}

// The second check sends one conditional request, and none offline.
func TestVerifyDebWarm(t *testing.T) {
	s := newSigner(t)
	m := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.xz": packagesText}).serve(t)
	o := Options{CacheDir: filepath.Join(t.TempDir(), "cache")}
	src := debSource(m.server.URL, s)
	steps := []struct {
		offline bool
		want    []string
	}{
		{false, []string{"200 dists/trixie/InRelease", "200 dists/trixie/main/binary-amd64/Packages.xz"}},
		{false, []string{"304 dists/trixie/InRelease"}},
		{true, nil},
	}
	for _, step := range steps {
		o.Offline = step.offline
		r, err := newClient(t, o).Verify(t.Context(), src, debNames)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(r.Results); got != debWant {
			t.Errorf("got\n%s", got)
		}
		if got := m.requests(); !slices.Equal(got, step.want) {
			t.Errorf("asked for %q, not %q", got, step.want)
		}
	}
}

// A changed index is fetched; one with the same digest is not, even if the Release file
// changed.
func TestVerifyDebUpdate(t *testing.T) {
	s := newSigner(t)
	m := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": packagesText}).serve(t)
	o := Options{CacheDir: filepath.Join(t.TempDir(), "cache")}
	src := debSource(m.server.URL, s)
	ask := func(want Status) []string {
		t.Helper()
		r, err := newClient(t, o).Verify(t.Context(), src, []string{"newcomer"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Results[0].Status != want {
			t.Errorf("status is %s, not %s", r.Results[0].Status, want)
		}
		return m.requests()
	}
	ask(Missing)
	m.files = debSite(t, s, releaseHead+"Version: 13.1\n", map[string]string{"main/binary-amd64/Packages.gz": packagesText})
	if got, want := ask(Missing), []string{"200 dists/trixie/InRelease"}; !slices.Equal(got, want) {
		t.Errorf("asked for %q, not %q", got, want)
	}
	m.files = debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": packagesText + "\nPackage: newcomer\n"})
	ask(Present)
	entries, err := os.ReadDir(o.CacheDir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the cache has %d entries (%v), not one for the Release file and one for the index", len(entries), err)
	}
}

func TestVerifyDebVariants(t *testing.T) {
	s := newSigner(t)
	index := map[string]string{"main/binary-amd64/Packages.gz": packagesText}
	cases := []struct {
		name    string
		change  func(site, *Source)
		warning string
		detail  string // of the signature
	}{
		{name: "Release and Release.gpg", change: func(m site, _ *Source) {
			text := inner(t, m["dists/trixie/InRelease"])
			delete(m, "dists/trixie/InRelease")
			m["dists/trixie/Release"], m["dists/trixie/Release.gpg"] = text, s.detach(t, text)
		}, detail: "signed by Example Archive"},
		{name: "by suite", change: func(m site, src *Source) {
			move(m, "dists/trixie/", "dists/stable/")
			src.Suite = "stable"
		}, detail: "signed by Example Archive"},
		{name: "by hash", change: func(m site, _ *Source) {
			text := inner(t, m["dists/trixie/InRelease"])
			m["dists/trixie/InRelease"] = s.clearsign(t, append([]byte("Acquire-By-Hash: yes\n"), text...))
			f, err := parseRelease(text)
			if err != nil {
				t.Fatal(err)
			}
			hash := f.files["main/binary-amd64/Packages.gz"].sha256
			m["dists/trixie/main/binary-amd64/by-hash/SHA256/"+hash] = m["dists/trixie/main/binary-amd64/Packages.gz"]
			delete(m, "dists/trixie/main/binary-amd64/Packages.gz")
		}, detail: "signed by"},
		{name: "by hash promised and absent", change: func(m site, _ *Source) {
			text := inner(t, m["dists/trixie/InRelease"])
			m["dists/trixie/InRelease"] = s.clearsign(t, append([]byte("Acquire-By-Hash: yes\n"), text...))
		}, detail: "signed by"},
		{name: "no keyring given", change: func(_ site, src *Source) { src.Keyring = "" }, detail: "no keyring given"},
		{name: "no keyring here", change: func(_ site, src *Source) { src.Keyring = "/nonexistent.gpg" },
			detail: "no keyring /nonexistent.gpg on this machine"},
		{name: "expired", change: func(m site, _ *Source) {
			text := inner(t, m["dists/trixie/InRelease"])
			m["dists/trixie/InRelease"] = s.clearsign(t, append([]byte("Valid-Until: Fri, 01 May 2026 10:00:00 UTC\n"), text...))
		}, warning: "Release file expired on 2026-05-01", detail: "signed by"},
		{name: "a second signature by a stranger", change: func(m site, _ *Source) {
			var out bytes.Buffer
			w, err := clearsign.EncodeMulti(&out, []*packet.PrivateKey{newSigner(t).entity.PrivateKey, s.entity.PrivateKey}, s.config())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write(inner(t, m["dists/trixie/InRelease"]))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			m["dists/trixie/InRelease"] = out.Bytes()
		}, detail: "signed by Example Archive"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := debSite(t, s, releaseHead, index)
			src := debSource("", s)
			c.change(m, &src)
			src.URL = m.serve(t).server.URL
			r, err := newClient(t, Options{}).Verify(t.Context(), src, debNames)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(r.Results); got != debWant {
				t.Errorf("got\n%s", got)
			}
			if got := strings.Join(r.Warnings, "\n"); (c.warning == "") != (got == "") || !strings.Contains(got, c.warning) {
				t.Errorf("warnings are %q, not %q", got, c.warning)
			}
			if len(r.Signatures) != 1 || !strings.HasPrefix(r.Signatures[0].Detail, c.detail) ||
				r.Signatures[0].Verified != strings.HasPrefix(c.detail, "signed by") {
				t.Errorf("signatures are %+v, not %q", r.Signatures, c.detail)
			}
		})
	}
}

// Packages for all architectures may have a separate index.
func TestVerifyDebBinaryAll(t *testing.T) {
	s := newSigner(t)
	head := strings.Replace(releaseHead, "No-Support-for-Architecture-all: Packages\n", "", 1)
	m := debSite(t, s, head, map[string]string{
		"main/binary-amd64/Packages.gz": "Package: one\n",
		"main/binary-all/Packages.gz":   "Package: two\n",
	})
	r, err := newClient(t, Options{}).Verify(t.Context(), debSource(m.dir(t), s), []string{"one", "two"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(r.Results), "one: present\ntwo: present\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestVerifyDebBad(t *testing.T) {
	s := newSigner(t)
	const inRelease, index = "dists/trixie/InRelease", "dists/trixie/main/binary-amd64/Packages.gz"
	resign := func(m site, text []byte) { m[inRelease] = s.clearsign(t, text) }
	cases := []struct {
		name   string
		change func(site, *Source)
		want   string
		is     error
	}{
		{"no mirror", func(m site, _ *Source) { clear(m) }, "no such file on the mirror", ErrNotFound},
		{"no index", func(m site, _ *Source) { delete(m, index) }, "no such file on the mirror", ErrNotFound},
		{"truncated index", func(m site, _ *Source) { m[index] = m[index][:40] }, "SHA-256 digest is", nil},
		{"another index", func(m site, _ *Source) {
			m[index] = bytes.Replace(m[index], m[index][20:24], []byte("abcd"), 1)
		}, "SHA-256 digest is", nil},
		{"longer index", func(m site, _ *Source) { m[index] = append(slices.Clone(m[index]), 0) }, "bytes", nil},
		{"changed release", func(m site, _ *Source) {
			m[inRelease] = bytes.Replace(m[inRelease], []byte("Suite: stable"), []byte("Suite: stabel"), 1)
		}, "bad signature", ErrSignature},
		{"text before", func(m site, _ *Source) {
			m[inRelease] = append([]byte("Suite: trixie\n\n"), m[inRelease]...)
		}, "not a signed message", ErrSignature},
		{"text after", func(m site, _ *Source) {
			m[inRelease] = append(slices.Clone(m[inRelease]), "Suite: trixie\n"...)
		}, "text after the signed message", ErrSignature},
		{"unsigned", func(m site, _ *Source) { m[inRelease] = inner(t, m[inRelease]) }, "not a signed message", ErrSignature},
		{"unsigned Release", func(m site, _ *Source) {
			m["dists/trixie/Release"] = inner(t, m[inRelease])
			delete(m, inRelease)
		}, "not signed", ErrSignature},
		{"detached signature of another text", func(m site, _ *Source) {
			m["dists/trixie/Release"] = inner(t, m[inRelease])
			m["dists/trixie/Release.gpg"] = s.detach(t, []byte("another"))
			delete(m, inRelease)
		}, "bad signature", ErrSignature},
		{"signed by a stranger", func(m site, _ *Source) {
			m[inRelease] = newSigner(t).clearsign(t, inner(t, m[inRelease]))
		}, "by no key of", ErrSignature},
		{"signed with SHA-1", func(m site, _ *Source) {
			m["dists/trixie/Release"] = inner(t, m[inRelease])
			m["dists/trixie/Release.gpg"] = weak(t, s.detach(t, m["dists/trixie/Release"]))
			delete(m, inRelease)
		}, errWeakHash.Error(), ErrSignature},
		{"keyring is garbage", func(_ site, src *Source) {
			src.Keyring = filepath.Join(t.TempDir(), "garbage.gpg")
			if err := os.WriteFile(src.Keyring, []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "cannot read the keyring", nil},
		{"release of another suite", func(m site, src *Source) {
			move(m, "dists/trixie/", "dists/forky/")
			src.Suite = "forky"
		}, `Release file is for suite "stable" (trixie), not for "forky"`, nil},
		{"another architecture", func(_ site, src *Source) { src.Arch = "m68k" }, `lists no packages of component "main" for "m68k"`, nil},
		{"another component", func(_ site, src *Source) { src.Components = []string{"contrib"} }, `component "contrib"`, nil},
		{"no digests", func(m site, _ *Source) { resign(m, []byte(releaseHead)) }, "lists no SHA256 digests", nil},
		{"bad digest", func(m site, _ *Source) { resign(m, []byte(releaseHead+"SHA256:\n abc 1 x\n")) }, `"abc" is no sha256 digest`, nil},
		{"two paragraphs", func(m site, _ *Source) {
			resign(m, append(inner(t, m[inRelease]), "\nSuite: trixie\n"...))
		}, "a second paragraph", nil},
		{"garbage in the index", func(m site, _ *Source) {
			clear(m)
			maps.Copy(m, debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": "garbage\n"}))
		}, "line 1: neither a field nor a further line", nil},
		{"index is not gzip", func(m site, _ *Source) {
			text := []byte("not gzip")
			m[index] = text
			resign(m, releaseText(releaseHead, site{"main/binary-amd64/Packages.gz": text}))
		}, "cannot unpack", nil},
		{"truncated gzip, listed so", func(m site, _ *Source) {
			text := m[index][:60]
			m[index] = text
			resign(m, releaseText(releaseHead, site{"main/binary-amd64/Packages.gz": text}))
		}, "unexpected EOF", nil},
		{"unpacks to more than listed", func(m site, _ *Source) {
			resign(m, releaseText(releaseHead, site{"main/binary-amd64/Packages.gz": m[index], "main/binary-amd64/Packages": []byte("Package: a\n")}))
		}, "more than 11 bytes unpacked", nil},
		{"bomb", func(m site, _ *Source) {
			text := pack(t, ".gz", bytes.Repeat([]byte("Package: a\n\n"), 1<<20))
			m[index] = text
			resign(m, releaseText(releaseHead, site{"main/binary-amd64/Packages.gz": text}))
		}, "more than 4194304 bytes unpacked", nil},
		{"bomb of one line", func(m site, _ *Source) {
			text := pack(t, ".gz", append([]byte("Package: "), bytes.Repeat([]byte("a"), 3<<20)...))
			m[index] = text
			resign(m, releaseText(releaseHead, site{"main/binary-amd64/Packages.gz": text}))
		}, "a line is too long", nil},
		{"huge claim", func(m site, _ *Source) {
			resign(m, append([]byte(releaseHead), "SHA256:\n "+strings.Repeat("0", 64)+" 999999999999 main/binary-amd64/Packages.gz\n"...))
		}, "999999999999 bytes are announced", nil},
		{"suite that climbs", func(_ site, src *Source) { src.Suite = "../../etc" }, "cannot be part of a mirror's path", nil},
		{"no suite", func(_ site, src *Source) { src.Suite = "" }, "without a suite", nil},
		{"no architecture", func(_ site, src *Source) { src.Arch = "" }, "without an architecture", nil},
		{"unknown format", func(_ site, src *Source) { src.Format = "pkg" }, `no reader for this package format: "pkg"`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": packagesText})
			src := debSource("", s)
			c.change(m, &src)
			src.URL = m.serve(t).server.URL
			o := Options{MaxUnpacked: 4 << 20, MaxDownload: 1 << 20}
			_, err := newClient(t, o).Verify(t.Context(), src, debNames)
			wantError(t, err, c.want)
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is no %v", err, c.is)
			}
		})
	}
}

// TestLargeField: a field of many lines is limited.
func TestLargeField(t *testing.T) {
	line := "\n " + strings.Repeat(",b", maxLine/4)
	text := "Package: a\nProvides: b" + strings.Repeat(line, maxField/len(line)+1) + "\n"
	err := parsePackages(strings.NewReader(text), func(record) error { return nil })
	wantError(t, err, `more than 8388608 bytes in field "provides"`)
}

// Names with control characters are left out with a warning.
func TestVerifyDebUnprintable(t *testing.T) {
	s := newSigner(t)
	m := debSite(t, s, releaseHead, map[string]string{
		"main/binary-amd64/Packages.gz": "Package: evil\x1b[2J\n\nPackage: good\nProvides: awk, \x07, b\xff\n",
	})
	r, err := newClient(t, Options{}).Verify(t.Context(), debSource(m.dir(t), s), []string{"awk", "evils"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(r.Results), "awk: virtual by good\nevils: missing\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	if len(r.Warnings) != 1 || !strings.HasSuffix(r.Warnings[0], "3 names that are not printable left out") {
		t.Errorf("warnings are %q", r.Warnings)
	}
	if _, err := newClient(t, Options{}).Verify(t.Context(), debSource(m.dir(t), s), []string{"a\nb"}); err == nil {
		t.Error("a name of two lines is accepted")
	}
}

func inner(t testing.TB, signed []byte) []byte {
	t.Helper()
	block, _ := clearsign.Decode(signed)
	if block == nil {
		t.Fatal("not a signed message")
	}
	return append(block.Plaintext, '\n')
}

func move(m site, from, to string) {
	for name := range maps.Clone(m) {
		if rest, ok := strings.CutPrefix(name, from); ok {
			m[to+rest] = m[name]
			delete(m, name)
		}
	}
}

// weak makes an armored signature claim SHA-1, with which the library does not sign.
func weak(t *testing.T, signature []byte) []byte {
	t.Helper()
	block, err := armor.Decode(bytes.NewReader(signature))
	if err != nil {
		t.Fatal(err)
	}
	p, err := packet.Read(block.Body)
	if err != nil {
		t.Fatal(err)
	}
	sig, ok := p.(*packet.Signature)
	if !ok {
		t.Fatalf("%T is no signature", p)
	}
	const hashAt, sha1 = 3, 2 // RFC 9580, sections 5.2.3 and 9.5
	sig.HashSuffix[hashAt] = sha1
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.SignatureType, nil)
	if err == nil {
		err = errors.Join(sig.Serialize(w), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
