// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package repodata

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/aptsources"
)

// ownMirror is the Debian mirror of this machine.
func ownMirror(t testing.TB) string {
	t.Helper()
	m, err := aptsources.Read(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != "debian" {
		t.Fatalf("these tests need a Debian machine, not %q", m.ID)
	}
	mirror, err := m.Mirror()
	if err != nil {
		t.Fatal(err)
	}
	return mirror
}

const debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

func TestDebianMirror(t *testing.T) {
	m := ownMirror(t)
	cases := []struct {
		suite, arch string
		names, want string
	}{
		{"bookworm", "amd64", "zlib1g-dev awk zlib1g-devel libncursesw5-dev",
			"zlib1g-dev: present\nawk: virtual by gawk mawk original-awk\n" +
				"zlib1g-devel: missing like zlib1g-dev", // whatever comes after it
		},
		{"trixie", "amd64", "zlib1g-dev libncursesw5-dev", "zlib1g-dev: present\nlibncursesw5-dev: virtual by libncurses-dev\n"},
		{"sid", "amd64", "zlib1g-dev gcc", "zlib1g-dev: present\ngcc: present\n"},
		{"bookworm", "s390x", "zlib1g-dev:s390x gcc libc6-dev-i386", "zlib1g-dev:s390x: present\ngcc: present\nlibc6-dev-i386: missing"},
	}
	dir := t.TempDir()
	for _, c := range cases {
		t.Run(c.suite+" "+c.arch, func(t *testing.T) {
			src := Source{Format: "deb", URL: m, Suite: c.suite, Components: []string{"main"}, Arch: c.arch, Keyring: debianKeyring}
			var first string
			for _, offline := range []bool{false, false, true} {
				client, err := NewClient(Options{CacheDir: dir, Offline: offline})
				if err != nil {
					t.Fatal(err)
				}
				r, err := client.Verify(t.Context(), src, strings.Fields(c.names))
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Signatures) != 1 || !r.Signatures[0].Verified {
					t.Errorf("signatures are %+v", r.Signatures)
				}
				if r.Packages < 50_000 {
					t.Errorf("only %d packages", r.Packages)
				}
				got := describe(r.Results)
				if !strings.HasPrefix(got, c.want) {
					t.Errorf("got\n%s", got)
				}
				if first == "" {
					first = got
				}
				if got != first {
					t.Errorf("from the cache\n%s", got)
				}
				t.Log(src.Suite, src.Arch, r.Packages, r.Signatures[0].Detail, r.Warnings)
			}
		})
	}
}

func run(t testing.TB, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func makeRPM(t testing.TB, dir, name, arch string, provides ...string) {
	t.Helper()
	spec := fmt.Sprintf("Name: %s\nVersion: 1\nRelease: 1\nSummary: Test\nLicense: GPL-2.0-or-later\n", name)
	if arch == "noarch" {
		spec += "BuildArch: noarch\n"
	}
	for _, p := range provides {
		spec += "Provides: " + p + "\n"
	}
	spec += "%description\nTest\n%files\n"
	file := filepath.Join(dir, name+".spec")
	if err := os.WriteFile(file, []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "rpmbuild", "-bb", "--quiet", "--target", arch, "--define", "_topdir "+dir+"/build",
		"--define", "_rpmdir "+dir+"/repo", "--define", "_build_id_links none", file)
}

func TestRealRPMRepository(t *testing.T) {
	dir := t.TempDir()
	makeRPM(t, dir, "zlib-devel", "x86_64", "pkgconfig(zlib) = 1.3", "zlib-static")
	makeRPM(t, dir, "perl-Foo", "noarch", "perl(Foo)")
	makeRPM(t, dir, "glibc-old", "i686")
	names := []string{"zlib-devel", "pkgconfig(zlib)", "perl(Foo)", "zlib-static", "zlib-devle", "glibc-old"}
	want := "zlib-devel: present\npkgconfig(zlib): virtual by zlib-devel\nperl(Foo): virtual by perl-Foo\n" +
		"zlib-static: virtual by zlib-devel\nzlib-devle: missing like zlib-devel\nglibc-old: missing\n"
	check := func(t *testing.T) {
		r, err := newClient(t, Options{}).Verify(t.Context(), rpmSource("file://"+dir+"/repo"), names)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(r.Results); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if r.Packages != 3 {
			t.Errorf("%d packages", r.Packages)
		}
	}
	for _, args := range [][]string{
		{"--general-compress-type=gz"}, {"--general-compress-type=xz"},
		{"--general-compress-type=bz2"}, {"--simple-md-filenames"}, {"--checksum=sha512"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(dir, "repo/repodata")); err != nil {
				t.Fatal(err)
			}
			run(t, dir, "createrepo_c", append(args, "--quiet", "repo")...)
			check(t)
		})
	}
	// createrepo_c of Debian 12 does not support zstd yet, and Fedora uses it.
	t.Run("zstd", func(t *testing.T) {
		run(t, dir, "sh", "-ec", `
rm -rf repo/repodata
createrepo_c --quiet --simple-md-filenames repo
cd repo/repodata
gunzip primary.xml.gz
zstd -q --rm -10 primary.xml
sum=$(sha256sum primary.xml.zst | cut -d' ' -f1)
size=$(stat -c %s primary.xml.zst)
sed -i '/<data type="primary">/,/<\/data>/ {
s|<checksum type="sha256">[0-9a-f]*<|<checksum type="sha256">'$sum'<|
s|<size>[0-9]*<|<size>'$size'<|
s|primary.xml.gz|primary.xml.zst|
}' repomd.xml
`)
		check(t)
	})
}

// TestRealAPKIndex signs an index like Alpine's abuild-sign, with openssl, tar and gzip.
func TestRealAPKIndex(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "APKINDEX"), []byte(apkIndexText), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "sh", "-ec", `
mkdir keys mirror
openssl genrsa -out private.pem 2048
openssl rsa -in private.pem -pubout -out keys/test.rsa.pub
echo v3.22 > DESCRIPTION
tar --format=pax --owner=0 --group=0 -c DESCRIPTION APKINDEX | gzip -n9 > index.tar.gz
openssl dgst -sha1 -sign private.pem -out .SIGN.RSA.test.rsa.pub index.tar.gz
size=$(stat -c %s .SIGN.RSA.test.rsa.pub)
blocks=$(( 1 + (size + 511) / 512 ))
tar --format=ustar --owner=0 --group=0 -b1 -c .SIGN.RSA.test.rsa.pub | head -c $((blocks * 512)) | gzip -n9 > sign.tar.gz
cat sign.tar.gz index.tar.gz > mirror/APKINDEX.tar.gz
`)
	src := Source{Format: "apk", URL: "file://" + dir + "/mirror", Arch: "x86_64", Keyring: dir + "/keys"}
	r, err := newClient(t, Options{}).Verify(t.Context(), src, apkNames)
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(r.Results); got != apkWant || !r.Signatures[0].Verified {
		t.Errorf("got\n%s%+v", got, r.Signatures)
	}
}
