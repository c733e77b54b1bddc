// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

func TestMatchName(t *testing.T) {
	for _, test := range []struct {
		pattern        string
		names          []string
		matched, exact bool
	}{
		{"build", []string{"build"}, true, true},
		{"build", []string{"build 1/3", "build"}, true, true},
		{"b?ild", []string{"build 1/3", "build"}, true, false},
		{"*debian*", []string{"x86_64-debian-13"}, true, false},
		{"test*", []string{"test/all/of it"}, true, false},
		{"*/all", []string{"test/all"}, true, false},
		{"test: *", []string{"test: [gcc, 1/2]"}, true, false},
		{"a[b", []string{"a[b"}, true, true},
		{"a[b", []string{"ab"}, false, false},
		{"", []string{"x"}, false, false},
		{"x", nil, false, false},
	} {
		if matched, exact := MatchName(test.pattern, test.names...); matched != test.matched || exact != test.exact {
			t.Errorf("%q of %q: %v, %v", test.pattern, test.names, matched, exact)
		}
	}
}
