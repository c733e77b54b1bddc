// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestParse has the rules of the original, except where they were changed.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		text           string
		name, location string
		wantErr        string
	}{
		{text: "https://h/x/p.yml", name: "p", location: "https://h/x/p.yml"},
		{text: "HTTPS://h/p.yml", name: "p", location: "https://h/p.yml"},
		{text: "https://h:8443/p.yml", name: "p", location: "https://h:8443/p.yml"},
		{text: "https://h/p.yml?ref=v1&raw=1", name: "p", location: "https://h/p.yml?ref=v1&raw=1"},
		{text: "https://h/p.yml#top", name: "p", location: "https://h/p.yml"},
		{text: "https://h/sp%20ace.yml", name: "sp ace", location: "https://h/sp%20ace.yml"},
		{text: "https://h/a%2Cb.yml", name: "a,b", location: "https://h/a%2Cb.yml"},
		{text: "https://h/a%2fp.yml", name: "p", location: "https://h/a%2fp.yml"},
		{text: "https://u:secret@h/p.yml", name: "p", location: "https://h/p.yml"},
		{text: "https://h/p%3Fq.yml", name: "p?q", location: "https://h/p%3Fq.yml"},
		{text: "file:///d/p.yml", name: "p", location: "/d/p.yml"},
		{text: "FILE:///d/p.yml", name: "p", location: "/d/p.yml"},
		{text: "file://localhost/d/p.yml", name: "p", location: "/d/p.yml"},
		{text: "file:///d/p.yml?x#y", name: "p", location: "/d/p.yml"},
		{text: "/d/p.yml", name: "p", location: "/d/p.yml"},
		{text: "d/p.yml", name: "p", location: "/base/d/p.yml"},
		{text: "./p.yml", name: "p", location: "/base/p.yml"},
		{text: "d/p+dist.yml", name: "p+dist", location: "/base/d/p+dist.yml"},
		{text: "d/ä.yml", name: "ä", location: "/base/d/ä.yml"},

		{text: "http://h/p.yml", wantErr: "Project http://h/p.yml must use a 'https' or 'file' URI scheme"},
		{text: "HTTP://h/p.yml", wantErr: "Project HTTP://h/p.yml must use a 'https' or 'file' URI scheme"},
		{text: "ftp://h/p.yml", wantErr: "must use a 'https' or 'file' URI scheme"},
		{text: "a/b://h/p.yml", wantErr: "must use a 'https' or 'file' URI scheme"},
		{text: "://h/p.yml", wantErr: "must use a 'https' or 'file' URI scheme"},
		{text: " https://h/p.yml", wantErr: "must use a 'https' or 'file' URI scheme"},
		{text: "https://h/p.yaml", wantErr: "Project https://h/p.yaml should refer to a project YML file"},
		{text: "https://h/p", wantErr: "should refer to a project YML file"},
		{text: "https://h/p.YML", wantErr: "should refer to a project YML file"},
		{text: "https://h/p.yml/", wantErr: "should refer to a project YML file"},
		{text: "https://h/?p.yml", wantErr: "should refer to a project YML file"},
		{text: "https://h/#p.yml", wantErr: "should refer to a project YML file"},
		{text: "https://h/.yml", wantErr: "should refer to a project YML file"},
		{text: "https://h.yml", wantErr: "should refer to a project YML file"},
		{text: "d/p.yaml", wantErr: "Project d/p.yaml should refer to a project YML file"},
		{text: "d/", wantErr: "should refer to a project YML file"},
		{text: "/", wantErr: "should refer to a project YML file"},
		{text: "d/p.yml/", wantErr: "should refer to a project YML file"},
		{text: "https:///p.yml", wantErr: "Project https:///p.yml is no valid URL: no host"},
		{text: "https://:1/p.yml", wantErr: "is no valid URL: no host"},
		{text: "https://h/%zz.yml", wantErr: `is no valid URL: invalid URL escape "%zz"`},
		{text: "file:///%2.yml", wantErr: "is no valid URL"},
		{text: "https://h:port/p.yml", wantErr: "is no valid URL"},
		{text: "https://[::1/p.yml", wantErr: "is no valid URL"},
		{text: "https://h/a%0ab.yml", wantErr: "has a control character in its name"},
		{text: "https://h/a%00b.yml", wantErr: "has a control character in its name"},
		{text: "https://h/%ff.yml", wantErr: "has a name that is not UTF-8"},
		{text: "d/a\x1bb.yml", wantErr: "has a control character in its name"},
	} {
		t.Run(c.text, func(t *testing.T) {
			ref, err := Parse(c.text, "/base")
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("error %v, want one with %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if ref.Name != c.name || ref.Location() != c.location || ref.Text != c.text {
				t.Errorf("got %q at %q from %q, want %q at %q", ref.Name, ref.Location(), ref.Text, c.name, c.location)
			}
		})
	}
}

