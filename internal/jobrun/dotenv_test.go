// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

func TestReadDotenv(t *testing.T) {
	var random, many strings.Builder
	fmt.Fprintf(&random, "A=")
	for n := range 5000 {
		fmt.Fprintf(&random, "%x", sha256.Sum256([]byte{byte(n), byte(n >> 8)}))
	}
	for n := range 151 {
		fmt.Fprintf(&many, "A%d=1\n", n)
	}
	for text, want := range map[string]map[string]string{
		"A=1\nB=2\n":                    {"A": "1", "B": "2"},
		"A=\n":                          {"A": ""},
		"Q=\"a b\"\n":                   {"Q": `"a b"`}, // GitLab keeps the quotes
		" A = x y \r\n":                 {"A": "x y"},
		"A=b=c":                         {"A": "b=c"},
		"no\n":                          nil,
		"# comment\nA=1\n":              nil,
		"A=1\n\nB=2\n":                  nil,
		"A-B=1\n":                       nil,
		"":                              {},
		"\ufeffA=1\n":                   {"A": "1"},
		"A=1\n\ufeffB=1\n":              nil,
		strings.Repeat("N", 255) + "=1": {strings.Repeat("N", 255): "1"},
		strings.Repeat("N", 256) + "=1": nil,
		strings.Repeat("A=1\n", 5000):   {"A": "1"}, // what GitLab stores is compressed
		random.String():                 nil,        // larger than GitLab takes
		many.String():                   nil,        // more than GitLab takes
	} {
		dir, err := safefs.OpenDir(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		if err := dir.CreateFile("file", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err = readDotenv(dir, []string{"file"}, got)
		if (err != nil) != (want == nil) || !maps.Equal(got, want) && want != nil || want == nil && len(got) > 0 {
			t.Errorf("%.40q: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestRetries(t *testing.T) {
	failed := outcome.Result{State: outcome.Failed, Code: 3}
	for _, test := range []struct {
		retry  gitlabci.Retry
		result outcome.Result
		want   bool
	}{
		{gitlabci.Retry{Max: 1}, failed, true},
		{gitlabci.Retry{Max: 1}, outcome.Result{State: outcome.Passed}, false},
		{gitlabci.Retry{Max: 1}, outcome.Result{State: outcome.Stopped}, false},
		{gitlabci.Retry{Max: 1, When: []string{"script_failure"}}, failed, true},
		{gitlabci.Retry{Max: 1, When: []string{"runner_system_failure"}}, failed, false},
		{gitlabci.Retry{Max: 1, When: []string{"runner_system_failure"}}, outcome.Result{State: outcome.NoImage}, true},
		{gitlabci.Retry{Max: 1, When: []string{"image_pull_failure"}}, outcome.Result{State: outcome.NoImage}, true},
		{gitlabci.Retry{Max: 1, When: []string{"script_failure", "runner_external_dependency_failure"}}, outcome.Result{State: outcome.NoImage}, true},
		{gitlabci.Retry{Max: 1, When: []string{"image_pull_failure"}}, outcome.Result{State: outcome.EngineError}, false},
		{gitlabci.Retry{Max: 1, When: []string{"job_execution_timeout"}}, outcome.Result{State: outcome.TimedOut}, true},
		{gitlabci.Retry{Max: 1, ExitCodes: []int{3}}, failed, true},
		{gitlabci.Retry{Max: 1, ExitCodes: []int{4}}, failed, false},
		{gitlabci.Retry{Max: 1, ExitCodes: []int{1}}, outcome.Result{State: outcome.Failed}, true}, // its results cannot be stored
		{gitlabci.Retry{Max: 1, ExitCodes: []int{0}}, outcome.Result{State: outcome.Failed}, false},
		{gitlabci.Retry{Max: 1, ExitCodes: []int{4}, When: []string{"always"}}, failed, true},
	} {
		if got := retries(test.retry, test.result); got != test.want {
			t.Errorf("%+v, %s: got %v", test.retry, test.result.Text(), got)
		}
	}
}

func TestAbsolutePathsOfArtifacts(t *testing.T) {
	set := newFileSet([]string{"/builds/a/b/out", "/builds/a/b", "/etc/passwd"}, []string{"/builds/a/b/out/*.key"}, "/builds/a/b")
	for file, want := range map[string]bool{"out/x": true, "out/x.key": false, "other": true} {
		if set.has(file) != want {
			t.Errorf("%s: got %v", file, !want)
		}
	}
	if other := newFileSet([]string{"/builds/a/bc/out"}, nil, "/builds/a/b"); len(other.paths) > 0 {
		t.Errorf("got %q", other.paths)
	}
}

func TestUntrackedFiles(t *testing.T) {
	set := newFileSet(nil, []string{"*.o"})
	set.tracked = map[string]bool{"a.c": true}
	for file, want := range map[string]bool{"a.c": false, "b.c": true, "b.o": false, "dir/new": true, ".git/config": false} {
		if set.has(file) != want {
			t.Errorf("%s: got %v", file, !want)
		}
	}
}
