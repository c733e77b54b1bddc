// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"bytes"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/targets"
)

// wrappersDir contains symbolic links to ccache with the names of compilers.
const wrappersDir = "/usr/libexec/ccache-wrappers"

func nativeEnv(t targets.Target, p *targets.Packages) map[string]string {
	env := map[string]string{"LANG": "en_US.UTF-8"}
	for _, v := range []struct{ mapping, name, value string }{
		{"make", "MAKE", t.Paths.Make},
		{"meson", "NINJA", t.Paths.Ninja},
		{"python3", "PYTHON", t.Paths.Python},
		{"ccache", "CCACHE_WRAPPERSDIR", wrappersDir},
	} {
		if p.Has(v.mapping) {
			env[v.name] = v.value
		}
	}
	return env
}

func foreignEnv(t targets.Target, p *targets.Packages) map[string]string {
	abi := t.Cross.ABI()
	env := map[string]string{"ABI": abi}
	if p.Has("autoconf") {
		env["CONFIGURE_OPTS"] = "--host=" + abi
	}
	if p.Has("meson") {
		env["MESON_OPTS"] = "--cross-file=" + abi
		if t.Cross.IsWindows() {
			env["MESON_OPTS"] = "--cross-file=/usr/share/mingw/toolchain-" + string(t.Cross) + ".meson"
		}
	}
	if p.Has("rust") && t.Packaging.Format == "deb" {
		env["RUST_TARGET"] = t.Cross.Rust()
	}
	return env
}

// writeAssignments writes lines NAME="VALUE" without a final newline, sorted by name.
// The values need no escaping in double quotes.
func writeAssignments(b *bytes.Buffer, keyword string, env map[string]string) {
	for i, name := range slices.Sorted(maps.Keys(env)) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(keyword + name + `="` + env[name] + `"`)
	}
}
