// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// TestArtifactsOfTwoRuns: no run replaces what another one uses.
func TestArtifactsOfTwoRuns(t *testing.T) {
	making := func(name string) *jobrun.Job {
		return &jobrun.Job{Job: gitlabci.Job{Name: name, Artifacts: &gitlabci.Artifacts{}}}
	}
	a, b := making("a"), making("b")
	usesA := &jobrun.Job{Job: gitlabci.Job{Name: "u"}, ArtifactsFrom: []*jobrun.Job{a}}
	plain := &jobrun.Job{Job: gitlabci.Job{Name: "plain"}}
	checkouts := t.TempDir()
	for _, test := range []struct {
		name       string
		one, other []*jobrun.Job
		project    string
		want       string // job of the error
	}{
		{"same job", []*jobrun.Job{a}, []*jobrun.Job{plain, a}, "/p", "a"},
		{"maker and user", []*jobrun.Job{a}, []*jobrun.Job{usesA}, "/p", "a"},
		{"user and maker", []*jobrun.Job{usesA}, []*jobrun.Job{b, a}, "/p", "a"},
		{"both use", []*jobrun.Job{usesA}, []*jobrun.Job{usesA}, "/p", ""},
		{"one makes and uses", []*jobrun.Job{a, usesA}, []*jobrun.Job{b}, "/p", ""},
		{"without artifacts", []*jobrun.Job{plain}, []*jobrun.Job{plain}, "/p", ""},
		{"other tree", []*jobrun.Job{a}, []*jobrun.Job{a}, "/q", ""},
	} {
		first, second := &Source{Project: "/p", checkouts: checkouts}, &Source{Project: test.project, checkouts: checkouts}
		var one, other artifactLocks
		if err := one.take(t.Context(), first, test.one); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if err := one.take(t.Context(), first, test.one); err != nil { // as a child pipeline does
			t.Errorf("%s: the same run again: %v", test.name, err)
		}
		ctx, stop := context.WithCancel(t.Context())
		second.messages.Infof = func(string, ...any) { stop() } // it would wait
		err := other.take(ctx, second, test.other)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), `"`+test.want+`"`) {
			t.Errorf("%s: %v", test.name, err)
		}
		stop()
		if test.want != "" {
			second.messages.Infof = func(string, ...any) { one.release() }
			if err := other.take(t.Context(), second, test.other); err != nil {
				t.Errorf("%s: after the end of the first: %v", test.name, err)
			}
		}
		one.release()
		other.release()
		for _, s := range []*Source{first, second} {
			var after artifactLocks
			if err := after.take(t.Context(), s, []*jobrun.Job{a, b}); err != nil {
				t.Errorf("%s: not free afterwards: %v", test.name, err)
			}
			after.release()
		}
	}
}
