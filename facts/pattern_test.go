// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	known := []string{".hidden", "libvirt", "libvirt+dist", "libvirt-python", "qemu", "qemu+dist"}
	for _, c := range []struct {
		list    string
		want    []string
		wantErr string
	}{
		{list: "libvirt", want: []string{"libvirt"}},
		{list: "qemu,libvirt", want: []string{"qemu", "libvirt"}},
		{list: "all", want: known},
		{list: "*", want: known},
		{list: "*+dist,qemu*", want: []string{"libvirt+dist", "qemu+dist", "qemu"}},
		{list: "libvirt,libvirt,lib*", want: []string{"libvirt", "libvirt+dist", "libvirt-python"}},
		{list: "?emu", want: []string{"qemu"}},
		{list: "[!.lq]*,q[d-f]mu", want: nil, wantErr: "Failed to expand '[!.lq]*,q[d-f]mu': Invalid project list '[!.lq]*,q[d-f]mu'"},
		{list: "./a.yml,https://h/a.yml,./a.yml,qemu", want: []string{"./a.yml", "https://h/a.yml", "./a.yml", "qemu"}},
		{list: "*/*", want: []string{"*/*"}},
		{list: "", wantErr: "Failed to expand '': Invalid project list ''"},
		{list: "qemu,", wantErr: "Failed to expand 'qemu,': Invalid project list 'qemu,'"},
		{list: " qemu", wantErr: "Failed to expand ' qemu': Invalid project list ' qemu'"},
		{list: "all,qemu", wantErr: "Failed to expand 'all,qemu': Invalid project list 'all,qemu'"},
		{list: "Qemu", wantErr: "Failed to expand 'Qemu': Invalid project list 'Qemu'"},
		{list: "qemu\\", wantErr: "Failed to expand 'qemu\\': Invalid project list 'qemu\\'"},
		{list: "a\nb", wantErr: `Failed to expand 'a\nb': Invalid project list 'a\nb'`},
	} {
		got, err := Expand(c.list, known)
		if !slices.Equal(got, c.want) || (err == nil) != (c.wantErr == "") || err != nil && err.Error() != c.wantErr {
			t.Errorf("%q: got %q, %v", c.list, got, err)
		}
		var project *ProjectError
		if err != nil && (!errors.Is(err, ErrPattern) || !errors.As(err, &project)) {
			t.Errorf("%q: error of a wrong kind: %v", c.list, err)
		}
	}
	if _, err := Expand("all", nil); err == nil || err.Error() != "Failed to expand 'all': Invalid project list '*'" {
		t.Errorf("got %v", err)
	}
}

// setCases lists the characters of setAlphabet that a set matches in Python 3.11's fnmatch.
const setAlphabet = "abcdez-!]^[&\\\n"

func setCases() map[string]string {
	return map[string]string{
		"[a-]": "a-", "[-a]": "a-", "[!-a]": "bcdez!]^[&\\\n", "[a-c-e]": "abce-", "[--a]": "a-]^[\\", "[a--]": "",
		"[z-a]": "", "[!z-a]": "abcdez-!]^[&\\\n", "[z-ab]": "b", "[]a]": "a]", "[!]a]": "bcdez-!^[&\\\n",
		"[a": "", "[]": "", "[!]": "", "[!": "", "[^a]": "a^", "[[a]": "a[", "[a&&b]": "ab&", "[\\]": "\\", "[a\\-c]": "abc]^\\",
		"[c-a-z]": "z-", "[a-c-a-z]": "abcdez-", "[!!]": "abcdez-]^[&\\\n", "[!a-z]": "-!]^[&\\\n", "[--]": "-", "[---]": "-",
		"a[": "", "*?": "abcdez-!]^[&\\\n", "[a-a]": "a", "[a-b-d]": "abd-", "[b-a-d]": "d-",
	}
}

func TestSetsMatchAsInPython(t *testing.T) {
	for glob, want := range setCases() {
		got := ""
		for _, r := range setAlphabet {
			if fnmatch(glob).MatchString(string(r)) {
				got += string(r)
			}
		}
		if got != want {
			t.Errorf("%q: matches %q, want %q", glob, got, want)
		}
	}
	for _, c := range []struct{ glob, name string }{{"[]", "[]"}, {"[!]", "[!]"}, {"[a", "[a"}, {"a[", "a["}, {`\*`, `\x`}, {"é?", "éü"}, {"a.c", "a.c"}} {
		if !fnmatch(c.glob).MatchString(c.name) {
			t.Errorf("%q does not match %q", c.glob, c.name)
		}
	}
	if fnmatch("a.c").MatchString("abc") || fnmatch("b").MatchString("abc") {
		t.Error("a dot or a part matches")
	}
}

// matches implements fnmatch directly from its rules, one character at a time.
func matches(glob, name []rune) bool {
	if len(glob) == 0 {
		return len(name) == 0
	}
	switch glob[0] {
	case '*':
		return matches(glob[1:], name) || len(name) > 0 && matches(glob, name[1:])
	case '?':
		return len(name) > 0 && matches(glob[1:], name[1:])
	case '[':
		from := 1
		negated := len(glob) > 1 && glob[1] == '!'
		if negated {
			from = 2
		}
		end := from
		if end < len(glob) && glob[end] == ']' {
			end++
		}
		for end < len(glob) && glob[end] != ']' {
			end++
		}
		if end < len(glob) {
			return len(name) > 0 && member(glob[from:end], name[0]) != negated && matches(glob[end+1:], name[1:])
		}
	}
	return len(name) > 0 && name[0] == glob[0] && matches(glob[1:], name[1:])
}

func member(set []rune, r rune) bool {
	for len(set) > 0 {
		if len(set) > 2 && set[1] == '-' {
			if set[0] <= r && r <= set[2] {
				return true
			}
			set = set[3:]
			continue
		}
		if set[0] == r {
			return true
		}
		set = set[1:]
	}
	return false
}

func FuzzExpand(f *testing.F) {
	for glob := range setCases() {
		f.Add(glob, "a-b")
	}
	f.Add("lib*-?[a-y]*", "libvirt-python")
	f.Add("*a*b*c", "aabbcc")
	f.Add("\xcd", "\x9f")
	f.Fuzz(func(t *testing.T, glob, name string) {
		if len(glob) > 12 || len(name) > 12 || strings.ToValidUTF8(name, "") != name {
			return
		}
		if strings.ToValidUTF8(glob, "") != glob {
			fnmatch(glob)
			return
		}
		if got, want := fnmatch(glob).MatchString(name), matches([]rune(glob), []rune(name)); got != want {
			t.Errorf("%q on %q: got %v, want %v", glob, name, got, want)
		}
		names, err := Expand(glob, []string{name})
		if strings.Contains(glob, "/") || strings.Contains(glob, ",") || glob == "all" {
			return
		}
		if want := matches([]rune(glob), []rune(name)); (err == nil) != want || want && !slices.Equal(names, []string{name}) {
			t.Errorf("Expand(%q) of %q: %q, %v", glob, name, names, err)
		}
	})
}
