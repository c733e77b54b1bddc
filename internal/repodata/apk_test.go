// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"archive/tar"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const apkIndexText = `C:Q1abc=
P:zlib-dev
V:1.3.1-r2
A:x86_64
D:pkgconfig zlib=1.3.1-r2
p:pc:zlib=1.3.1 libz-dev

P:busybox
V:1.37
A:x86_64
p:cmd:awk=1.37 so:libbb.so<2 virtual>=1 other~3

`

var apkNames = []string{"zlib-dev", "libz-dev", "cmd:awk", "so:libbb.so", "virtual", "other", "pkgconfig", "zlib-dev1"}

const apkWant = `zlib-dev: present
libz-dev: virtual by zlib-dev
cmd:awk: virtual by busybox
so:libbb.so: virtual by busybox
virtual: virtual by busybox
other: virtual by busybox
pkgconfig: missing
zlib-dev1: missing like zlib-dev
`

// An apkKey is a key of an Alpine developer and the directory with its public key.
type apkKey struct {
	private *rsa.PrivateKey
	name    string
	dir     string
}

func newAPKKey(t testing.TB, name string) apkKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return apkKey{private, name, dir}
}

// sign returns the stream that precedes a signed index: an archive of one file without an
// end mark.
func (k apkKey) sign(t testing.TB, prefix string, hash crypto.Hash, signed []byte) []byte {
	t.Helper()
	sum := hash.New()
	sum.Write(signed)
	sig, err := rsa.SignPKCS1v15(rand.Reader, k.private, hash, sum.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return tarball(t, false, prefix+k.name, string(sig))
}

// tarball packs pairs of name and text; end reports whether to write an end mark.
func tarball(t testing.TB, end bool, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		head := &tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), ModTime: time.Unix(0, 0)}
		err := w.WriteHeader(head)
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	err := w.Flush()
	if end {
		err = w.Close()
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func apkIndexStream(t testing.TB, text string) []byte {
	return tarball(t, true, "DESCRIPTION", "v3.22", "APKINDEX", text)
}

func apkSource(url, keys string) Source {
	return Source{Format: "apk", URL: url, Repos: []string{"v3.22/main/$arch"}, Arch: "x86_64", Keyring: keys}
}

const apkPath = "v3.22/main/x86_64/APKINDEX.tar.gz"

func TestVerifyAPK(t *testing.T) {
	key := newAPKKey(t, "builder@example.org-1.rsa.pub")
	index := apkIndexStream(t, apkIndexText)
	cases := []struct {
		name, keys string
		packed     []byte
		detail     string
	}{
		{"unsigned, no keys", "", index, "no keys given"},
		{"signed, no keys", "/nonexistent", append(key.sign(t, ".SIGN.RSA.", crypto.SHA1, index), index...), "no keys in /nonexistent"},
		{"signed", key.dir, append(key.sign(t, ".SIGN.RSA.", crypto.SHA1, index), index...), "signed by builder@"},
		{"signed over SHA-256", key.dir, append(key.sign(t, ".SIGN.RSA256.", crypto.SHA256, index), index...), "signed by builder@"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := site{apkPath: c.packed}.serve(t)
			o := Options{CacheDir: t.TempDir()}
			for _, asked := range []string{"200 ", "304 "} {
				r, err := newClient(t, o).Verify(t.Context(), apkSource(m.server.URL, c.keys), apkNames)
				if err != nil {
					t.Fatal(err)
				}
				if got := describe(r.Results); got != apkWant {
					t.Errorf("got\n%swant\n%s", got, apkWant)
				}
				s := r.Signatures[0]
				if !strings.HasPrefix(s.Detail, c.detail) || s.Verified != strings.HasPrefix(c.detail, "signed") {
					t.Errorf("signature is %+v", s)
				}
				if got := strings.Join(m.requests(), " "); got != asked+apkPath {
					t.Errorf("asked for %s", got)
				}
			}
		})
	}
}

func TestVerifyAPKBad(t *testing.T) {
	key, other := newAPKKey(t, "a.rsa.pub"), newAPKKey(t, "b.rsa.pub")
	index := apkIndexStream(t, apkIndexText)
	good := append(key.sign(t, ".SIGN.RSA.", crypto.SHA1, index), index...)
	signed := func(index []byte) []byte { return append(key.sign(t, ".SIGN.RSA.", crypto.SHA1, index), index...) }
	changed := apkIndexStream(t, strings.ReplaceAll(apkIndexText, "zlib", "evil"))
	bomb := apkIndexStream(t, strings.Repeat("P:a\n\n", 1<<20))
	cases := []struct {
		name   string
		packed []byte
		want   string
		is     error
	}{
		{"empty", nil, "cannot unpack", nil},
		{"garbage", []byte("garbage"), "cannot unpack", nil},
		{"web page", []byte("<html>404</html>"), "cannot unpack", nil},
		{"gzip of garbage", pack(t, ".gz", []byte(strings.Repeat("garbage", 200))), "cannot unpack", nil},
		{"unsigned", index, "not signed", ErrSignature},
		{"signature of another index", append(key.sign(t, ".SIGN.RSA.", crypto.SHA1, index), changed...), "bad signature", ErrSignature},
		{"signed by a stranger", append(other.sign(t, ".SIGN.RSA.", crypto.SHA1, index), index...), `but by "b.rsa.pub"`, ErrSignature},
		{"signed in the name of another", append(tarball(t, false, ".SIGN.RSA.a.rsa.pub", "nonsense"), index...), "bad signature", ErrSignature},
		{"key that climbs", append(tarball(t, false, ".SIGN.RSA.../../etc/passwd", "x"), index...), "not signed", ErrSignature},
		{"signature of another kind", append(tarball(t, false, ".SIGN.DSA.a.rsa.pub", "x"), index...), "not signed", ErrSignature},
		{"truncated", good[:len(good)-30], "bad signature", ErrSignature},
		{"signature only", signed(nil), "cannot unpack", nil},
		{"truncated before it was signed", signed(index[:len(index)-30]), "unexpected EOF", nil},
		{"no index", signed(tarball(t, true, "DESCRIPTION", "x")), "holds no APKINDEX", nil},
		{"no fields", signed(apkIndexStream(t, "zlib\n")), "APKINDEX: line 1: neither a field nor empty", nil},
		{"nameless", signed(apkIndexStream(t, "A:x86_64\n\n")), "an entry without a package name", nil},
		{"long line", signed(apkIndexStream(t, "P:"+strings.Repeat("a", 2<<20))), "a line is too long", nil},
		{"bomb", signed(bomb), "more than 2097152 bytes unpacked", nil},
		{"bomb in the signature", append(tarball(t, false, ".SIGN.RSA.a.rsa.pub", strings.Repeat("a", 1<<20)), index...),
			"more than 65536 bytes unpacked", nil},
		{"holes in the signature", append(holes(t, ".SIGN.RSA.a.rsa.pub", 1<<26), index...), "more than 65536 bytes unpacked", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := site{apkPath: c.packed}.serve(t)
			o := Options{MaxUnpacked: 2 << 20}
			_, err := newClient(t, o).Verify(t.Context(), apkSource(m.server.URL, key.dir), apkNames)
			wantError(t, err, c.want)
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is no %v", err, c.is)
			}
		})
	}
}

func TestReadAPKKeyBad(t *testing.T) {
	cases := map[string]string{
		"garbage": "not a key in PEM",
		"-----BEGIN X-----\nAAAA\n-----END X-----": "cannot read the key",
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65,
			0x70, 3, 0x21, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
			26, 27, 28, 29, 30, 31, 32}})): "not an RSA key",
	}
	for text, want := range cases {
		name := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readAPKKey(name)
		wantError(t, err, want)
	}
}

// holes returns a packed archive with a file of size bytes that are not in it,
// as GNU tar writes it.
func holes(t testing.TB, name string, size int64) []byte {
	t.Helper()
	block := make([]byte, 512)
	copy(block, name)
	for at, text := range map[int]string{
		100: "0000644", 108: "0000000", 116: "0000000", 124: "00000000000", 136: "00000000000", 257: "ustar  ",
	} {
		copy(block[at:], text)
	}
	block[156] = 'S'
	binary := func(field []byte, n int64) { // a number that is too large for octal digits
		for i := len(field) - 1; i > 0; i-- {
			field[i], n = byte(n), n>>8
		}
		field[0] = 0x80
	}
	binary(block[386:398], size) // an empty piece at the end
	binary(block[398:410], 0)
	binary(block[483:495], size)
	copy(block[148:], "        ")
	sum := 0
	for _, b := range block {
		sum += int(b)
	}
	copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
	return pack(t, ".gz", block)
}

// TestManyAPKNames: a small index does not become large in memory.
func TestManyAPKNames(t *testing.T) {
	text := "P:a\np:" + strings.Repeat("a ", 400_000) + "\n\n"
	m := site{apkPath: apkIndexStream(t, strings.Repeat(text, maxAPKNames/400_000))}.serve(t)
	_, err := newClient(t, Options{}).Verify(t.Context(), apkSource(m.server.URL, ""), apkNames)
	wantError(t, err, "more than 2000000 names")
}
