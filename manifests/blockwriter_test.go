// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// encode encodes a node with yaml.v3 in the style of generated files.
func encode(t testing.TB, n *yaml.Node) string {
	t.Helper()
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// encoded is what the writer must make of a value.
func encoded(t testing.TB, v any) string {
	t.Helper()
	return encode(t, node(v))
}

func node(v any) *yaml.Node {
	switch v := v.(type) {
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "null"}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatBool(v)}
	case int64:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatInt(v, 10)}
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range v {
			n.Content = append(n.Content, node(item))
		}
		return n
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n.Content = append(n.Content, node(key), node(v[key]))
		}
		return n
	}
	return stringNode(v.(string))
}

var plainWord = regexp.MustCompile(`^[A-Za-z_/$.][A-Za-z0-9_/$.@%+=~-]*( [A-Za-z0-9_/$.@%+=~-]+)*$`)

func stringNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	if plainWord.MatchString(s) && !strings.Contains(s, "\n") && !notStrings[strings.ToLower(s)] && !strings.HasPrefix(s, "...") && !numberLike(s) {
		n.Style = 0
	}
	return n
}

// randomString returns a hostile string or a short one of characters that matter.
func randomString(r *rand.Rand) string {
	if list := hostile(); r.IntN(3) == 0 {
		return list[r.IntN(len(list))]
	}
	const alphabet = "ab9_/$.@%+=~- :#'\"\\{[,&*!|>?`\n\u00e4"
	runes := []rune(alphabet)
	s := make([]rune, r.IntN(6))
	for i := range s {
		s[i] = runes[r.IntN(len(runes))]
	}
	return string(s)
}

func randomValue(r *rand.Rand, depth int) any {
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	switch r.IntN(kinds) {
	case 0:
		return []any{nil, true, false}[r.IntN(3)]
	case 1:
		return r.Int64() - r.Int64()
	case 2, 3:
		return randomString(r)
	case 4:
		list := make([]any, r.IntN(4))
		for i := range list {
			list[i] = randomValue(r, depth-1)
		}
		return list
	}
	m := map[string]any{}
	for range r.IntN(4) {
		m[randomString(r)] = randomValue(r, depth-1)
	}
	return m
}

// TestBlockWriterIsYAMLEncoder compares random values with the text of yaml.v3.
func TestBlockWriterIsYAMLEncoder(t *testing.T) {
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 0))
		name, v := randomString(r), randomValue(r, 4)
		w := &blockWriter{}
		w.key(name)
		w.value(v)
		if w.err != nil || w.indent != 0 {
			t.Fatalf("%q: %#v: error %v, indentation %d", name, v, w.err, w.indent)
		}
		if want := encoded(t, map[string]any{name: v}); w.b.String() != want {
			t.Fatalf("%q: %#v: got\n%s\nwant\n%s", name, v, &w.b, want)
		}
	}
}

// TestBlockWriterKeepsError writes more after a string that is not UTF-8.
func TestBlockWriterKeepsError(t *testing.T) {
	w := &blockWriter{}
	w.key("a")
	w.text("\xff")
	first := w.err
	w.key("\xfe")
	w.text("b")
	if first == nil || w.err != first { //nolint:errorlint // the same one
		t.Errorf("error %v, first %v", w.err, first)
	}
}

// TestJobsAreWrittenLikeYAMLEncoder decodes each job of the generated files and
// encodes it again.
func TestJobsAreWrittenLikeYAMLEncoder(t *testing.T) {
	manifests := []string{simple, rulesManifest, head + `targets:
  debian-12:
    jobs:
      - arch: x86_64
        suffix: ": \u00e4"
        variables: {` + strings.Repeat("V", 129) + `: 1.10, "a b": , N: 'it''s'}
        artifacts: {expire_in: 1 day, paths: ["*.log"], reports: {a: {b: [1, 2.5, null, [], {}, [[x], {y: z}]]}}}
      - {arch: s390x, allow-failure: true, variables: {V: "text\n"}}
  freebsd-14: x86_64
`}
	for _, file := range []string{"../ci/manifest.yml", "../examples/hello/ci/manifest.yml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manifests = append(manifests, string(text))
	}
	for _, text := range manifests {
		m, _, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := NewPlan(m, "ci")
		if err != nil {
			t.Fatal(err)
		}
		jobs := 0
		for _, name := range []string{containersFile, buildsFile, sanityChecksFile} {
			text, err := plan.gitLabFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for paragraph := range strings.SplitSeq(string(text), "\n\n") {
				paragraph = strings.Trim(paragraph, "\n")
				if strings.HasPrefix(paragraph, "#") || name == sanityChecksFile && !strings.Contains(paragraph, "\n  extends: .code_format\n") {
					continue // a comment or a template
				}
				jobs++
				var n yaml.Node
				if err := yaml.Unmarshal([]byte(paragraph), &n); err != nil {
					t.Fatal(err)
				}
				if want := encode(t, &n); paragraph+"\n" != want {
					t.Errorf("%s: got\n%s\nwant\n%s", name, paragraph, want)
				}
			}
		}
		written := slices.DeleteFunc(plan.Jobs, func(j Job) bool { return j.Extends == "" })
		if jobs == 0 || jobs != len(written) {
			t.Errorf("%d jobs are in the files, want %d", jobs, len(written))
		}
	}
}
