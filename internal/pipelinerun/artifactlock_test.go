// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"os"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// TestArtifactsOfTwoRuns: no run replaces artifacts that another run uses.
func TestArtifactsOfTwoRuns(t *testing.T) {
	making := func(name string) *jobrun.Job {
		return &jobrun.Job{Job: gitlabci.Job{Name: name, Artifacts: &gitlabci.Artifacts{}}}
	}
	a, b := making("a"), making("b")
	usesA := &jobrun.Job{Job: gitlabci.Job{Name: "u"}, ArtifactsFrom: []*jobrun.Job{a}}
	plain := &jobrun.Job{Job: gitlabci.Job{Name: "plain"}}
	checkouts, p, q := t.TempDir(), t.TempDir(), t.TempDir()
	for _, test := range []struct {
		name       string
		one, other []*jobrun.Job
		project    string
		checkouts  string // of the other run: two users have two directories
		want       string // job of the error
	}{
		{"same job", []*jobrun.Job{a}, []*jobrun.Job{plain, a}, p, checkouts, "a"},
		{"maker and user", []*jobrun.Job{a}, []*jobrun.Job{usesA}, p, checkouts, "a"},
		{"user and maker", []*jobrun.Job{usesA}, []*jobrun.Job{b, a}, p, checkouts, "a"},
		{"both use", []*jobrun.Job{usesA}, []*jobrun.Job{usesA}, p, checkouts, ""},
		{"one makes and uses", []*jobrun.Job{a, usesA}, []*jobrun.Job{b}, p, checkouts, ""},
		{"without artifacts", []*jobrun.Job{plain}, []*jobrun.Job{plain}, p, checkouts, ""},
		{"another user", []*jobrun.Job{a}, []*jobrun.Job{plain, a}, p, t.TempDir(), "a"},
		{"another user reads", []*jobrun.Job{a}, []*jobrun.Job{usesA}, p, t.TempDir(), "a"},
		{"two users read", []*jobrun.Job{usesA}, []*jobrun.Job{usesA}, p, t.TempDir(), ""},
		{"other tree", []*jobrun.Job{a}, []*jobrun.Job{a}, q, checkouts, ""},
	} {
		first, second := &Source{Project: p, artifacts: artifacts.In(p), checkouts: checkouts}, &Source{Project: test.project, artifacts: artifacts.In(test.project), checkouts: test.checkouts}
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

// TestLocksOfAnotherUser: in a directory that another user made, such as one in /tmp, no
// lock file is made, since a link can be in its place.
func TestLocksOfAnotherUser(t *testing.T) {
	project, checkouts := t.TempDir(), t.TempDir()
	if os.Getuid() != 0 { // cannot make one
		return
	}
	if err := os.Chown(checkouts, 4242, 4242); err != nil {
		t.Fatal(err)
	}
	var locks artifactLocks
	job := &jobrun.Job{Job: gitlabci.Job{Name: "a", Artifacts: &gitlabci.Artifacts{}}}
	err := locks.take(t.Context(), &Source{Project: project, artifacts: artifacts.In(project), checkouts: checkouts}, []*jobrun.Job{job})
	if err == nil || !strings.Contains(err.Error(), "belongs to somebody else") {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(checkouts); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}
