// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

var errStop = errors.New("enough")

// checkParser checks any index's parser: the same text gives the same records, none without
// a name, an error of the caller ends it at once, and all records can be stored in the list
// of names.
func checkParser(t *testing.T, parse func(each func(record) error) error) {
	t.Helper()
	var out bytes.Buffer
	var first []record
	err := parse(func(r record) error {
		r.provides = slices.Clone(r.provides)
		first = append(first, r)
		return nil
	})
	n := 0
	err2 := parse(func(r record) error {
		if r.name == "" || r.name != first[n].name || r.arch != first[n].arch || !slices.Equal(r.provides, first[n].provides) {
			t.Fatalf("record %d is %+v, then %+v", n, first[n], r)
		}
		n++
		return nil
	})
	if n != len(first) || (err == nil) != (err2 == nil) {
		t.Fatalf("%d records and %v, then %d and %v", len(first), err, n, err2)
	}
	if err != nil && strings.ContainsAny(err.Error(), "\x1b") {
		t.Fatalf("the error steers the terminal: %q", err)
	}
	if len(first) == 0 {
		return
	}
	n = 0
	err = parse(func(record) error { n++; return errStop })
	if n != 1 || !errors.Is(err, errStop) {
		t.Fatalf("went on after an error: %d records, %v", n, err)
	}
	checkList(t, &out, first)
}

func FuzzParsePackages(f *testing.F) {
	for _, seed := range []string{packagesText, "Package: a\nProvides: b (= 1), c:any,\n d [x]\n\n\n#x\nPackage:b",
		"Package:\n", " x\n", "x", "Package: a\r\nArchitecture: all\r\n\r\n", "Package: \x1b[2J\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkParser(t, func(each func(record) error) error { return parsePackages(bytes.NewReader(text), each) })
	})
}

func FuzzParsePrimary(f *testing.F) {
	for _, seed := range []string{primaryText, "<metadata/>", "<metadata><package><name>a</name></package></metadata>",
		`<metadata><package><name>a&#x1b;</name><arch>x</arch><format><file>/a</file></format></package>`,
		"<a:metadata><b:package>", "<?xml version='1.1'?><!DOCTYPE x><metadata/>"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkParser(t, func(each func(record) error) error { return parsePrimary(bytes.NewReader(text), each) })
	})
}

func FuzzParseAPKIndex(f *testing.F) {
	for _, seed := range []string{apkIndexText, "P:a\n", "A:a\n\n", "P:a\np:b=1 c<2 =3\n\nP:b", "x", ":\n", "P:\x1b\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkParser(t, func(each func(record) error) error { return parseAPKIndex(bytes.NewReader(text), each) })
	})
}

// FuzzReadAPKIndex: a changed signed index is refused, or gives the signed content.
func FuzzReadAPKIndex(f *testing.F) {
	key := newAPKKey(f, "a.rsa.pub")
	index := apkIndexStream(f, apkIndexText)
	good := append(key.sign(f, ".SIGN.RSA.", 3, index), index...) // 3 is crypto.SHA1
	f.Add(good)
	f.Add(index)
	f.Add(good[:100])
	f.Fuzz(func(t *testing.T, packed []byte) {
		var names []string
		sig, err := readAPKIndex(packed, key.dir, 1<<20, func(r record) error {
			names = append(names, r.name)
			return nil
		})
		if err != nil && len(names) == 0 {
			return
		}
		if err != nil || !sig.Verified || !slices.Equal(names, []string{"zlib-dev", "busybox"}) {
			t.Fatalf("got %q, %+v, %v", names, sig, err)
		}
	})
}

// FuzzInRelease: only signed text is returned.
func FuzzInRelease(f *testing.F) {
	s := newSigner(f)
	text := string(releaseText(releaseHead, site{"main/binary-amd64/Packages": []byte(packagesText)}))
	good := s.clearsign(f, []byte(text))
	f.Add(good)
	f.Add(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")))
	f.Add([]byte(clearsignMark + "\n\nSuite: x\n"))
	f.Fuzz(func(t *testing.T, signed []byte) {
		got, sig, err := verifyClearsigned(s.keyring, signed, fixedNow())
		if err != nil {
			return
		}
		lines := strings.TrimSuffix(strings.ReplaceAll(string(got), "\r\n", "\n"), "\n")
		if !sig.Verified || lines != strings.TrimSuffix(text, "\n") {
			t.Fatalf("accepted %q, %+v", got, sig)
		}
	})
}

// FuzzParseRelease: an accepted file lists only valid digests and sizes.
func FuzzParseRelease(f *testing.F) {
	for _, seed := range []string{string(releaseText(releaseHead, site{"a": nil})), "SHA256:\n", "Suite: a\nSHA256:\n x 1 a\n",
		"Valid-Until: yesterday\n", "Valid-Until: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n " + strings.Repeat("0", 64) + " 1 a\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rel, err := parseRelease(text)
		if err != nil {
			return
		}
		if len(rel.files) == 0 {
			t.Fatal("accepted without a digest")
		}
		for name, file := range rel.files {
			if _, err := newDigest("sha256", file.sha256); err != nil || file.size < 0 || name == "" {
				t.Fatalf("%q: %+v, %v", name, file, err)
			}
		}
	})
}

// FuzzParseRepomd: an accepted index is below its repository.
func FuzzParseRepomd(f *testing.F) {
	f.Add(rpmSite(f, "", ".gz", primaryText)["repodata/repomd.xml"])
	f.Add([]byte(`<repomd><data type="primary"><checksum type="sha256">` + strings.Repeat("0", 64) +
		`</checksum><location href="../x"/><size>-1</size></data></repomd>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := parseRepomd("http://example.org/repo", text)
		if err != nil {
			return
		}
		for _, u := range append(x.from, x.url) {
			if !strings.HasPrefix(u, "http://example.org/repo/") || strings.Contains(u, "..") || strings.ContainsAny(u, "?#% \n") {
				t.Fatalf("fetches %q", u)
			}
		}
		if x.size < -1 || x.unpacked < -1 || x.digest.hex == "" {
			t.Fatalf("accepted %+v", x)
		}
	})
}
