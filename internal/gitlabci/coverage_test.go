// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"testing"
	"testing/fstest"
)

func TestCoverageIn(t *testing.T) {
	for _, test := range []struct{ pattern, log, want string }{
		{`/Coverage: \d+\.\d+/`, "Coverage: 10.5\nCoverage: 93.25\nend\n", "93.25"},
		{`/Coverage: (\d+)%/`, "Coverage: 1%, Coverage: 2%\r\n", "2"},
		{`/(\w+): (\d+)/`, "lines: 80 functions: 70\n", "70"},
		{`/total.*?(\d+)?/`, "total\ntotal 5\n", ""},
		{`/total(?: (\d+))?/`, "total 5\ntotal\n", ""},
		{`/total()/`, "total 5\n", ""},
		{`/(\d+) total()/`, "5 total\n7 total\n", ""},
		{`/total (\d*)/`, "total 5\ntotal \n", "5"},
		{`/[\d.]+/`, "007.50\n", "7.50"},
		{`/[\d.]+/`, "000\n", "0"},
		{`/[\d.]+/`, "00.5\n", "0.5"},
		{`/[\d.]+/`, "100\n", "100"},
		{`/COVERAGE/i`, "coverage none\n", ""},
		{`/nothing/`, "Coverage: 1\n", ""},
		{``, "1\n", ""},
		{`/\d+/`, "", ""},
		{`/a(/`, "a(1)", ""},
	} {
		job := Job{Coverage: test.pattern}
		if got, ok := job.CoverageIn(t.Context(), test.log); got != test.want || !ok {
			t.Errorf("%s in %q: got %q, %v, want %q", test.pattern, test.log, got, ok, test.want)
		}
	}
}

// TestDotenvVariables: a variable of a dotenv report may contain others. It overrides those
// of the job, but not those of the event.
func TestDotenvVariables(t *testing.T) {
	fsys := fstest.MapFS{".gitlab-ci.yml": {Data: []byte("j:\n  image: $IMAGE\n  variables: {OWN: own, GIVEN: job, SEEN: $REPORT}\n  script: [x]\n")}}
	p, err := Load(fsys, ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluate(Event{Source: Push, Variables: map[string]string{"GIVEN": "event"}})
	job := e.Jobs[0].WithDotenv(map[string]string{"REPORT": "$OWN-$CI_JOB_NAME-$NONE", "GIVEN": "report", "IMAGE": "img:$OWN"})
	for name, want := range map[string]string{"REPORT": "own-j-", "SEEN": "own-j-", "GIVEN": "event", "OWN": "own", "CI": "true", "CI_JOB_NAME": "j"} {
		if v, ok := job.Variables.Get(name); !ok || v.Value != want {
			t.Errorf("%s: %q, %v, want %q", name, v.Value, ok, want)
		}
	}
	if job.Image.Name != "img:own" {
		t.Errorf("image %s", job.Image.Name)
	}
}

// TestPercent: GitLab also expands %NAME%, inside other variables.
func TestPercent(t *testing.T) {
	for value, want := range map[string]string{
		"%A%":         "x",
		"%A%%A%":      "xx",
		"a%A%$A${A}b": "axxxb",
		"%%":          "%%",
		"%%A%%":       "%%A%%",
		"%NONE%":      "%NONE%",
		"100%":        "100%",
		"%1A%":        "%1A%",
		"% A %":       "% A %",
		"%RAW%":       "%RAW%",
		"$RAW":        "$A",
		"%CI%":        "true",
		"${N_${ONE}}": "<x>",
		"${${AN}_N}":  "<%%A>",
		"$N_$ONE":     "$A1",
		"${N_}${ONE":  "$AONE",
		"$$N_1":       "$N_1",
		"$DOLLAR":     "$x",
		"$$A%A%":      "$Ax",
		"%NESTED%":    "<x>",
	} {
		e, err := evaluate(files(map[string]string{"": "j:\n  variables: {A: x, RAW: {value: $A, expand: false}, NESTED: <%A%>, N_1: <$A>, AN: A, N_: {value: $A, expand: false}, A_N: <%%A>, ONE: '1', DOLLAR: $$x, V: '" + value + "'}\n  script: [x]\n"}), Event{})
		if err != nil {
			t.Fatal(err)
		}
		for v := range e.Jobs[0].Variables.All() {
			if v.Name == "V" && v.Value != want {
				t.Errorf("%s: %q, want %q", value, v.Value, want)
			}
		}
	}
	if _, err := evaluate(files(map[string]string{"": "j: {variables: {A: '%B%', B: '%A%'}, script: [x]}\n"}), Event{}); err == nil {
		t.Error("a circle is not refused")
	}
}

// TestExportedVariables: they are in the paths of artifacts and caches, and nowhere else.
func TestExportedVariables(t *testing.T) {
	const text = "j:\n  image: $A\n  variables: {A: job, IN: x$A}\n  script: [x]\n  artifacts: {name: $A, paths: [$A, $IN, '${A%t}', $REPORT], exclude: [$A.o], reports: {junit: $A.xml}}\n  cache: [{key: $A, paths: [$A]}, {paths: [c]}]\n"
	p, err := Load(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(text)}}, ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluate(Event{Source: Push})
	dotenv := e.Jobs[0].WithDotenv(map[string]string{"REPORT": "report"})
	for _, c := range []struct {
		exported map[string]string
		want     string
	}{
		{map[string]string{"A": "out"}, "job out [out xjob ou report] [out.o] [out.xml] job [out] [c]"},
		{nil, "job job [job xjob job report] [job.o] [job.xml] job [job] [c]"},
	} {
		job := dotenv.WithExported(c.exported)
		got := fmt.Sprint(job.Image.Name, " ", job.Artifacts.Name, " ", job.Artifacts.Paths, " ", job.Artifacts.Exclude, " ", job.Artifacts.Reports[0].Paths, " ", job.Cache[0].Key, " ", job.Cache[0].Paths, " ", job.Cache[1].Paths)
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.exported, got, c.want)
		}
	}
}
