// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import "testing"

func TestFirstFailingLine(t *testing.T) {
	for _, line := range []string{
		"src/x.c:12:3: error: unknown type name 'foo'", "cc1: fatal error: x.h: No such file or directory",
		"meson.build:3:0: ERROR: Dependency \"zlib\" not found", "make: *** [Makefile:2: all] Error 1",
		"FAILED: src/a.o", "1/3 greet  FAIL  0.05s", "FAIL: test-greet", "not ok 3 - adds", "Traceback (most recent call last):",
		"E: Unable to locate package nosuch", "./build.sh: line 3: meson: command not found", "sh: meson: not found",
		"/usr/bin/ld: x.o: undefined reference to `greet'", "Segmentation fault (core dumped)", "fatal: not a git repository",
		"error[E0425]: cannot find value", "--- FAIL: TestX (0.00s)", "2/9 slow TIMEOUT 30.01s",
		"PANIC: no memory", "make: *** No rule to make target 'x'.  Stop.", "Aborted", "Out of Memory", "Killed", "(core dumped)", "x: Permission denied",
	} {
		if !isErrorLine(line) {
			t.Errorf("overlooked: %s", line)
		}
	}
	for _, line := range []string{
		"cc -Werror -c x.c", "# FAIL:  0", "Fail:               0", "0 errors, 0 warnings", "Timeout:            0", "XFAIL: test-old",
		"checking for error.h... yes", "Compiling error.c", "ok 3 - reports an error", "ninja: no work to do.", "Expected Fail:      0", "errors: 0",
		"terror: a story", "checking whether failure is an option",
	} {
		if isErrorLine(line) {
			t.Errorf("taken for a failure: %s", line)
		}
	}
	var f FailingLine
	if f.Text() != "" {
		t.Errorf("of nothing: %q", f.Text())
	}
	for _, line := range []string{"fine", "  last words ", ""} {
		f.See(line)
	}
	if f.Text() != "last words" {
		t.Errorf("without a telling line: %q", f.Text())
	}
	for _, line := range []string{"E: first", "E: second", "end"} {
		f.See(line)
	}
	if f.Text() != "E: first" {
		t.Errorf("of two: %q", f.Text())
	}
	for _, test := range []struct{ want, first, second, third string }{
		{"x.c:1:1: error: no", "FAILED: x.o", "x.c:1:1: error: no", "FAILED: y.o"},
		{"FAILED: x.o", "FAILED: x.o", "cc -c x.c", "FAILED: y.o"},
		{"x.c:1:1: error: no", "x.c:1:1: error: no", "FAILED: x.o", "y.c:1:1: error: no"},
	} {
		f = FailingLine{}
		f.See(test.first)
		f.See(test.second)
		f.See(test.third)
		if f.Text() != test.want {
			t.Errorf("announced: %q, want %q", f.Text(), test.want)
		}
	}
	f = FailingLine{last: "of the script", closed: true}
	f.See("E: of what ran after it")
	if f.Text() != "of the script" {
		t.Errorf("of what came later: %q", f.Text())
	}
}
