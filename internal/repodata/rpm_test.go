// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const primaryText = `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="3">
<package type="rpm">
  <name>zlib-ng-compat-devel</name><arch>x86_64</arch><version epoch="0" ver="2.2" rel="1"/>
  <summary>name &amp; arch are not these: &lt;name&gt;</summary>
  <format>
    <rpm:license>zlib</rpm:license>
    <rpm:provides>
      <rpm:entry name="pkgconfig(zlib)" flags="EQ" ver="1.3"/>
      <rpm:entry name="zlib-devel"/>
      <rpm:entry name="zlib-ng-compat-devel"/>
    </rpm:provides>
    <rpm:requires><rpm:entry name="only-required"/></rpm:requires>
  </format>
</package>
<package type="rpm"><name>perl-Foo</name><arch>noarch</arch>
  <format><rpm:provides><rpm:entry name="perl(Foo)"/></rpm:provides><file>/usr/bin/foo</file></format>
</package>
<package type="rpm"><name>glibc-old</name><arch>i686</arch><format><rpm:provides/></format></package>
</metadata>
`

var rpmNames = []string{"zlib-ng-compat-devel", "zlib-devel", "pkgconfig(zlib)", "perl(Foo)", "perl(Fooo)",
	"/usr/bin/foo", "glibc-old", "only-required", "perl-Fooo"}

const rpmWant = `zlib-ng-compat-devel: present
zlib-devel: virtual by zlib-ng-compat-devel
pkgconfig(zlib): virtual by zlib-ng-compat-devel
perl(Foo): virtual by perl-Foo
perl(Fooo): missing like perl(Foo) perl-Foo
/usr/bin/foo: virtual by perl-Foo
glibc-old: missing
only-required: missing
perl-Fooo: missing like perl-Foo
`

func rpmSite(t testing.TB, dir, ext, primary string) site {
	t.Helper()
	packed := pack(t, ext, []byte(primary))
	sum := sha256.Sum256(packed)
	href := fmt.Sprintf("repodata/%x-primary.xml%s", sum, ext)
	repomd := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
<data type="filelists"><checksum type="sha256">00</checksum><location href="repodata/filelists.xml.gz"/></data>
<data type="primary"><checksum type="sha256">%x</checksum><location href="%s"/><size>%d</size><open-size>%d</open-size></data>
</repomd>`, sum, href, len(packed), len(primary))
	return site{dir + "repodata/repomd.xml": []byte(repomd), dir + href: packed}
}

func rpmSource(url string, repos ...string) Source {
	return Source{Format: "rpm", URL: url, Repos: repos, Arch: "x86_64"}
}

func TestVerifyRPM(t *testing.T) {
	for _, ext := range []string{"", ".gz", ".xz", ".zst"} {
		t.Run("packed"+ext, func(t *testing.T) {
			mirror := rpmSite(t, "os/x86_64/", ext, primaryText)
			for _, url := range []string{mirror.serve(t).server.URL, mirror.dir(t)} {
				r, err := newClient(t, Options{}).Verify(t.Context(), rpmSource(url, "os/$arch"), rpmNames)
				if err != nil {
					t.Fatal(err)
				}
				if got := describe(r.Results); got != rpmWant {
					t.Errorf("got\n%swant\n%s", got, rpmWant)
				}
				if len(r.Signatures) != 1 || r.Signatures[0].Verified || r.Signatures[0].Detail != "no keyring given" {
					t.Errorf("signatures are %+v", r.Signatures)
				}
			}
		})
	}
}

func TestVerifyRPMRepositories(t *testing.T) {
	one := strings.ReplaceAll(primaryText, "zlib", "one")
	m := rpmSite(t, "BaseOS/x86_64/", ".gz", one)
	for name, text := range rpmSite(t, "CRB/", ".zst", strings.ReplaceAll(primaryText, "zlib", "two")) {
		m[name] = text
	}
	other := rpmSite(t, "", ".gz", primaryText).serve(t).server.URL
	mirror := m.serve(t)
	src := rpmSource(mirror.server.URL, "/BaseOS/$basearch/", "CRB", other)
	o := Options{CacheDir: t.TempDir()}
	for range 2 {
		r, err := newClient(t, o).Verify(t.Context(), src, []string{"one-devel", "two-devel", "zlib-devel"})
		if err != nil {
			t.Fatal(err)
		}
		want := "one-devel: virtual by one-ng-compat-devel\ntwo-devel: virtual by two-ng-compat-devel\n" +
			"zlib-devel: virtual by zlib-ng-compat-devel\n"
		if got := describe(r.Results); got != want {
			t.Errorf("got\n%s", got)
		}
		if r.Packages != 9 {
			t.Errorf("%d packages", r.Packages)
		}
	}
}

