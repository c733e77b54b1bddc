// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

func TestCoverageIn(t *testing.T) {
	for _, test := range []struct{ pattern, log, want string }{
		{`/Coverage: \d+\.\d+/`, "Coverage: 10.5\nCoverage: 93.25\nend\n", "93.25"},
		{`/Coverage: (\d+)%/`, "Coverage: 1%, Coverage: 2%\r\n", "2"},
		{`/(\w+): (\d+)/`, "lines: 80 functions: 70\n", "70"},
		{`/total.*?(\d+)?/`, "total\ntotal 5\n", ""},
		{`/COVERAGE/i`, "coverage none\n", ""},
		{`/nothing/`, "Coverage: 1\n", ""},
		{``, "1\n", ""},
		{`/\d+/`, "", ""},
		{`/a(/`, "a(1)", ""},
	} {
		job := Job{Coverage: test.pattern}
		if got := job.CoverageIn(test.log); got != test.want {
			t.Errorf("%s in %q: got %q, want %q", test.pattern, test.log, got, test.want)
		}
	}
}
