// SPDX-License-Identifier: GPL-2.0-or-later

package render_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/strictyaml"
	"gitlab.com/lcitool/lcitool/targets"
)

// ownMappings extend the built-in facts with cases that no built-in project has.
const ownMappings = `
mappings:
  dropped: {default: }
  odd-blank: {default: two words}
  odd-quote: {default: "it's"}
  odd-shell: {default: '$(id)'}
  foreign-odd: {default: 'a b', cross-policy-default: foreign}
  foreign-one: {default: one-dev, cross-policy-default: foreign}
  foreign-two: {default: two-dev, cross-policy-default: foreign}
  pip-by-null: {default: pip-by-null, DebianSid: }
  nothing: {default: }
pypi_mappings:
  pip-a: {default: meson==0.56.0}
  pip-b: {default: 'foo>=1'}
  pip-by-null: {default: by-null}
cpan_mappings:
  cpan-a: {default: 'Archive::Tar'}
  cpan-b: {default: 'App::x y'}
`

type rendering struct {
	target, host, cross string
	needs               string // mappings, between blanks
	base                string
	layers              render.Layers
}

func (r rendering) resolve(tb testing.TB) (targets.Target, *targets.Packages) {
	tb.Helper()
	project := "packages: [" + strings.Join(strings.Fields(r.needs), ", ") + "]\n"
	own := facts.Layer{Name: "own", FS: fstest.MapFS{
		"mappings.yml":       {Data: []byte(ownMappings)},
		"projects/p.yml":     {Data: []byte(project)},
		"projects/empty.yml": {Data: []byte("packages: []\n")},
	}}
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{own, facts.BuiltIn()}})
	if err != nil {
		tb.Fatal(err)
	}
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		tb.Fatal(err)
	}
	release, err := catalogue.Release(r.target)
	if err != nil {
		tb.Fatal(err)
	}
	if r.host == "" {
		r.host = "x86_64"
	}
	t, err := release.For(targets.Arch(r.host), targets.Arch(r.cross))
	if err != nil {
		tb.Fatal(err)
	}
	packages, err := targets.Select(set, t, []string{"p"})
	if err != nil {
		tb.Fatal(err)
	}
	return t, packages
}

func (r rendering) dockerfile(tb testing.TB) []byte {
	tb.Helper()
	return r.body(tb).Text
}

