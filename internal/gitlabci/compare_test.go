// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

// TestCompareTo: compare_to is looked up in the repository. Files that the user names stand
// for any comparison, and the pipeline's own branch or tag has no changes.
func TestCompareTo(t *testing.T) {
	since := func(revision string) []string {
		return map[string][]string{"main": {"src/a.c"}, "refs/heads/v9": {"docs/b"}, "old": {}}[revision]
	}
	push, tag := Event{Source: Push, Branch: "topic"}, Event{Source: Push, Tag: "v1"}
	for _, c := range []struct {
		rule    string
		event   Event
		since   func(string) []string
		want    string
		unknown bool
	}{
		{"paths: [src/*], compare_to: main", push, since, OnSuccess, false},
		{"paths: [docs/*], compare_to: main", push, since, Never, false},
		{"paths: [docs/*], compare_to: refs/heads/v$N", push, since, OnSuccess, false},
		{"paths: [docs/*], compare_to: $NESTED", push, since, OnSuccess, false},
		{"paths: ['**/*'], compare_to: old", push, since, Never, false},
		{"paths: [docs/*], compare_to: nowhere", push, since, OnSuccess, true},
		{"paths: [docs/*], compare_to: main", push, nil, OnSuccess, true},
		{"regexp: '^src', compare_to: main", push, since, OnSuccess, false},
		{"regexp: '^docs', compare_to: main", tag, since, Never, false},
		{"paths: [docs/*], compare_to: main", Event{Source: MergeRequest}, since, Never, false},
		{"paths: [docs/*], compare_to: main", Event{Source: Schedule, Branch: "topic"}, since, Never, false},
		{"paths: [src/*], compare_to: main", Event{Source: Push}, since, Never, false},
		{"paths: [docs/*], compare_to: refs/heads/topic", push, since, Never, false},
		{"paths: [docs/*], compare_to: refs/tags/v1", tag, since, Never, false},
		{"paths: [docs/*], compare_to: refs/heads/v1", tag, since, OnSuccess, true},
		{"paths: [docs/*], compare_to: main", Event{Source: Push, Branch: "topic", Changed: []string{"docs/x"}}, since, OnSuccess, false},
		{"paths: [src/*]", push, since, OnSuccess, true},
	} {
		tree := files(map[string]string{"": "variables: {N: 9, NESTED: refs/heads/v$N}\nj: {script: [x], rules: [{changes: {" + c.rule + "}}]}\ninclude: [{local: a.yml, rules: [{changes: {paths: [docs/*], compare_to: main}}]}]\n", "a.yml": "k: {script: [x]}\n"})
		p, err := Load(tree, ".gitlab-ci.yml", Options{ChangedSince: c.since})
		if err != nil {
			t.Fatal(err)
		}
		e := p.Evaluate(c.event)
		if got := e.Jobs[0].When; got != c.want || e.UnknownChanges != c.unknown {
			t.Errorf("%s of %+v: %s, unknown %v", c.rule, c.event, got, e.UnknownChanges)
		}
		if included := len(e.Jobs) > 1; included != (c.since == nil || c.event.Changed != nil) {
			t.Errorf("%s of %+v: the include is read: %v", c.rule, c.event, included)
		}
	}
}

// TestEventsWithoutChanges: changes matches in pipelines that GitLab does not compare with an
// earlier commit, whatever files the user names, and nothing about them is open.
func TestEventsWithoutChanges(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  string
		open  bool // without files
	}{
		{Event{Source: Push}, Never, true}, {Event{Source: MergeRequest}, Never, true}, {Event{Source: Push, Child: true}, Never, true}, {Event{Source: Parent}, Never, true},
		{Event{Source: Push, Tag: "v1"}, OnSuccess, false}, {Event{Source: Schedule}, OnSuccess, false}, {Event{Source: Web}, OnSuccess, false},
		{Event{Source: API}, OnSuccess, false}, {Event{Source: Trigger, Child: true}, OnSuccess, false},
	} {
		for _, text := range []string{"j: {script: [x], rules: [{changes: [docs/*]}]}", "j: {script: [x], only: {refs: [branches, tags, merge_requests], changes: [docs/*]}}"} {
			event := c.event
			event.Changed = []string{"src/a"}
			e, err := evaluate(files(map[string]string{"": text}), event)
			if err != nil || e.Jobs[0].When != c.want || e.UnknownChanges {
				t.Errorf("%s of %+v: %v, %s", text, event, err, e.Jobs[0].When)
			}
			e, err = evaluate(files(map[string]string{"": text}), c.event)
			if err != nil || e.Jobs[0].When != OnSuccess || e.UnknownChanges != c.open {
				t.Errorf("%s of %+v without files: %v, %s, unknown %v", text, c.event, err, e.Jobs[0].When, e.UnknownChanges)
			}
		}
	}
}

// TestChangesWithoutPipeline: which files changed does not matter to jobs that do not exist, but
// to the workflow that leaves them out.
func TestChangesWithoutPipeline(t *testing.T) {
	for text, want := range map[string]bool{
		"workflow: {rules: [{when: never}]}\nj: {script: [x], rules: [{changes: [a]}]}":                            false,
		"workflow: {rules: [{changes: [a], when: never}, {when: always}]}\nj: {script: [x]}":                       true,
		"workflow: {rules: [{when: always}]}\nj: {script: [x], rules: [{changes: [a]}]}":                           true,
		"include: [{local: b.yml, rules: [{changes: [a]}]}]\nworkflow: {rules: [{when: never}]}\nj: {script: [x]}": true,
	} {
		e, err := evaluate(files(map[string]string{"": text, "b.yml": "k: {script: [x]}\n"}), Event{Source: Push})
		if err != nil || e.UnknownChanges != want {
			t.Errorf("%s: %v, unknown %v", text, err, e.UnknownChanges)
		}
	}
}
