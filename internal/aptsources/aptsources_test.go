// SPDX-License-Identifier: GPL-2.0-or-later

package aptsources

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

const bookwormRelease = "ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID=\"12\"\n"

func TestMirror(t *testing.T) {
	const list, sources = "etc/apt/sources.list", "etc/apt/sources.list.d/debian.sources"
	deb822 := func(more string) string {
		return "Types: deb\nURIs: http://mirror.example.org/debian\nSuites: bookworm bookworm-updates\nComponents: main\n" + more
	}
	cases := []struct {
		name, release string
		files         map[string]string
		want          string // empty: none
	}{
		{"one line", bookwormRelease, map[string]string{list: "deb http://mirror.example.org/debian bookworm main contrib\n"},
			"http://mirror.example.org/debian"},
		{"trailing slash", bookwormRelease, map[string]string{list: "deb http://mirror.example.org/debian/ bookworm main"},
			"http://mirror.example.org/debian"},
		{"options", bookwormRelease, map[string]string{
			list: "deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] https://m.example.org/pub/debian bookworm main"},
			"https://m.example.org/pub/debian"},
		{"updates only", bookwormRelease, map[string]string{list: "deb http://m.example.org/debian bookworm-updates main"},
			"http://m.example.org/debian"},
		{"deb822", bookwormRelease, map[string]string{sources: deb822("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")},
			"http://mirror.example.org/debian"},
		{"deb822 after others", bookwormRelease, map[string]string{
			"etc/apt/sources.list.d/a.list": "deb https://tools.example.com bookworm main",
			sources:                         "# comment\n" + deb822("Enabled: no\n") + "\n\n" + deb822("")},
			"http://mirror.example.org/debian"},
		{"sid", "ID=debian\n", map[string]string{list: "deb http://m.example.org/debian sid main"}, "http://m.example.org/debian"},
		{"sid, with the next codename", "ID=debian\nVERSION_CODENAME=forky\n", map[string]string{list: "deb http://m.example.org/debian sid main"}, "http://m.example.org/debian"},
		{"testing, with the next codename", "ID=debian\nVERSION_CODENAME=forky\n", map[string]string{list: "deb http://m.example.org/debian testing main"}, "http://m.example.org/debian"},
		{"the next codename", "ID=debian\nVERSION_CODENAME=forky\n", map[string]string{list: "deb http://m.example.org/debian forky main"}, "http://m.example.org/debian"},
		{"sid on a release", bookwormRelease, map[string]string{list: "deb http://m.example.org/debian sid main"}, ""},
		{"stable by name", bookwormRelease, map[string]string{list: "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.example.org/debian stable main"}, "http://m.example.org/debian"},
		{"stable of somebody", bookwormRelease, map[string]string{list: "deb http://m.example.org/debian stable main"}, ""},
		{"no version, another distribution", "ID=ubuntu\nVERSION_CODENAME=noble\n", map[string]string{list: "deb http://m.example.org/ubuntu testing main"}, ""},
		{"ubuntu", "ID=ubuntu\nVERSION_CODENAME=\"noble\"\n", map[string]string{list: "deb http://m.example.org/ubuntu noble main universe"},
			"http://m.example.org/ubuntu"},

		{"nothing", bookwormRelease, nil, ""},
		{"source packages", bookwormRelease, map[string]string{list: "deb-src http://m.example.org/debian bookworm main"}, ""},
		{"commented out", bookwormRelease, map[string]string{list: "# deb http://m.example.org/debian bookworm main"}, ""},
		{"off", bookwormRelease, map[string]string{sources: deb822("Enabled: no\n")}, ""},
		{"another release", bookwormRelease, map[string]string{list: "deb http://m.example.org/debian trixie main"}, ""},
		{"security archive", bookwormRelease, map[string]string{list: "deb http://m.example.org/debian-security bookworm-security main"}, ""},
		{"third party's suite of the same name", bookwormRelease, map[string]string{list: "deb https://apt.example.com bookworm main"}, ""},
		{"third party's archive of the same name", bookwormRelease, map[string]string{
			list: "deb [signed-by=/usr/share/keyrings/example.gpg] https://example.com/linux/debian bookworm main"}, ""},
		{"third party's component", bookwormRelease, map[string]string{list: "deb https://example.com/linux/debian bookworm stable"}, ""},
		{"key in the file", bookwormRelease, map[string]string{sources: deb822("Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n")}, ""},
		{"disc", bookwormRelease, map[string]string{list: "deb cdrom:[Debian 12]/ bookworm main"}, ""},
		{"mirror list", bookwormRelease, map[string]string{list: "deb mirror+https://m.example.org/debian bookworm main"}, ""},
		{"file", bookwormRelease, map[string]string{list: "deb file:///srv/debian bookworm main"}, ""},
		{"password", bookwormRelease, map[string]string{list: "deb https://me:secret@m.example.org/debian bookworm main"}, ""},
		{"another distribution", "ID=ubuntu\nVERSION_CODENAME=noble\n", map[string]string{list: "deb http://m.example.org/debian bookworm main"}, ""},
		{"options without end", bookwormRelease, map[string]string{list: "deb [arch=amd64 http://m.example.org/debian bookworm main"}, ""},
		{"no suite", bookwormRelease, map[string]string{list: "deb http://m.example.org/debian"}, ""},
		{"garbage", bookwormRelease, map[string]string{list: "\x00\xff\ndebby\ndeb", sources: "garbage\n"}, ""},
		{"another ending", bookwormRelease, map[string]string{"etc/apt/sources.list.d/debian.sources.disabled": deb822("")}, ""},
		{"no fedora", "ID=fedora\n", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{"etc/os-release": {Data: []byte(c.release)}}
			for name, text := range c.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			m, err := Read(root)
			if err != nil {
				t.Fatal(err)
			}
			mirror, err := m.Mirror()
			if c.want == "" {
				if !errors.Is(err, ErrNone) {
					t.Errorf("got %q, %v", mirror, err)
				}
				return
			}
			if err != nil || mirror != c.want {
				t.Errorf("got %q, %v, not %s", mirror, err, c.want)
			}
		})
	}
	if _, err := Read(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "cannot tell the machine's distribution") {
		t.Errorf("got %v", err)
	}
}

