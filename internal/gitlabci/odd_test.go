// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"testing"

	"gopkg.in/yaml.v3"
)

// everything has each keyword once, mostly in its longest form.
const everything = `
default: {image: {name: a, docker: {platform: p, user: u}}, hooks: {pre_get_sources_script: [x]}, id_tokens: {T: {aud: [u]}}, retry: {max: 1, when: [always], exit_codes: [1]}}
stages: [build, test]
variables: {A: {value: a, options: [a], description: d, expand: false}, B: $A}
workflow: {name: n, auto_cancel: {on_new_commit: none}, rules: [{if: $CI, variables: {C: c}, changes: {paths: [a], compare_to: main}}]}
include: [{local: good.yml, rules: [{if: $CI, exists: [a]}], inputs: {i: 1}}, {project: p/q, file: [a.yml], ref: r}, {remote: 'https://h/a.yml', integrity: sha256-AAAA}, {component: h/p/c@1}, {template: T.gitlab-ci.yml}]
.t: {before_script: [x], rules: [{if: $A =~ /ab/, when: delayed, start_in: 1h, allow_failure: true, needs: [{job: m}], exists: {paths: [a], project: p, ref: r}}]}
m: {stage: build, script: [[x, [y]], z], parallel: {matrix: [{V: [a, b], W: c}]}, artifacts: {name: n, paths: [a], exclude: [b], expire_in: 1h, reports: {junit: a, coverage_report: {coverage_format: jacoco, path: p}}}}
j:
  extends: [.t]
  script: [!reference [.t, before_script]]
  needs: [{job: m, parallel: {matrix: [{V: a, W: c}]}, optional: true, artifacts: false}, {project: p, job: k, ref: r}, {pipeline: $UP, job: k}]
  dependencies: [m]
  cache: [{key: {files: [a], prefix: p}, paths: [b], policy: pull, fallback_keys: [c], when: always, untracked: true}]
  services: [{name: s, alias: a, entrypoint: [e], command: [c], variables: {X: y}, pull_policy: [never]}]
  environment: {name: e, url: u, on_stop: s, action: start, auto_stop_in: 1h, deployment_tier: other, kubernetes: {agent: a, dashboard: {namespace: n}}}
  inherit: {default: [image], variables: [A]}
  secrets: {S: {vault: v}}
  release: {tag_name: t, description: d, assets: {links: [{name: n, url: u}]}}
  pages: {publish: p, expire_in: never}
  timeout: 1h
  coverage: /a/
  tags: [t]
s: {script: x, when: manual, allow_failure: {exit_codes: [1]}, environment: {name: e, action: stop}, only: {refs: [main, /a/], variables: [$A], changes: [a], kubernetes: active}, except: [tags]}
d: {trigger: {include: [{artifact: a.yml, job: m}, {local: c.yml, inputs: {a: b}}], strategy: depend, forward: {yaml_variables: true}}}
u: {trigger: {project: p/q, branch: b, inputs: {a: [1]}}, variables: {V: v}}
`

// Whatever value replaces another one, the files can be read and the other jobs exist.
func TestOddValuesEverywhere(t *testing.T) {
	odd := []string{"", "x", "''", "7", "true", "[]", "[[[x]], {a: b}, null]", "{}", "{a: {b: [c]}, 1: d}", "!reference [.t, before_script, 0]", "!reference [nothing]", "$[[ inputs.x ]]", "{script: x, trigger: y}"}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(everything), &doc); err != nil {
		t.Fatal(err)
	}
	var nodes []*yaml.Node
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				nodes = append(nodes, child)
			}
			walk(child)
		}
	}
	walk(doc.Content[0])
	if len(nodes) < 200 {
		t.Fatalf("only %d values", len(nodes))
	}
	for i, n := range nodes {
		for k, text := range odd {
			if testing.Short() && (i+k)%15 != 0 {
				continue
			}
			var with yaml.Node
			if err := yaml.Unmarshal([]byte("v: "+text), &with); err != nil {
				t.Fatal(err)
			}
			before := *n
			*n = *with.Content[0].Content[1]
			written, err := yaml.Marshal(&doc)
			*n = before
			if err != nil {
				t.Fatal(err)
			}
			e, err := evaluate(files(map[string]string{"": "good: {script: [x], stage: .pre}\n" + string(written), "good.yml": "spec: {inputs: {i: {type: number}}}\n---\ng: {script: [x]}\n"}), Event{})
			if e == nil || len(e.Jobs) == 0 || e.Jobs[0].Name != "good" || len(e.Jobs[0].Script) != 1 {
				t.Errorf("line %d, column %d: with %q the good job is lost: %v", n.Line, n.Column, text, err)
			}
		}
	}
}