// TestD59PathsStayPlain reads files whose names have characters that are special in URLs.
func TestD59PathsStayPlain(t *testing.T) {
	dir := resolved(t, t.TempDir())
	for _, name := range []string{"sp ace/p.yml", "a%20b/p.yml", "q?/p.yml", "h#/p.yml", "c,d/p.yml", "ä/p.yml", "[x]/p.yml", "p+q&r=s/%.yml", `b\c/p.yml`} {
		write(t, filepath.Join(dir, name), "packages: ["+"x]\n")
		for _, text := range []string{name, "./" + name, filepath.Join(dir, name), fileURL(filepath.Join(dir, name))} {
			ref, err := Parse(text, dir)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			files, err := New(Options{}).Fetch(t.Context(), ref)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if got := files[0].Location(); got != filepath.Join(dir, name) {
				t.Errorf("%s: found at %q", text, got)
			}
		}
	}
}

// TestSymbolicLinksAreFollowed takes a project's name from the link and its location from
// the link's target.
func TestSymbolicLinksAreFollowed(t *testing.T) {
	dir := resolved(t, t.TempDir())
	write(t, filepath.Join(dir, "real", "deep", "file"), "")
	write(t, filepath.Join(dir, "real", "q.yml"), "")
	for link, to := range map[string]string{"p.yml": "real/deep/file", "l": "real/deep", "loop.yml": "loop.yml"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"./p.yml":    "real/deep/file",
		"l/../q.yml": "real/q.yml", // as the kernel finds it
		"./loop.yml": "loop.yml",
	} {
		ref, err := Parse(text, dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := ref.Location(); got != filepath.Join(dir, want) {
			t.Errorf("%s is at %s, want %s", text, got, want)
		}
	}
}

func TestD58OneProjectFromOneFile(t *testing.T) {
	for _, c := range []struct {
		list    []string
		names   []string
		files   []string
		wantErr string
	}{
		{list: []string{"x", "y"}, names: []string{"x", "y"}},
		{list: []string{"x", "x"}, names: []string{"x"}},
		{list: []string{"x", "other/x.yml"}, names: []string{"x"}, files: []string{"/base/other/x.yml"}},
		{list: []string{"other/x.yml", "x"}, names: []string{"x"}, files: []string{"/base/other/x.yml"}},
		{list: []string{"https://h/a.yml", "b", "c/d.yml"}, names: []string{"a", "b", "d"}, files: []string{"https://h/a.yml", "/base/c/d.yml"}},
		{list: []string{"https://h/a.yml", "HTTPS://h/a.yml#x"}, names: []string{"a"}, files: []string{"https://h/a.yml"}},
		{list: []string{"./a.yml", "x/../a.yml", "file:///base/a.yml"}, names: []string{"a"}, files: []string{"/base/a.yml"}},
		{
			list:    []string{"https://h/a.yml", "https://h/v2/a.yml"},
			wantErr: "Project https://h/v2/a.yml: project 'a' is already defined by https://h/a.yml",
		},
		{
			list:    []string{"./a.yml", "b/a.yml"},
			wantErr: "Project b/a.yml: project 'a' is already defined by ./a.yml",
		},
		{
			list:    []string{"https://h/a.yml?1", "https://h/a.yml?2"},
			wantErr: "already defined by https://h/a.yml?1",
		},
		{list: []string{"http://h/a.yml", "https://h/b"}, wantErr: "URI scheme\nProject https://h/b should"},
	} {
		names, refs, err := Replace(c.list, "/base")
		if c.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("%q: error %v, want one with %q", c.list, err, c.wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.list, err)
		}
		var files []string
		for _, r := range refs {
			files = append(files, r.Location())
		}
		if !slices.Equal(names, c.names) || !slices.Equal(files, c.files) {
			t.Errorf("%q: got %q from %q, want %q from %q", c.list, names, files, c.names, c.files)
		}
	}
}

// FuzzParse: an accepted reference has a printable name, is https or a local file, and
// parses to the same from its location.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"https://h/p.yml", "HTTPS://u:p@h:1/a%2Fb.yml?q=1#f", "file:///d/sp%20ace.yml", "d/p.yml",
		"/d/p.yml", "http://h/p.yml", "a/b://c.yml", "https://h/%zz.yml", "https://h/..yml", "../../p.yml", "https://h/%0a.yml",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := Parse(text, "/base")
		if err != nil {
			if text != "" && !strings.HasPrefix(err.Error(), "Project "+text) {
				t.Errorf("error %q does not begin with the reference", err)
			}
			return
		}
		if ref.Name == "" || strings.ContainsRune(ref.Name, '/') || strings.ContainsFunc(ref.Name, unicode.IsControl) {
			t.Errorf("project's name %q", ref.Name)
		}
		if ref.remote() && ref.url.Scheme != "https" || !ref.remote() && !filepath.IsAbs(ref.path) {
			t.Errorf("location %q", ref.Location())
		}
		if IsURL(ref.Location()) && !ref.remote() {
			return // a path that cannot stand without its "file://"
		}
		again, err := Parse(ref.Location(), "/base")
		if err != nil || again.Location() != ref.Location() || again.Name != ref.Name {
			t.Errorf("location %q reads as %q, %q: %v", ref.Location(), again.Location(), again.Name, err)
		}
	})
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// resolved returns dir without symbolic links; a temporary directory may have some in its
// path.
func resolved(t *testing.T, dir string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