func TestVerifyRPMSigned(t *testing.T) {
	s := newSigner(t)
	m := rpmSite(t, "", ".gz", primaryText)
	src := rpmSource(m.dir(t))
	src.Keyring = s.keyring
	_, err := newClient(t, Options{}).Verify(t.Context(), src, rpmNames)
	if wantError(t, err, "not signed"); !errors.Is(err, ErrSignature) {
		t.Errorf("%v is no ErrSignature", err)
	}
	m["repodata/repomd.xml.asc"] = s.detach(t, m["repodata/repomd.xml"])
	src.URL = m.dir(t)
	r, err := newClient(t, Options{}).Verify(t.Context(), src, rpmNames)
	if err != nil || !r.Signatures[0].Verified {
		t.Fatal(r, err)
	}
	m["repodata/repomd.xml"] = append(m["repodata/repomd.xml"], ' ')
	src.URL = m.dir(t)
	_, err = newClient(t, Options{}).Verify(t.Context(), src, rpmNames)
	if wantError(t, err, "bad signature"); !errors.Is(err, ErrSignature) {
		t.Errorf("%v is no ErrSignature", err)
	}
}

func TestVerifyRPMBad(t *testing.T) {
	const repomd = "repodata/repomd.xml"
	edit := func(old, new string) func(site) {
		return func(m site) {
			if !bytes.Contains(m[repomd], []byte(old)) {
				t.Fatalf("no %q in repomd.xml", old)
			}
			m[repomd] = bytes.Replace(m[repomd], []byte(old), []byte(new), 1)
		}
	}
	index := func(text string) func(site) {
		return func(m site) {
			for name, body := range rpmSite(t, "", ".gz", text) {
				m[name] = body
			}
		}
	}
	cases := []struct {
		name   string
		change func(site)
		want   string
	}{
		{"no repository", func(m site) { clear(m) }, "no such file on the mirror"},
		{"no index", func(m site) { repo := m[repomd]; clear(m); m[repomd] = repo }, "no such file on the mirror"},
		{"not xml", func(m site) { m[repomd] = []byte("404 not found") }, "cannot decode"},
		{"web page", func(m site) { m[repomd] = []byte("<html></html>") }, "cannot decode"},
		{"no primary", edit(`type="primary"`, `type="other"`), "lists no primary index"},
		{"weak digest", edit(`<data type="primary"><checksum type="sha256">`, `<data type="primary"><checksum type="md5">`),
			`digest of kind "md5" proves nothing`},
		{"bad digest", edit(`<data type="primary"><checksum type="sha256">`, `<data type="primary"><checksum type="sha256">x`),
			"is no sha256 digest"},
		{"climbs", func(m site) {
			i := bytes.LastIndex(m[repomd], []byte(`href="`)) + len(`href="`)
			m[repomd] = append(append(m[repomd][:i:i], "../../"...), m[repomd][i:]...)
		}, "is no place below the repository"},
		{"name without an ending", func(m site) {
			i := bytes.LastIndex(m[repomd], []byte(`href="`)) + len(`href="`)
			m[repomd] = append(append(m[repomd][:i:i], `primary"/>`...), m[repomd][bytes.IndexByte(m[repomd][i:], '>')+i+1:]...)
		}, "no such file on the mirror"},
		{"changed index", func(m site) {
			for name := range m {
				if name != repomd {
					m[name][20] ^= 1
				}
			}
		}, "SHA-256 digest is"},
		{"truncated xml", index(primaryText[:700]), "cannot decode"},
		{"ends between packages", index(primaryText[:strings.LastIndex(primaryText, "</metadata>")]), "ends in the middle"},
		{"empty", index(""), "ends in the middle"},
		{"another document", index("<feed></feed>"), `"feed" where metadata is expected`},
		{"crossed elements", index("<metadata><package></metadata></package>"), `end of "metadata", which is not open`},
		{"two documents", index("<metadata></metadata><metadata></metadata>"), "out of place"},
		{"nameless", index("<metadata><package></package></metadata>"), "a package without a name"},
		{"deep", index("<metadata>" + strings.Repeat("<a>", 100)), "out of place"},
		{"entities", index(`<!DOCTYPE a [<!ENTITY a "aaa">]><metadata>&a;</metadata>`), "no place here"},
		{"unknown entity", index(`<metadata>&a;</metadata>`), "invalid character entity"},
		{"huge text", index("<metadata><package><name>" + strings.Repeat("a", 3<<20) + "</name></package></metadata>"),
			"more than 1048576 bytes in one element"},
		{"huge attribute", index(`<metadata><package a="` + strings.Repeat("a", 3<<20) + `"/></metadata>`),
			"more than 1048576 bytes in one element"},
		{"text in many comments", index("<metadata><package><name>" + strings.Repeat("aaaaaaaa<!-- -->", 200_000) + "</name></package></metadata>"),
			"more than 1048576 bytes in one element"},
		{"bomb", index("<metadata>" + strings.Repeat("<package><name>a</name></package>", 200_000) + "</metadata>"),
			"bytes unpacked are announced, more than the 4194304 allowed"},
		{"hidden bomb", func(m site) {
			index("<metadata>" + strings.Repeat("<package><name>a</name></package>", 200_000) + "</metadata>")(m)
			i, j := bytes.Index(m[repomd], []byte("<open-size>")), bytes.Index(m[repomd], []byte("</data>\n</repomd>"))
			m[repomd] = append(m[repomd][:i:i], m[repomd][j:]...)
		}, "more than 4194304 bytes unpacked"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := rpmSite(t, "", ".gz", primaryText)
			c.change(m)
			o := Options{MaxUnpacked: 4 << 20}
			_, err := newClient(t, o).Verify(t.Context(), rpmSource(m.serve(t).server.URL), rpmNames)
			wantError(t, err, c.want)
		})
	}
}
