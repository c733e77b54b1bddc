// SPDX-License-Identifier: GPL-2.0-or-later

package render_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/render"
)

// TestAddable compares everything except the packages.
func TestAddable(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after rendering
		added         string // the one package that after has more; "" if a whole build is needed
	}{
		{"deb", rendering{target: "debian-12", needs: "make"}, rendering{target: "debian-12", needs: "make zlib"}, "zlib1g-dev"},
		{"rpm", rendering{target: "fedora-44", needs: "make"}, rendering{target: "fedora-44", needs: "make zlib"}, "zlib-devel"},
		{"zypper", rendering{target: "opensuse-tumbleweed", needs: "make"}, rendering{target: "opensuse-tumbleweed", needs: "make zlib"}, "zlib-devel"},
		{"apk", rendering{target: "alpine-323", needs: "make"}, rendering{target: "alpine-323", needs: "make zlib"}, "zlib-dev"},
		{
			"cross", rendering{target: "debian-12", cross: "s390x", needs: "gcc foreign-one"},
			rendering{target: "debian-12", cross: "s390x", needs: "gcc foreign-one foreign-two"}, "two-dev:s390x",
		},
		{
			"first of cross", rendering{target: "debian-12", cross: "s390x", needs: "make"},
			rendering{target: "debian-12", cross: "s390x", needs: "make foreign-one"}, "",
		},
		{
			"part of cross", rendering{target: "debian-12", cross: "s390x", needs: "make", layers: render.NativeLayers},
			rendering{target: "debian-12", cross: "s390x", needs: "make xsltproc", layers: render.NativeLayers}, "xsltproc",
		},
		{
			"native of cross", rendering{target: "debian-12", cross: "s390x", needs: "gcc foreign-one"},
			rendering{target: "debian-12", cross: "s390x", needs: "gcc make foreign-one"}, "",
		},
		{"variable", rendering{target: "debian-12", needs: "zlib"}, rendering{target: "debian-12", needs: "make zlib"}, ""},
		{"compiler", rendering{target: "debian-12", needs: "ccache"}, rendering{target: "debian-12", needs: "ccache gcc"}, ""},
		{"pip", rendering{target: "debian-12", needs: "pip-a"}, rendering{target: "debian-12", needs: "pip-a zlib"}, ""},
		{"cpan", rendering{target: "debian-12", needs: "cpan-a"}, rendering{target: "debian-12", needs: "cpan-a zlib"}, ""},
		{"blank", rendering{target: "debian-12", needs: "make"}, rendering{target: "debian-12", needs: "make odd-blank"}, ""},
		{"target", rendering{target: "debian-12", needs: "make"}, rendering{target: "debian-13", needs: "make zlib"}, ""},
		{"host", rendering{target: "debian-12", needs: "make"}, rendering{target: "debian-12", cross: "s390x", needs: "make"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			had, restBefore, ok1 := addable(t, c.before)
			has, restAfter, ok2 := addable(t, c.after)
			if can := ok1 && ok2 && bytes.Equal(restBefore, restAfter); !can {
				if c.added != "" {
					t.Errorf("%v %v, rests\n%s\n\n%s", ok1, ok2, restBefore, restAfter)
				}
				return
			}
			added := slices.DeleteFunc(slices.Clone(has), func(name string) bool { return slices.Contains(had, name) })
			if len(added) != 1 || added[0] != c.added || len(has) != len(had)+1 {
				t.Errorf("added %q, want %q", added, c.added)
			}
		})
	}
}

func addable(t *testing.T, r rendering) (packages []string, rest []byte, ok bool) {
	t.Helper()
	target, _ := r.resolve(t)
	body := r.body(t)
	packages, rest, ok = render.Addable(target, body.Text)
	if body.Rest != nil && (!ok || !slices.Equal(packages, body.Packages) || !bytes.Equal(rest, body.Rest)) {
		t.Errorf("the text is read back as %q and\n%s\nit was made of %q and\n%s", packages, rest, body.Packages, body.Rest)
	}
	return body.Packages, body.Rest, body.Rest != nil
}

