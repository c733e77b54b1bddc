// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/golden"
)

func corpusEvents() map[string]Event {
	return map[string]Event{
		"merge-request": {Source: MergeRequest, Branch: "topic", Changed: []string{"src/deep/main.c"}},
		"push":          {Source: Push, Branch: "main", Changed: []string{"docs/a.txt"}},
		"web":           {Source: Web, Branch: "stable"},
	}
}

func corpus(tb testing.TB) map[string]string {
	tb.Helper()
	entries, err := os.ReadDir("testdata/corpus")
	if err != nil || len(entries) < 10 {
		tb.Fatalf("the corpus has %d folders, %v", len(entries), err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			out[e.Name()] = filepath.Join("testdata/corpus", e.Name())
		}
	}
	return out
}

// TestCorpus compares the evaluation of each job with reviewed golden files.
func TestCorpus(t *testing.T) {
	got := map[string][]byte{}
	for name, folder := range corpus(t) {
		p, err := Load(os.DirFS(folder), ".gitlab-ci.yml", Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for eventName, event := range corpusEvents() {
			e := p.Evaluate(event)
			if e.Refused() {
				t.Errorf("%s, %s: %v", name, eventName, e.Problems)
				continue
			}
			got[name+"/"+eventName+".txt"] = []byte(describe(e))
			if decided := p.Decide(event); !slices.Equal(whens(decided), whens(e)) {
				t.Errorf("%s, %s: Decide gives %q, Evaluate %q", name, eventName, whens(decided), whens(e))
			}
		}
	}
	golden.Tree(t, "testdata/jobs", got)
}

func whens(e *Evaluation) []string {
	out := make([]string, len(e.Jobs))
	for i := range e.Jobs {
		out[i] = e.Jobs[i].Name + " " + e.Jobs[i].When
	}
	return out
}

// describe returns an evaluation as text, without empty fields and predefined variables.
func describe(e *Evaluation) string {
	var b bytes.Buffer
	if !e.Created {
		return "no pipeline\n"
	}
	fmt.Fprintf(&b, "stages: %s\n", strings.Join(e.Stages, " "))
	if e.Name != "" {
		fmt.Fprintf(&b, "name: %s\n", e.Name)
	}
	for _, m := range e.Missing {
		fmt.Fprintf(&b, "missing: %s: %s\n", m.Pos, m)
	}
	for _, job := range e.Jobs {
		fmt.Fprintf(&b, "\n%s\n", job.Name)
		describeFields(&b, reflect.ValueOf(job), "  ")
	}
	return b.String()
}

func describeFields(b *bytes.Buffer, v reflect.Value, indent string) {
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if name == "Name" && indent == "  " || name == "Problems" || name == "written" || name == "decided" || f.IsZero() {
			continue
		}
		switch x := f.Interface().(type) {
		case VariableSet:
			for variable := range x.All() {
				if variable.From != FromGitLab {
					fmt.Fprintf(b, "%s$%s = %q (%s)\n", indent, variable.Name, variable.Value, variable.From)
				}
			}
		case []Need:
			for _, n := range x {
				fmt.Fprintf(b, "%s%s: %s artifacts:%v optional:%v\n", indent, name, n.Job, n.Artifacts, n.Optional)
			}
		case []string:
			fmt.Fprintf(b, "%s%s: %q\n", indent, name, x)
		case string, fmt.Stringer:
			fmt.Fprintf(b, "%s%s: %s\n", indent, name, x)
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, name, strings.ReplaceAll(fmt.Sprintf("%+v", reflect.Indirect(f).Interface()), "\n", `\n`))
		}
	}
}

// TestExampleProject: the generated pipeline of the example has the jobs in its manifest.
func TestExampleProject(t *testing.T) {
	p, err := Load(os.DirFS("../../examples/hello"), ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluate(Event{Source: MergeRequest, Branch: "topic", Changed: []string{}})
	if len(e.Problems) > 0 {
		t.Fatal(e.Problems)
	}
	roles := map[string]Role{}
	for _, job := range e.Jobs {
		if job.When != Never {
			roles[job.Name] = job.Role()
		}
	}
	for name, want := range map[string]Role{
		"x86_64-debian-12": {Native, "debian-12", "x86_64"}, "x86_64-debian-13": {Native, "debian-13", "x86_64"},
		"aarch64-debian-12": {Cross, "debian-12", "aarch64"}, "check-dco": {Kind: Other},
	} {
		if roles[name] != want {
			t.Errorf("%s is %+v, want %+v", name, roles[name], want)
		}
	}
	if role, ok := roles["x86_64-debian-12-container"]; ok {
		t.Errorf("a merge request builds images: %+v", role)
	}
}

// A file that cannot be read is an error, not an empty tree.
func TestUnreadable(t *testing.T) {
	_, err := Load(os.DirFS(t.TempDir()), ".gitlab-ci.yml", Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "cannot read .gitlab-ci.yml: ") {
		t.Errorf("got %v", err)
	}
}
