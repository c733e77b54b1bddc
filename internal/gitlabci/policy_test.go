// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

// TestPolicies: one value of a list must match. All keys of only must match, and one key of
// except is enough.
func TestPolicies(t *testing.T) {
	push := Event{Source: Push, Branch: "main", Changed: []string{"src/a.c"}}
	tag := Event{Source: Push, Tag: "v1"}
	merge := Event{Source: MergeRequest, Branch: "topic", TargetBranch: "main"}
	for name, c := range map[string]struct {
		policy string
		event  Event
		want   bool
	}{
		"first ref":                {"only: [main, other]", push, true},
		"last ref":                 {"only: [other, main]", push, true},
		"no ref":                   {"only: [other, tags]", push, false},
		"source":                   {"only: [pushes]", push, true},
		"pattern":                  {"only: [/^ma/]", push, true},
		"pattern of a project":     {"only: [/^ma/@fork/project]", push, true},
		"pattern of another":       {"only: [/^ma/@other/project]", push, false},
		"except project's pattern": {"except: [/^ma/@fork/project]", push, false},
		"only of nothing":          {"only: []", push, false},
		"only refs of nothing":     {"only: {refs: []}", push, false},
		"except of nothing":        {"except: []", push, true},
		"pattern of a tag":         {"only: [/^v/]", tag, true},
		"tag":                      {"only: [tags]", tag, true},
		"branches of a tag":        {"only: [branches]", tag, false},
		"merge request":            {"only: [merge_requests]", merge, true},
		"no merge request":         {"only: [branches]", merge, false},
		"name of its branch":       {"only: [topic]", merge, false},
		"first variable":           {"only: {variables: [$SET, $UNSET]}", push, true},
		"last variable":            {"only: {variables: [$UNSET, $SET]}", push, true},
		"no variable":              {"only: {variables: [$UNSET, $UNSET]}", push, false},
		"variables, no branch":     {"only: {variables: [$SET]}", merge, false},
		"first change":             {"only: {changes: [src/*, doc/*]}", push, true},
		"last change":              {"only: {changes: [doc/*, src/*]}", push, true},
		"no change":                {"only: {changes: [doc/*]}", push, false},
		"all kinds":                {"only: {refs: [main], variables: [$SET], changes: [src/*]}", push, true},
		"all but refs":             {"only: {refs: [other], variables: [$SET], changes: [src/*]}", push, false},
		"all but variables":        {"only: {refs: [main], variables: [$UNSET], changes: [src/*]}", push, false},
		"all but changes":          {"only: {refs: [main], variables: [$SET], changes: [doc/*]}", push, false},
		"except ref":               {"except: [other, main]", push, false},
		"except other refs":        {"except: [other, tags]", push, true},
		"except first variable":    {"except: {variables: [$SET, $UNSET]}", push, false},
		"except last variable":     {"except: {variables: [$UNSET, $SET]}", push, false},
		"except no variable":       {"except: {variables: [$UNSET]}", push, true},
		"except one of two":        {"except: {refs: [other], variables: [$SET]}", push, false},
		"except none of two":       {"except: {refs: [other], variables: [$UNSET]}", push, true},
		"except changes":           {"except: {changes: [src/*]}", push, false},
		"only and except":          {"only: [main]\n  except: {variables: [$SET]}", push, false},
		"only, and not except":     {"only: [main]\n  except: {variables: [$UNSET]}", push, true},
		"only, except of others":   {"only: [other]\n  except: {variables: [$UNSET]}", push, false},
	} {
		text := "variables: {SET: y}\nj:\n  script: [x]\n  " + c.policy + "\n"
		p, err := Load(files(map[string]string{"": text}), ".gitlab-ci.yml", Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e := p.Evaluate(c.event)
		runs := len(e.Jobs) == 1 && e.Jobs[0].When == OnSuccess
		if runs != c.want || len(e.Problems) > 0 {
			t.Errorf("%s: runs %v, %v", name, runs, e.Problems)
		}
	}
}
