// SPDX-License-Identifier: GPL-2.0-or-later

package statsrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// fakeEngine runs the cases of a container itself.
type fakeEngine struct {
	Engine // the rest is not called
	t      *testing.T
	fail   map[string]error // by the name of a container, after its cases
	after  func(dir string, stdout io.Writer) error

	mu  sync.Mutex
	ran map[string][]string // cases of each container
}

func (f *fakeEngine) TempDir(context.Context, string) (string, func(), error) {
	return f.t.TempDir(), func() {}, nil
}

func (f *fakeEngine) Run(_ context.Context, o api.RunOptions) (api.RunResult, error) {
	var patterns []string
	for i, word := range o.Command {
		if word == "--run" {
			patterns = append(patterns, o.Command[i+1])
		}
	}
	cases, err := suite.Select(suite.Cases(), patterns...)
	if err != nil {
		return api.RunResult{}, err
	}
	f.mu.Lock()
	f.ran[o.Name] = ids(cases)
	f.mu.Unlock()
	dir := o.Mounts[slices.IndexFunc(o.Mounts, func(m api.Mount) bool { return strings.HasSuffix(m.Target, "reports") })].Source
	run := report.Run{Format: 1}
	for _, c := range cases {
		run.Results = append(run.Results, suite.Result{ID: c.ID, Status: suite.Pass})
		fmt.Fprintln(o.Stderr, c.ID)
	}
	files := map[string]func(io.Writer) error{"json": run.WriteJSON, "tap": run.WriteTAP, "log": func(w io.Writer) error {
		_, err := io.WriteString(w, o.Name)
		return err
	}}
	if err := f.fail[o.Name]; err != nil {
		var exit *api.ExitError
		if !errors.As(err, &exit) {
			return api.RunResult{}, err // before the suite
		}
	}
	for name, write := range files {
		var b strings.Builder
		err := errors.Join(write(&b), os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o600))
		if err != nil {
			return api.RunResult{}, err
		}
	}
	if f.after != nil {
		if err := f.after(dir, o.Stdout); err != nil {
			return api.RunResult{}, err
		}
	}
	fmt.Fprintln(o.Stdout, "summary of", o.Name)
	return api.RunResult{}, f.fail[o.Name]
}

func (f *fakeEngine) run(o Options) (summary string, lines []string, err error) {
	f.ran = map[string][]string{}
	var said strings.Builder
	out := &Output{W: io.Discard}
	o.Target, o.NewLog = "t", func() *Lines { return out.Lines(&said, "t") }
	summary, err = o.Run(f.t.Context(), f, "image")
	return summary, strings.Split(strings.TrimSpace(said.String()), "\n"), err
}

