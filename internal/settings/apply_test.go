// SPDX-License-Identifier: GPL-2.0-or-later

package settings_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/settings"
)

func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOneWrongValueOfAProject: the other settings of its file count.
func TestOneWrongValueOfAProject(t *testing.T) {
	tree := t.TempDir()
	file(t, tree, ".lcitool.yml", "event: push\nlimits: {cpus: -1, memory: 2g}\nvariables: {A: x, B: [1]}\nnosuch: 1\n")
	s, warnings, err := settings.Read("", tree)
	if err != nil || len(warnings) != 3 {
		t.Errorf("warnings %q, %v", warnings, err)
	}
	for key, want := range map[string]string{"event": "push", "limits.memory": "2g", "limits.cpus": ""} {
		if v, _ := s.Lookup(key); v.Text != want {
			t.Errorf("%s: %q, want %q", key, v.Text, want)
		}
	}
	if v := s.Variables(); len(v) != 1 || v[0].Name != "A" {
		t.Errorf("variables %+v", v)
	}
}

func TestReadWarnsOfAProjectThatCannotBeRead(t *testing.T) {
	tree := t.TempDir()
	user := file(t, t.TempDir(), "config.yml", "jobs: 3\nbogus: 1\n")
	file(t, tree, ".lcitool.yml", "jobs: [1\n")
	s, warnings, err := settings.Read(user, tree)
	if err != nil || s.User == nil || s.Project != nil || len(warnings) != 2 {
		t.Fatalf("%v, %+v, %v", err, s, warnings)
	}
	if !strings.Contains(warnings[0].Error(), ".lcitool.yml") || !strings.Contains(warnings[1].Error(), "bogus") {
		t.Errorf("%v", warnings)
	}
	if _, _, err := settings.Read(file(t, tree, "broken.yml", "jobs: [1\n"), t.TempDir()); err == nil {
		t.Error("the user's own file is broken and nothing fails")
	}
}

// TestPrecedence: the command line overrides the project's settings, which override the
// user's.
func TestPrecedence(t *testing.T) {
	tree := t.TempDir()
	user := file(t, t.TempDir(), "config.yml", "jobs: 3\nimage: {tag: user, prefix: p}\nconnection: c\n")
	file(t, tree, ".lcitool.yml", "image: {tag: project}\nevent: push\n")
	s, warnings, err := settings.Read(user, tree)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", err, warnings)
	}
	for _, c := range []struct{ verb, args, want string }{
		{"job run", "", "jobs=3 image-tag=project image-prefix=p connection=c event=push"},
		{"job run", "--jobs=5 --event=tag", "jobs=5 image-tag=project image-prefix=p connection=c event=tag"},
		{"job run", "--render", "jobs=3 image-tag= image-prefix= connection=c event=push"},
		{"job run", "--url=u", "jobs=3 image-tag=project image-prefix=p connection= event=push"},
		{"run", "", "jobs=3 image-tag= image-prefix= connection=c event="},
		{"container run", "", "jobs=0 image-tag= image-prefix= connection=c event="},
	} {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags.Int("jobs", 0, "")
		for _, name := range []string{"image-tag", "image-prefix", "connection", "event", "url"} {
			flags.String(name, "", "")
		}
		flags.Bool("render", false, "")
		if err := flags.Parse(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		given := flags.NFlag()
		if err := s.Apply(flags, c.verb, nobody); err != nil {
			t.Fatal(err)
		}
		var got []string
		changed := 0
		for _, name := range []string{"jobs", "image-tag", "image-prefix", "connection", "event"} {
			f := flags.Lookup(name)
			got = append(got, name+"="+f.Value.String())
		}
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Changed {
				changed++
			}
		})
		if strings.Join(got, " ") != c.want || changed != given {
			t.Errorf("%s %s: %q, want %q; %d count as given, %d were", c.verb, c.args, got, c.want, changed, given)
		}
	}
}

// TestYield: a recorded option that is set after the settings overrides them, too.
func TestYield(t *testing.T) {
	tree := t.TempDir()
	file(t, tree, ".lcitool.yml", "image: {tag: t, prefix: p}\nevent: push\n")
	s, _, err := settings.Read("", tree)
	if err != nil {
		t.Fatal(err)
	}
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	tag, prefix, event := f.String("image-tag", "", ""), f.String("image-prefix", "", ""), f.String("event", "merge-request", "")
	f.Bool("render", false, "")
	if err := s.Apply(f, "job retry", nobody); err != nil || *tag != "t" || *prefix != "p" || *event != "push" {
		t.Fatalf("%q %q %q, %v", *tag, *prefix, *event, err)
	}
	for _, set := range [][2]string{{"image-tag", "own"}, {"render", "true"}} {
		if err := f.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := settings.Yield(f); err != nil || *tag != "own" || *prefix != "" || *event != "push" {
		t.Errorf("%q %q %q, %v", *tag, *prefix, *event, err)
	}
}

func TestApplySaysWhichSettingIsWrong(t *testing.T) {
	s, _, err := settings.Read(file(t, t.TempDir(), "c.yml", "\nlimits: {timeout: soon}\n"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Duration("timeout", 0, "")
	if err := s.Apply(flags, "run", nobody); err == nil || !strings.Contains(err.Error(), "c.yml:2: limits.timeout: ") {
		t.Errorf("%v", err)
	}
}

func TestEnvironment(t *testing.T) {
	dotenv := file(t, t.TempDir(), "env", "B=2\nA=1\n")
	lookup := func(name string) (string, bool) { return "here", name == "HERE" || name == "EMPTY" }
	got, err := settings.Environment([]string{dotenv}, []string{"C=3", "HERE", "GONE", "D="}, lookup)
	if want := []string{"A=1", "B=2", "C=3", "HERE=here", "D="}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
	if _, err := settings.Environment([]string{dotenv + "x"}, nil, lookup); err == nil {
		t.Error("a file that does not exist")
	}
	for _, list := range [][]string{{""}, {"=x"}, {"A=1", "="}} {
		if settings.CheckEnvironment(list) == nil {
			t.Errorf("%q is no environment", list)
		}
	}
	if err := settings.CheckEnvironment([]string{"A", "A=", "A=b=c"}); err != nil {
		t.Error(err)
	}
}

func nobody(error) {}

// TestWrongValuesOfAProject: they are warnings, and what the user has set counts.
func TestWrongValuesOfAProject(t *testing.T) {
	tree := t.TempDir()
	user := file(t, t.TempDir(), "config.yml", "limits: {timeout: 2m}\n")
	file(t, tree, ".lcitool.yml", "event: nonsense\nlimits: {timeout: 7q}\njobs: 1.5\n")
	s, _, err := settings.Read(user, tree)
	if err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	var event string
	cliflags.Choice(flags, &event, "event", "", "", "merge-request", "push")
	timeout, jobs := flags.Duration("timeout", 0, ""), flags.Int("jobs", 4, "")
	var warnings []string
	err = s.Apply(flags, "job run", func(err error) { warnings = append(warnings, err.Error()) })
	if err != nil || event != "merge-request" || *timeout != 2*time.Minute || *jobs != 4 || len(warnings) != 3 || !strings.Contains(warnings[0], ".lcitool.yml:1: event: invalid choice") {
		t.Errorf("event %s, timeout %s, %d jobs; %q, %v", event, *timeout, *jobs, warnings, err)
	}
}
