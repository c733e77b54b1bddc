// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"fmt"
	"strings"
	"testing"
)

func TestMentions(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"x.c:1:10: fatal error: zlib.h: No such file or directory", "header zlib.h"},
		{"x.c:1:10: fatal error: 'libxml/parser.h' file not found", "header libxml/parser.h"},
		{`meson.build:7:0: ERROR: C header 'x' not found`, ""},
		{"/usr/include/glib-2.0/glib/gmacros.h:801:46: error: expected ')' before", "header /usr/include/glib-2.0/glib/gmacros.h"},
		{"/tmp/cc.o: in function `main': x.c:(.text+0xa): undefined reference to `deflateInit2_'", "symbol deflateInit2_"},
		{"ld.lld: error: undefined symbol: xmlFree", "symbol xmlFree"},
		{"./a: symbol lookup error: ./a: undefined symbol: json_object_get, version LIBJANSSON_2.0", "symbol json_object_get"},
		{"/usr/bin/ld: x.o: undefined reference to symbol 'pow@@GLIBC_2.29'", "symbol pow"},
		{"x.c:4:2: error: implicit declaration of function ‘xmlFoo’; did you mean ‘xmlFree’? [-Werror]", "function xmlFoo"},
		{"x.c:4:2: error: call to undeclared function 'xmlFoo'; ISO C99", "function xmlFoo"},
		{"x.c:4:2: error: too few arguments to function ‘g_new’", "function g_new"},
		{"x.c:4:2: error: ‘VIR_FOO’ undeclared (first use in this function)", "function VIR_FOO"},
		{"x.c:1:1: error: unknown type name 'gboolean'", "function gboolean"},
		{"x.c:9:2: error: passing argument 1 of ‘xmlSetErr’ from incompatible pointer type", "function xmlSetErr"},
		{"x.c:9:2: error: ‘g_memdup’ is deprecated [-Werror=deprecated-declarations]", "function g_memdup"},
		{"sh: 1: xsltproc: not found", "tool xsltproc"},
		{"./x.sh: line 3: rpcgen: command not found", "tool rpcgen"},
		{"./x.sh: 3: rpcgen: not found", "tool rpcgen"},
		{"/usr/bin/env: ‘python3’: No such file or directory", "tool python3"},
		{"meson.build:3:0: ERROR: Program 'rst2html5 rst2html' not found or not executable", "tool rst2html5"},
		{"meson.build:3:0: ERROR: Program 'xsltproc' not found or not executable", "tool xsltproc"},
		{"make: /usr/bin/msgfmt: No such file or directory", "tool msgfmt"},
		{"meson.build:5:0: ERROR: Dependency \"libnl-3.0\" not found, tried pkgconfig", "pkg-config module libnl-3.0"},
		{"Package 'glib-2.0', required by 'virtual:world', not found", "pkg-config module glib-2.0"},
		{"No package 'libxml-2.0' found", "pkg-config module libxml-2.0"},
		{"configure: error: Package requirements (gnutls >= 3.6) were not met:", "pkg-config module gnutls"},
		{"meson.build:9:0: ERROR: Dependency lookup for glib-2.0 with method 'pkgconfig' failed: Invalid version, need 'glib-2.0' ['>= 2.66'] found '2.56'.", "pkg-config module glib-2.0"},
		{"/usr/bin/ld: cannot find -lz: No such file or directory", "library z"},
		{"./a: error while loading shared libraries: libjansson.so.4: cannot open shared object file", "library jansson"},
		{"ModuleNotFoundError: No module named 'yaml.nodes'", "Python module yaml"},
		{"Can't locate JSON/XS.pm in @INC (you may need to install", "Perl module JSON/XS.pm"},
		{"1/2 sums FAIL 0.3s", ""},
		{"", ""},
		{"fatal error: \x1b[2J\u202e: No such file", "header \x1b[2J\u202e"}, // shown safely by WriteText
	} {
		var got []string
		for _, m := range Mentions(test.line) {
			got = append(got, fmt.Sprintf("%s %s", m.Kind, m.Name))
		}
		if s := strings.Join(got, ", "); s != test.want {
			t.Errorf("%q: %q, want %q", test.line, s, test.want)
		}
	}
}