func (r rendering) body(tb testing.TB) render.Body {
	tb.Helper()
	t, packages := r.resolve(tb)
	body, err := render.Dockerfile(t, packages, render.DockerfileOptions{Base: r.base, Layers: r.layers, Delta: true})
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// TestDockerfiles compares bodies with reviewed golden files.
func TestDockerfiles(t *testing.T) {
	got := map[string][]byte{}
	for name, r := range map[string]rendering{
		"apk":                  {target: "alpine-323", needs: "make"},
		"apk-pip":              {target: "alpine-323", needs: "pip-a"},
		"apk-pip-two":          {target: "alpine-323", needs: "pip-a pip-b"},
		"apk-host-s390x":       {target: "alpine-edge", host: "s390x", needs: "xen gcc"},
		"deb":                  {target: "debian-12", needs: "make meson python3"},
		"deb-host-s390x":       {target: "debian-12", host: "s390x", needs: "xen libpmem gcc"},
		"deb-pip":              {target: "debian-12", needs: "pip-a"},
		"deb-pip-two":          {target: "debian-12", needs: "pip-a pip-b"},
		"deb-pip-by-null":      {target: "debian-sid", needs: "pip-by-null"},
		"deb-cpan":             {target: "debian-13", needs: "cpan-a"},
		"deb-cpan-two":         {target: "debian-13", needs: "cpan-a cpan-b pip-a"},
		"deb-odd-one":          {target: "ubuntu-2604", needs: "odd-shell"},
		"deb-odd-several":      {target: "ubuntu-2404", needs: "odd-blank odd-quote odd-shell make"},
		"deb-cross":            {target: "debian-12", cross: "s390x", needs: "gcc ccache foreign-one foreign-two meson"},
		"deb-cross-one":        {target: "debian-12", cross: "aarch64", needs: "foreign-odd"},
		"deb-cross-none":       {target: "debian-12", cross: "armv6l", needs: "make"},
		"deb-cross-host":       {target: "debian-13", host: "aarch64", cross: "x86_64", needs: "gcc g++ foreign-one"},
		"deb-cross-rust":       {target: "debian-13", cross: "riscv64", needs: "rust autoconf gcc ccache"},
		"deb-cross-big":        {target: "debian-12", cross: "mips", needs: "gcc"},
		"deb-cross-native":     {target: "debian-12", cross: "s390x", needs: "gcc ccache foreign-one", layers: render.NativeLayers},
		"deb-cross-foreign":    {target: "debian-12", cross: "s390x", needs: "gcc ccache foreign-one", layers: render.ForeignLayer},
		"deb-native":           {target: "debian-12", needs: "make", layers: render.NativeLayers},
		"deb-foreign":          {target: "debian-12", needs: "make", layers: render.ForeignLayer},
		"deb-base":             {target: "debian-12", needs: "make", base: "localhost:5000/x/debian@sha256:00"},
		"rpm-fedora":           {target: "fedora-44", needs: "make pip-a"},
		"rpm-fedora-pip-two":   {target: "fedora-44", needs: "make pip-a pip-b"},
		"rpm-fedora-rawhide":   {target: "fedora-rawhide", needs: "make"},
		"rpm-mingw32":          {target: "fedora-44", cross: "mingw32", needs: "meson autoconf glib2 gcc ccache"},
		"rpm-mingw64":          {target: "fedora-rawhide", cross: "mingw64", needs: "meson glib2"},
		"rpm-mingw64-none":     {target: "fedora-44", cross: "mingw64", needs: "make"},
		"rpm-almalinux-9":      {target: "almalinux-9", needs: "make"},
		"rpm-almalinux-10":     {target: "almalinux-10", needs: "make pip-a"},
		"rpm-centos-stream-9":  {target: "centos-stream-9", needs: "make"},
		"rpm-centos-stream-10": {target: "centos-stream-10", needs: "make cpan-a"},
		"rpm-leap-15":          {target: "opensuse-leap-15", needs: "make"},
		"rpm-leap-16":          {target: "opensuse-leap-16", needs: "make"},
		"rpm-tumbleweed":       {target: "opensuse-tumbleweed", needs: "make"},
		"ccache-gcc":           {target: "alpine-323", needs: "ccache gcc"},
		"ccache-clang":         {target: "alpine-323", needs: "ccache clang"},
		"ccache-g++":           {target: "alpine-323", needs: "ccache g++"},
		"ccache-all":           {target: "alpine-323", needs: "ccache gcc clang g++"},
		"ccache-none":          {target: "alpine-323", needs: "ccache"},
	} {
		got[name+".Dockerfile"] = r.dockerfile(t)
	}
	golden.Tree(t, filepath.Join("testdata", "dockerfiles"), got)
}

func TestBuildEnvScripts(t *testing.T) {
	got := map[string][]byte{}
	for name, r := range map[string]rendering{
		"apk":       {target: "alpine-323", needs: "make pip-a pip-b"},
		"deb":       {target: "debian-12", needs: "make cpan-a odd-quote"},
		"deb-cross": {target: "debian-12", cross: "ppc64le", needs: "gcc ccache foreign-one"},
		"fedora":    {target: "fedora-44", needs: "make"},
		"rawhide":   {target: "fedora-rawhide", cross: "mingw32", needs: "make"},
		"centos":    {target: "centos-stream-9", needs: "make"},
		"opensuse":  {target: "opensuse-leap-15", needs: "make"},
	} {
		tgt, packages := r.resolve(t)
		body, err := render.BuildEnvScript(tgt, packages)
		if err != nil {
			t.Fatal(err)
		}
		got[name+".sh"] = body
	}
	golden.Tree(t, filepath.Join("testdata", "scripts"), got)
}

func TestVariables(t *testing.T) {
	got := map[string][]byte{}
	for name, r := range map[string]rendering{
		"freebsd":   {target: "freebsd-14", needs: "make odd-quote pip-a"},
		"openbsd":   {target: "openbsd-78", needs: "make cpan-a"},
		"macos":     {target: "macos-14", host: "aarch64", needs: "make"},
		"deb-cross": {target: "debian-12", cross: "s390x", needs: "rust gcc foreign-one"},
		"mingw":     {target: "fedora-44", cross: "mingw64", needs: "rust glib2"},
	} {
		tgt, packages := r.resolve(t)
		for _, format := range []render.VariablesFormat{render.ShellVariables, render.JSONVariables, render.YAMLVariables} {
			body, err := render.Variables(tgt, packages, format)
			if err != nil {
				t.Fatal(err)
			}
			got[name+"."+string(format)] = body
			if format == render.YAMLVariables {
				checkYAML(t, packages, body)
			}
		}
	}
	golden.Tree(t, filepath.Join("testdata", "variables"), got)
}

// checkYAML reads packages back with another parser.
func checkYAML(t *testing.T, p *targets.Packages, body []byte) {
	t.Helper()
	got := map[string][]string{}
	if err := strictyaml.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	if want := slices.Sorted(slices.Values(slices.Concat(p.Native, p.Foreign))); !slices.Equal(slices.Sorted(slices.Values(got["packages"])), want) {
		t.Errorf("packages are %q, want %q", got["packages"], want)
	}
	if !slices.Equal(got["pypi_packages"], p.PyPI) || !slices.Equal(got["cpan_packages"], p.CPAN) {
		t.Errorf("got %q, want %q and %q", got, p.PyPI, p.CPAN)
	}
}

func dockerfileText(t targets.Target, p *targets.Packages) ([]byte, error) {
	body, err := render.Dockerfile(t, p, render.DockerfileOptions{})
	return body.Text, err
}

func TestRefusals(t *testing.T) {
	deb, packages := rendering{target: "debian-12", needs: "make"}.resolve(t)
	bsd, bsdPackages := rendering{target: "freebsd-14", needs: "odd-blank"}.resolve(t)
	noBase := deb
	noBase.Containers = nil
	for _, c := range []struct {
		name string
		call func() ([]byte, error)
		want string
	}{
		{"Dockerfile", func() ([]byte, error) { return dockerfileText(bsd, bsdPackages) }, "Target freebsd-14 doesn't support this generator"},
		{"script", func() ([]byte, error) { return render.BuildEnvScript(bsd, bsdPackages) }, "Target freebsd-14 doesn't support this generator"},
		{"no base", func() ([]byte, error) { return dockerfileText(noBase, packages) }, "cannot start from an image: target debian-12 has no containers.base"},
		{"blank in a shell list", func() ([]byte, error) { return render.Variables(bsd, bsdPackages, render.ShellVariables) }, `package name "two words" has a blank in it and cannot stand in a shell list`},
		{"format", func() ([]byte, error) { return render.Variables(deb, packages, "xml") }, `unknown format "xml" of variables`},
	} {
		if body, err := c.call(); err == nil || err.Error() != c.want || body != nil {
			t.Errorf("%s: %q, %v", c.name, body, err)
		}
	}
	for _, base := range []string{"a b", "a\nRUN id", "--platform=x", "$X", "a#b", "'a'", "a\u00a0b", "a\\", "`id`", "-"} {
		if body, err := render.Dockerfile(deb, packages, render.DockerfileOptions{Base: base}); err == nil {
			t.Errorf("%q: %q", base, body.Text)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"dockerfile", "--base", "a:b", "debian-12", "libvirt,qemu+dist"}, "dockerfile --base a:b debian-12 libvirt,qemu+dist"},
		{[]string{"variables", "x", "*"}, "variables x '*'"},
		{[]string{"dockerfile", "--base", "a:1@sha256:0f", "x", "https://me:pw@h/p.yml,https://h/q.yml?private_token=pw"}, "dockerfile --base a:1@sha256:0f x 'https://[hidden]@h/p.yml,https://h/q.yml?private_token=[hidden]'"},
		{[]string{"variables", "", "it's", "$(id)", "a b"}, `variables '' 'it'"'"'s' '$(id)' 'a b'`},
	} {
		got, err := render.Header(c.args)
		if want := "# THIS FILE WAS AUTO-GENERATED\n#\n#  $ lcitool " + c.want + "\n#\n# https://gitlab.com/lcitool/lcitool\n\n"; err != nil || got != want {
			t.Errorf("%q: %q, %v", c.args, got, err)
		}
	}
	for _, bad := range []string{"a\nRUN evil", "a\r", "\x00", "a\x1b", "a\u2028b", "a\u0085b"} {
		if got, err := render.Header([]string{"x", bad}); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}