// TestAddablePackages parses rendered text back into packages.
func TestAddablePackages(t *testing.T) {
	for _, r := range []rendering{
		{target: "debian-12", needs: "make"},
		{target: "debian-12", needs: "make odd-quote odd-shell"},
		{target: "debian-13", needs: "libc gcc ccache meson python3"},
		{target: "fedora-44", needs: "make"},
		{target: "opensuse-tumbleweed", needs: "make"},
		{target: "alpine-323", needs: "make"},
	} {
		target, packages := r.resolve(t)
		header, err := render.Header([]string{"manifest"})
		if err != nil {
			t.Fatal(err)
		}
		got, rest, ok := render.Addable(target, append([]byte(header), r.dockerfile(t)...))
		if !ok || !slices.Equal(got, packages.Native) || !bytes.HasPrefix(rest, []byte(header)) {
			t.Errorf("%s: got %q, want %q", r.target, got, packages.Native)
		}
	}
}

func TestAddableRefuses(t *testing.T) {
	debian, _ := rendering{target: "debian-12", needs: "make"}.resolve(t)
	freebsd, _ := rendering{target: "freebsd-14", needs: "make"}.resolve(t)
	good := "FROM x\n\nRUN true && \\\n    eatmydata apt-get install --no-install-recommends -y \\\n                      a \\\n                      b && \\\n    true"
	if packages, _, ok := render.Addable(debian, []byte(good)); !ok || !slices.Equal(packages, []string{"a", "b"}) {
		t.Fatalf("%q", packages)
	}
	for name, text := range map[string]string{
		"empty":         "",
		"nothing":       "FROM x\n\nRUN true",
		"not the end":   strings.TrimSuffix(good, " && \\\n    true"),
		"not sorted":    strings.ReplaceAll(good, " a ", " c "),
		"another hand":  strings.ReplaceAll(good, "                      ", "  "),
		"half quoted":   strings.ReplaceAll(good, " a ", " 'a "),
		"not quoted":    strings.ReplaceAll(good, " a ", " $a "),
		"quoted enough": strings.ReplaceAll(good, " a ", " 'a' "),
		"no names":      "RUN true && \\\n    eatmydata apt-get install --no-install-recommends -y  && \\\n    true",
	} {
		if packages, _, ok := render.Addable(debian, []byte(text)); ok {
			t.Errorf("%s: got %q", name, packages)
		}
	}
	if packages, _, ok := render.Addable(freebsd, []byte(good)); ok {
		t.Errorf("a target without Dockerfiles: %q", packages)
	}
}

func TestAddLayer(t *testing.T) {
	for _, c := range []struct {
		target, want string
		names        []string
	}{
		{"debian-12", `RUN export DEBIAN_FRONTEND=noninteractive && \
    eatmydata apt-get update && \
    eatmydata apt-get install --no-install-recommends -y --no-remove 'it'"'"'s' && \
    eatmydata apt-get autoclean -y && \
    dpkg-query --showformat '${Package}_${Version}_${Architecture}\n' --show > /packages.txt
`, []string{"it's"}},
		{"fedora-44", `RUN nosync dnf --quiet install -y \
                       a-devel \
                       b-devel && \
    nosync dnf --quiet clean all -y && \
    rpm -qa | sort > /packages.txt
`, []string{"a-devel", "b-devel"}},
		{"opensuse-tumbleweed", `RUN zypper install -y a && \
    zypper clean --all && \
    rpm -qa | sort > /packages.txt
`, []string{"a"}},
		{"alpine-323", `RUN apk update && \
    apk add a && \
    apk list --installed | sort > /packages.txt
`, []string{"a"}},
	} {
		target, _ := rendering{target: c.target, needs: "make"}.resolve(t)
		if got, err := render.AddLayer(target, c.names); err != nil || string(got) != c.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", c.target, err, got, c.want)
		}
	}
	target, _ := rendering{target: "freebsd-14", needs: "make"}.resolve(t)
	if got, err := render.AddLayer(target, []string{"a"}); err == nil {
		t.Errorf("freebsd: got %s", got)
	}
}