func TestLines(t *testing.T) {
	newStyle := "Types: deb deb-src\n# a comment\nURIs: http://m/debian\nSuites: bookworm bookworm-updates bookworm-backports\nComponents: main contrib\n\n" +
		"Types: deb\nURIs: http://m/debian-security\nSuites: bookworm-security\nComponents: main\n\nTypes: deb\nEnabled: no\nURIs: http://off/debian\nSuites: bookworm\nComponents: main\n"
	oldStyle := "# deb http://c/debian bookworm main\ndeb-src http://s/debian bookworm main\ndeb [arch=amd64 signed-by=/debian-archive.gpg] http://m/debian bookworm main # x\ndeb\ndeb http://m/debian\n" +
		"deb cdrom:[x]/ bookworm main\ndeb http://third.party/apt bookworm main\ndeb http://m/debian bookworm contrib\n"
	const list, sources = "etc/apt/sources.list", "etc/apt/sources.list.d/debian.sources"
	for _, c := range []struct{ name, release, file, text, suite, want string }{
		{"new style", bookwormRelease, sources, newStyle, "bookworm",
			"deb http://m/debian bookworm main; deb http://m/debian bookworm-updates main; deb http://m/debian-security bookworm-security main"},
		{"another release", bookwormRelease, sources, newStyle, "trixie",
			"deb http://m/debian trixie main; deb http://m/debian trixie-updates main; deb http://m/debian-security trixie-security main"},
		{"sid", bookwormRelease, sources, newStyle, "sid", "deb http://m/debian sid main"},
		{"old style", bookwormRelease, list, oldStyle, "bookworm", "deb http://m/debian bookworm main"},
		{"another family", "ID=fedora\n", list, oldStyle, "bookworm", ""},
		{"nothing", bookwormRelease, list, "", "bookworm", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Read(fstest.MapFS{"etc/os-release": {Data: []byte(c.release)}, c.file: {Data: []byte(c.text)}})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(m.Lines(c.suite, []string{"main"}), "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	broken := fstest.MapFS{"etc/os-release": {Data: []byte(bookwormRelease)}, list: {Mode: fs.ModeDir}}
	if _, err := Read(broken); err == nil || !strings.Contains(err.Error(), "cannot read apt's sources") {
		t.Errorf("a folder in a file's place: got %v", err)
	}
}

func TestLine(t *testing.T) {
	line, err := Line("http://m/ubuntu", "noble", []string{"main", "universe"})
	if err != nil || line != "deb http://m/ubuntu noble main universe" {
		t.Errorf("got %q, %v", line, err)
	}
	for mirror, want := range map[string]string{
		"nothing": "is not a URL", "http://m [x]": "is not a URL", "http://m/debian\nx": "is not a URL", "ftp://m/debian": "must begin with http", "gopher:x": "is not a URL",
	} {
		if line, err := Line(mirror, "sid", []string{"main"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v", mirror, line, err)
		}
	}
}

// FuzzMirror: an accepted mirror is a valid address.
func FuzzMirror(f *testing.F) {
	f.Add("deb http://m.example.org/debian bookworm main", "Types: deb\nURIs: https://m.example.org/debian\nSuites: bookworm\nComponents: main\n")
	f.Add("deb [a=b] http://m.example.org/../debian bookworm main", "garbage")
	f.Fuzz(func(t *testing.T, list, sources string) {
		m, err := Read(fstest.MapFS{
			"etc/os-release":                        {Data: []byte(bookwormRelease)},
			"etc/apt/sources.list":                  {Data: []byte(list)},
			"etc/apt/sources.list.d/debian.sources": {Data: []byte(sources)},
		})
		if err != nil {
			t.Fatal(err)
		}
		mirror, err := m.Mirror()
		if err != nil {
			return
		}
		u, err := url.Parse(mirror)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			t.Fatalf("found %q, %v", mirror, err)
		}
	})
}
