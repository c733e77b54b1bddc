// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestAccepted: GitLab takes these pipelines, and so the first job of each is in order.
func TestAccepted(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a description of a file":         "spec: {description: d, inputs: {a: {default: b}}}\n---\nj: {script: ['$[[ inputs.a ]]']}\n",
		"cache of a remote file":          "j: {script: [x]}\ninclude: [{remote: 'https://h/a.yml', cache: true}, {remote: 'https://h/b.yml', cache: 1 hour}, {remote: 'https://h/c.yml', cache: null}]\n",
		"a tier from a variable":          "j: {script: [x], environment: {name: e, deployment_tier: $TIER}}\n",
		"kinds of failures":               "j: {script: [x], retry: {max: 1, when: [runner_external_dependency_failure, stuck_pending_no_matching_runners, server_timeout_running]}}\n",
		"timeout as a word":               "j: {script: [x], timeout: one hour}\n",
		"exists without paths":            "j: {script: [x], rules: [{exists: {paths: null}}, {when: always}]}\n",
		"exit codes of none":              "j: {script: [x], allow_failure: {exit_codes: []}}\n",
		"exit codes of nothing":           "j: {script: [x], allow_failure: {exit_codes: null}}\n",
		"no exit codes":                   "j: {script: [x], allow_failure: {}}\n",
		"exit codes that cannot be":       "j: {script: [x], allow_failure: {exit_codes: [256, -1]}}\n",
		"a long name":                     "workflow: {name: " + strings.Repeat("é", 255) + "}\nj: {script: [x]}\n",
		"an option":                       "variables: {A: {value: b, options: [b]}}\nj: {script: [x]}\n",
		"a long default timeout, not set": "default: {timeout: 1 day}\nj: {script: [x]}\n",
	} {
		e, err := evaluate(files(map[string]string{"": text}), Event{})
		if err != nil || len(e.Jobs) == 0 || e.Jobs[0].AllowFailure || len(e.Jobs[0].Unresolved) > 0 || e.Jobs[0].When == Unknown && len(e.Missing) == 0 {
			t.Errorf("%s: %v, %s", name, err, e.text(Notice))
		}
	}
	for text, want := range map[string]string{
		"include: {local: a.yml, cache: true}\n":                 `.gitlab-ci.yml:1: include: cache is for remote files only`,
		"include: {remote: 'https://h/a.yml', cache: 30 secs}\n": `.gitlab-ci.yml:1: include: cache is shorter than a minute`,
		"include: {remote: 'https://h/a.yml', cache: [1]}\n":     `.gitlab-ci.yml:1: include: cache takes a length of time such as "1h 30m", got ""`,
	} {
		_, err := evaluate(files(map[string]string{"": text + "j: {script: [x]}\n", "a.yml": "k: {script: [x]}"}), Event{})
		if fmt.Sprint(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestRefused: GitLab refuses each of these, for one reason.
func TestRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"j: {script: [x], publish: a}":                                               "publish is for jobs with pages only",
		"j: {script: [x], publish: a, pages: {}}":                                    "publish is for jobs with pages only",
		"pages: {script: [x], publish: a, pages: false}":                             "publish is for jobs with pages only",
		"pages: {script: [x], publish: a, pages: {publish: b}}":                      "publish cannot stand beside pages: publish",
		"pages: {script: [x], publish: a, pages: {path_prefix: b}}":                  "",
		"pages: {script: [x], publish: a}":                                           "",
		"j: {script: [x], publish: a, pages: true}":                                  "",
		"j: {script: [x], needs: [k, 'k 1/2']}":                                      `needs "k 1/2" twice`,
		"j: {script: [x], needs: ['k 2/2', k]}":                                      `needs "k" twice`,
		"j: {script: [x], needs: ['k 2/2', 'k 1/2']}":                                "",
		"j: {script: [x], needs: [{project: a/b, ref: c}]}":                          "needs: project needs job",
		"j: {script: [x], needs: [{project: a/b, job: c}]}":                          "needs: project needs ref",
		"j: {script: [x], needs: [{project: a/b, job: c, ref: d, optional: true}]}":  `needs: project has the unknown key "optional"`,
		"j: {script: [x], needs: [{project: a/b, job: c, ref: d, artifacts: true}]}": "",
		"j: {trigger: a/b, needs: [{project: a/b, job: c, ref: d}]}":                 "a job with a trigger needs no artifacts of other pipelines",
		"j: {trigger: a/b, needs: {pipeline: $P, job: c}}":                           "a job with a trigger needs no artifacts of other pipelines",
		"j: {trigger: a/b, needs: {pipeline: a/b}}":                                  "",
		"j: {script: [x], needs: [{pipeline: $P, job: k}], dependencies: [k]}":       `depends on "k", which is not among its needs`,
		"j: {script: [x], needs: [{pipeline: $P, job: k}, k], dependencies: [k]}":    "",
		"j: {script: [x], needs: [k], dependencies: [k]}":                            "",
		"j: {script: [x], needs: ['k 1/2'], dependencies: [k]}":                      `depends on "k", which is not among its needs`,
		"j: {script: [x], needs: ['k 1/2'], dependencies: ['k 1/2']}":                "",
		"j: {script: [x], needs: [{job: m, parallel: {matrix: [{A: b}]}}], dependencies: [m]}\nm: {stage: build, script: [x], parallel: {matrix: [{A: [b, c]}]}}": "",
		"j: {script: [x], needs: [{job: m, parallel: {matrix: [{A: d}]}}]}\nm: {stage: build, script: [x], parallel: {matrix: [{A: [b, c]}]}}":                    `needs "m: [d]", which is not defined`,
		"j: {script: [x], needs: [" + others(6) + "]}":         "needs names more than 5 jobs of other pipelines",
		"j: {script: [x], needs: [" + others(5) + ", k]}":      "",
		"j: {script: [x], services: [{name: a, ports: [80]}]}": `services has the unknown key "ports"`,
	} {
		_, err := evaluate(files(map[string]string{"": "k: {stage: build, script: [x], parallel: 2}\n" + text + "\n"}), Event{})
		got := ""
		if err != nil {
			_, got, _ = strings.Cut(err.Error(), `": `)
		}
		if got != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// others returns needs of other pipelines.
func others(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("{pipeline: $P%d, job: k}", i))
	}
	return strings.Join(out, ", ")
}

