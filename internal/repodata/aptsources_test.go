// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"errors"
	"testing"
	"testing/fstest"
)

const bookwormRelease = "ID=debian\nVERSION_CODENAME=bookworm\n"

func TestAptMirror(t *testing.T) {
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
			m, err := AptMirror(root)
			if c.want == "" {
				if !errors.Is(err, ErrNoMirror) {
					t.Errorf("got %+v, %v", m, err)
				}
				return
			}
			if err != nil || m.URL != c.want {
				t.Errorf("got %+v, %v, not %s", m, err, c.want)
			}
		})
	}
	_, err := AptMirror(fstest.MapFS{})
	wantError(t, err, "cannot tell the machine's distribution")
}
