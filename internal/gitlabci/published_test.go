// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"testing"
)

// TestPublished: GitLab adds the directory that Pages publishes to the artifacts.
func TestPublished(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pages: {": "[public]", "pages: {pages: {publish: foo}, ": "[foo]", "pages: {pages: {publish: foo}, artifacts: {paths: [foo]}, ": "[foo]",
		"pages: {artifacts: {paths: [foo]}, ": "[foo public]", "pages: {pages: {publish: foo}, artifacts: {paths: [bar]}, ": "[bar foo]",
		"pages: {pages: {publish: public}, artifacts: {paths: [public]}, ": "[public]", "pages: {artifacts: {}, ": "[public]", "pages: {artifacts: {paths: []}, ": "[public]",
		"pages: {pages: false, artifacts: {paths: [a]}, ": "[a]", "pages: {pages: false, ": "", "j: {": "", "j: {pages: false, ": "", "j: {pages: {}, ": "", "pages: {pages: {}, ": "[public]",
		"j: {pages: {publish: foo}, ": "[foo]", "j: {pages: true, publish: foo, artifacts: {paths: [bar]}, ": "[bar foo]", "j: {pages: true, ": "[public]", "pages:staging: {": "",
	} {
		e, err := evaluate(files(map[string]string{"": "default: {artifacts: null}\n" + text + "script: [x]}\nlast: {script: [x]}\n"}), Event{})
		if err != nil {
			t.Fatal(text, err)
		}
		got := ""
		if a := e.Jobs[0].Artifacts; a != nil {
			got = fmt.Sprint(a.Paths)
		}
		if got != want || e.Jobs[1].Artifacts != nil {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	e, err := evaluate(files(map[string]string{"": "default: {artifacts: {paths: [a]}}\npages: {script: [x]}\nj: {script: [x]}\n.t: {trigger: a/b}\n"}), Event{})
	if err != nil || fmt.Sprintf("%v %v", e.Jobs[0].Artifacts, e.Jobs[1].Artifacts.Paths) != "&{ [a public] []  on_success false  []} [a]" {
		t.Errorf("by default: %v, %v", err, e.Jobs[0].Artifacts)
	}
	if e, err = evaluate(files(map[string]string{"": "pages: {trigger: a/b}\n"}), Event{}); err != nil || e.Jobs[0].Artifacts != nil {
		t.Errorf("a trigger: %v, %v", err, e.Jobs[0].Artifacts)
	}
}