func TestCasesThatDisturbOthersHaveTheirOwnDaemon(t *testing.T) {
	const first, second = "lcitool-stats-t", "lcitool-stats-t-alone"
	all := suite.Cases()
	f := &fakeEngine{t: t}
	reports := t.TempDir()
	summary, lines, err := f.run(Options{Jobs: 2, Reports: reports})
	if err != nil {
		t.Fatal(err)
	}
	ran := slices.Concat(f.ran[first], f.ran[second])
	slices.Sort(ran)
	if want := ids(all); len(ran) != len(want) || len(slices.Compact(ran)) != len(want) || len(lines) != len(want) {
		t.Errorf("%d cases of %d ran, %d lines", len(ran), len(want), len(lines))
	}
	if !slices.Contains(f.ran[second], "CON-14") || slices.Contains(f.ran[first], "CON-14") || !slices.Contains(f.ran[first], "API-01") {
		t.Errorf("ran: %q", f.ran)
	}
	if !strings.Contains(summary, fmt.Sprintf("%d pass", len(all))) || strings.Contains(summary, "summary of") {
		t.Errorf("summary:\n%s", summary)
	}
	r, err := report.ReadFile(filepath.Join(reports, "t.json"))
	if err != nil || len(r.Results) != len(all) || r.Results[0].ID != all[0].ID {
		t.Errorf("%d results, %v", len(r.Results), err)
	}
	for file, want := range map[string]string{"t.log": first, "t-alone.log": second, "t.tap": fmt.Sprintf("1..%d", len(all)), "t.html": "<html", "t.xml": "<testsuite"} {
		if data, err := os.ReadFile(filepath.Join(reports, file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, no %q", file, err, want)
		}
	}
}

func TestOneContainerIsEnough(t *testing.T) {
	for _, o := range []Options{{Jobs: 1}, {Jobs: 2, Patterns: []string{"con-14", "tdr-*"}}, {Jobs: 2, Patterns: []string{"API-01"}}} {
		f := &fakeEngine{t: t}
		o.Reports = t.TempDir()
		summary, _, err := f.run(o)
		if err != nil || len(f.ran) != 1 || summary != "summary of lcitool-stats-t\n" {
			t.Errorf("%+v: %v, %q, %v", o, f.ran, summary, err)
		}
		for _, file := range []string{"t.json", "t.tap", "t.log"} {
			if _, err := os.Stat(filepath.Join(o.Reports, file)); err != nil {
				t.Error(err)
			}
		}
		if entries, err := os.ReadDir(o.Reports); err != nil || len(entries) != 3 {
			t.Errorf("%v, %v", entries, err)
		}
	}
}

func TestPartThatFails(t *testing.T) {
	const first, second = "lcitool-stats-t", "lcitool-stats-t-alone"
	exit, broken := &api.ExitError{Container: second, Code: 1}, errors.New("no podman")
	for _, c := range []struct {
		fail map[string]error
		want error
		text string // of the error
		ids  []string
	}{
		{map[string]error{second: exit}, exit, exit.Error(), []string{"API-01", "CON-14"}},
		{map[string]error{second: broken}, broken, "no podman", []string{"API-01"}},
		{map[string]error{first: broken}, broken, "no podman", []string{"CON-14"}},
		// What broke is not hidden by a case that failed, and is said once.
		{map[string]error{first: broken, second: exit}, broken, "no podman", []string{"CON-14"}},
		{map[string]error{first: broken, second: broken}, broken, "no podman", nil},
	} {
		f := &fakeEngine{t: t, fail: c.fail}
		o := Options{Jobs: 2, Reports: t.TempDir(), Patterns: []string{"API-01", "CON-14"}}
		summary, _, err := f.run(o)
		if !errors.Is(err, c.want) || err.Error() != c.text {
			t.Errorf("%v: %v", c.fail, err)
		}
		if (summary != "") != (c.ids != nil) {
			t.Errorf("%v: summary %q", c.fail, summary)
		}
		r, err := report.ReadFile(filepath.Join(o.Reports, "t.json"))
		if c.ids == nil {
			if !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a report of nothing: %v", err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for _, x := range r.Results {
			got = append(got, x.ID)
		}
		if !slices.Equal(got, c.ids) {
			t.Errorf("%v: report of %q", c.fail, got)
		}
	}
}

func TestReportsThatCannotBeWritten(t *testing.T) {
	for _, jobs := range []int{1, 2} {
		f := &fakeEngine{t: t}
		if _, _, err := f.run(Options{Jobs: jobs, Reports: filepath.Join(t.TempDir(), "none")}); err == nil {
			t.Error("a report is lost and nothing is said")
		}
	}
}

// TestHostileContainer: what a container leaves leads to no file of this machine, makes
// nobody wait and does not control the terminal.
func TestHostileContainer(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fakeEngine{t: t, after: func(dir string, stdout io.Writer) error {
		_, err := io.WriteString(stdout, "\x1b]0;title\a")
		return errors.Join(err, os.Symlink(secret, filepath.Join(dir, "html")), syscall.Mkfifo(filepath.Join(dir, "xml"), 0o600))
	}}
	o := Options{Jobs: 1, Reports: t.TempDir()}
	summary, _, err := f.run(o)
	if err == nil || strings.ContainsAny(summary, "\x1b\a") {
		t.Errorf("summary %q, %v", summary, err)
	}
	for _, name := range []string{"t.html", "t.xml"} {
		if data, err := os.ReadFile(filepath.Join(o.Reports, name)); err == nil {
			t.Errorf("%s is a report: %q", name, data)
		}
	}
	if _, err := os.Stat(filepath.Join(o.Reports, "t.json")); err != nil {
		t.Errorf("the others are lost: %v", err)
	}
}
