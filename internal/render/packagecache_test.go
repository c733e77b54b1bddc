// SPDX-License-Identifier: GPL-2.0-or-later

package render_test

import (
	"bytes"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/render"
)

func TestWithPackageCache(t *testing.T) {
	for _, c := range []struct {
		r    rendering
		runs int // that the cache is mounted in; 0 if there is no way
	}{
		{rendering{target: "debian-12", needs: "make pip-a cpan-a"}, 1},
		{rendering{target: "ubuntu-2404", needs: "make"}, 1},
		{rendering{target: "debian-12", cross: "s390x", needs: "gcc foreign-one"}, 2},
		{rendering{target: "fedora-44", needs: "make"}, 0},
		{rendering{target: "alpine-323", needs: "make"}, 0},
	} {
		target, packages := c.r.resolve(t)
		body := c.r.dockerfile(t)
		cached, err := render.Dockerfile(target, packages, render.DockerfileOptions{PackageCache: true})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(cached.Text, body) {
			t.Errorf("%s: a cache changes the text:\n%s", target, cached.Text)
		}
		changed, ok := cached.Recipe, cached.Recipe != nil
		if ok != (c.runs > 0) {
			t.Errorf("%s: %v", target, ok)
			continue
		}
		lines := "RUN --mount=type=cache,id=lcitool-" + target.Name + `,target=/var/cache/lcitool \
    exec 9> /var/cache/lcitool/lock && \
    flock 9 && \
    mkdir -p /var/cache/lcitool/archives/partial && \
    printf 'Dir::Cache::archives "/var/cache/lcitool/archives";\nAPT::Sandbox::User "root";\n' > /var/cache/lcitool/apt.conf && \
    export APT_CONFIG=/var/cache/lcitool/apt.conf && \
    `
		if bytes.Count(changed, []byte(lines)) != c.runs {
			t.Errorf("%s: got\n%s", target, changed)
		}
		if back := bytes.ReplaceAll(changed, []byte(lines), []byte("RUN ")); ok && !bytes.Equal(back, body) {
			t.Errorf("%s: something else changed:\n%s", target, changed)
		}
	}
}
