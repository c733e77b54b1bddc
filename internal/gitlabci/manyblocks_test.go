// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestManyBlocks: the work for a block must not grow with its position in the file.
func TestManyBlocks(t *testing.T) {
	const lines = 9_000
	text := header + "    a: {default: b}\n---\nj:\n  script:\n" + strings.Repeat("    - $[[inputs.a]]$[[inputs.a]]\n", lines) + "    - $[[inputs.none]]\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e, _ := evaluate(files(map[string]string{"": text}), Event{})
	runtime.ReadMemStats(&after)
	if e == nil || len(e.Jobs) != 1 || len(e.Jobs[0].Script) > lines+1 {
		t.Fatalf("got %+v", e)
	}
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 200 {
		t.Errorf("%d MiB were allocated", mib)
	}
	if want := fmt.Sprintf(".gitlab-ci.yml:%d: ", lines+7); !strings.HasPrefix(e.Problems[0].String(), want) {
		t.Errorf("got %s, want %s", e.Problems[0], want)
	}
}

// TestLimitsOfIncludedText: the limit applies to the text of the whole pipeline, after
// inputs and includes.
func TestLimitsOfIncludedText(t *testing.T) {
	twice := "include:\n"
	for i := range 6 {
		twice += fmt.Sprintf("  - {local: a.yml, inputs: {a: x%d}}\n", i)
	}
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"functions": {map[string]string{
			"": header + "    a: {default: '" + strings.Repeat("b", 1<<20) + "'}\n---\nj:\n  script:\n" + strings.Repeat("    - $[[ inputs.a | truncate(0,1) ]]\n", 66),
		}, `the file ".gitlab-ci.yml" processes more than 67108864 bytes of inputs`},
		"values": {map[string]string{
			"":      twice + "j: {script: [x]}\n",
			"a.yml": header + "    a:\n---\n.thousand: &t [" + strings.Repeat("x,", 1000) + "]\n.$[[ inputs.a ]]: [" + strings.Repeat("*t,", 400) + "]\n",
		}, "the included files have more than 2000000 values together"},
		"size": {map[string]string{
			"":      strings.Replace(twice, "include:", "include:\n  - {local: b.yml}", 1) + "j: {script: [x]}\n",
			"a.yml": header + "    a:\n    b: {default: '" + strings.Repeat("b", 2000) + "'}\n---\n.$[[ inputs.a ]]: '" + strings.Repeat("$[[inputs.b]]", 1000) + "'\n" + strings.Repeat("#"+strings.Repeat(" ", 1000)+"\n", 1800),
			"b.yml": "include: [" + strings.Repeat("c.yml,", 5) + "]\n",
			"c.yml": ".c: d\n" + strings.Repeat("#"+strings.Repeat(" ", 1000)+"\n", 2000),
		}, ".gitlab-ci.yml:7: the included files have more than 33554432 bytes together"},
	} {
		e, err := evaluate(files(test.files), Event{})
		if e == nil || !e.Refused() || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%s: got %.300v, want %s", name, err, test.want)
		}
	}
}

// TestManyMerges: merged keys count each time, even if few remain.
func TestManyMerges(t *testing.T) {
	text := ".m: &m {a: b}\nj: {script: [x]}\n"
	for i := range 100 {
		text += fmt.Sprintf(".m%d: {<<: [%s*m]}\n", i, strings.Repeat("*m,", 3000))
	}
	e, err := evaluate(files(map[string]string{"": text}), Event{})
	if e == nil || !e.Refused() || !strings.Contains(fmt.Sprint(err), "the file holds too much") {
		t.Errorf("got %.300v", err)
	}
}