// TestVariablesOfIncludes: unknown variables stand for nothing in a path, and a variable may
// hold a URL.
func TestVariablesOfIncludes(t *testing.T) {
	t.Parallel()
	for include, want := range map[string]string{"${NO}a.yml": "k@test:x j@test:x", "{local: /$NO/a.yml}": "k@test:x j@test:x", "{local: x/$NO/a.yml}": "j@test:x", "$CI_SERVER_URL/a.yml": "j@test:x remote", "a$$.yml": "j@test:x"} {
		tree := files(map[string]string{"": "include: " + include + "\nj: {script: [x]}\n", "a.yml": "k: {script: [x]}\n"})
		e, _ := evaluate(tree, Event{})
		got := jobsOf(e)
		for _, m := range e.Missing {
			if m.Kind != "local" {
				got += " " + m.Kind
			}
		}
		if got != want {
			t.Errorf("%s: %s", include, got)
		}
	}
}

// TestLinkedIncludes: GitLab reads no file through a symbolic link.
func TestLinkedIncludes(t *testing.T) {
	t.Parallel()
	for _, include := range []string{"link.yml", "dir/a.yml", "'l*.yml'", "{component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/own@$CI_COMMIT_SHA}"} {
		tree := files(map[string]string{"": "include: " + include + "\nj: {script: [x]}\n", "real/a.yml": "k: {script: [x]}\n"})
		for link, target := range map[string]string{"link.yml": "real/a.yml", "dir": "real", "templates/own.yml": "../real/a.yml"} {
			tree[link] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink}
		}
		e, err := evaluate(tree, Event{})
		if err == nil || !strings.HasSuffix(err.Error(), "GitLab does not follow symbolic links") && include != "dir/a.yml" || len(e.Jobs) != 1 {
			t.Errorf("%s: %s, %v", include, jobsOf(e), err)
		}
	}
}

// TestTierOfVariables: a tier that is none after its variables are replaced is derived from
// the name.
func TestTierOfVariables(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"staging": "staging", "nothing": "production"} {
		e, err := evaluate(files(map[string]string{"": "variables: {T: " + text + "}\n" +
			"j: {script: [x], environment: {name: prod, deployment_tier: $T}, rules: [{if: $CI_ENVIRONMENT_TIER == $T}]}\n"}), Event{})
		if err != nil || e.Jobs[0].When != OnSuccess || e.Jobs[0].variable("CI_ENVIRONMENT_TIER") != want {
			t.Errorf("%s: %v, %s", text, err, e.text(Notice))
		}
	}
}

// TestDefaultTimeout: GitLab takes a timeout in default, where it has no effect.
func TestDefaultTimeout(t *testing.T) {
	t.Parallel()
	e, err := evaluate(files(map[string]string{"": "default: {timeout: 1 second}\nj: {script: [x]}\nk: {script: [x], timeout: 1 minute}\n"}), Event{})
	if err != nil || e.Jobs[0].Timeout != 0 || e.Jobs[1].Timeout != time.Minute {
		t.Errorf("%v, %s", err, e.text(Notice))
	}
	if _, err = evaluate(files(map[string]string{"": "default: {timeout: soon}\nj: {script: [x]}\n"}), Event{}); err == nil {
		t.Error("taken")
	}
}
