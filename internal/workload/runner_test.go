// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A fakeEngine has all images except those in missing, and runs functions instead of
// containers.
type fakeEngine struct {
	missing map[string]error
	bases   map[string]bool // tags whose base image has to be made first
	run     func(ctx context.Context, o api.RunOptions) error

	mu        sync.Mutex
	began     []string // images, in the order in which they ran
	now, most int      // containers at the same time
	made      []string // base images that were asked for
	builds    int
}

func (f *fakeEngine) Build(_ context.Context, o api.BuildOptions) (api.BuildResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.builds++
	if f.bases[o.Tag] && len(f.made) == 0 {
		return api.BuildResult{}, &api.BuildError{Tag: o.Tag, Base: "base", BaseMissing: true}
	}
	if o.Log != nil {
		_, _ = io.WriteString(o.Log, "STEP 1/1\n")
	}
	return api.BuildResult{ID: o.Tag}, f.missing[o.Tag]
}

// Inspect finds every base image, so none is built.
func (f *fakeEngine) Inspect(_ context.Context, reference string) (api.Image, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = append(f.made, strings.TrimSuffix(reference, ":latest"))
	return api.Image{ID: reference}, nil
}

func (f *fakeEngine) LockImage(context.Context, string) (func(), error) { return func() {}, nil }

func (f *fakeEngine) TempDirIn(context.Context, string, string) (string, func(), error) {
	return "", nil, errors.New("no directory is needed")
}

func (f *fakeEngine) Import(context.Context, api.ImportOptions, io.Reader) (string, error) {
	return "", errors.New("nothing is imported")
}

func (f *fakeEngine) SecretMounts(_ context.Context, _, _ string, secrets []api.Secret) ([]api.Mount, func(), error) {
	var mounts []api.Mount
	for _, s := range secrets {
		if err := s.Check(); err != nil {
			return nil, nil, err
		}
		mounts = append(mounts, api.Mount{Source: "/copy/" + s.Name, Target: "/run/secrets/" + s.Name, ReadOnly: true})
	}
	return mounts, func() {}, nil
}

func (f *fakeEngine) Run(ctx context.Context, o api.RunOptions) (api.RunResult, error) {
	f.mu.Lock()
	f.began = append(f.began, o.Image)
	f.now++
	f.most = max(f.most, f.now)
	f.mu.Unlock()
	err := f.run(ctx, o)
	f.mu.Lock()
	f.now--
	f.mu.Unlock()
	return api.RunResult{}, err
}

func named(names ...string) []Workload {
	var all []Workload
	for _, name := range names {
		all = append(all, Workload{Name: name, Image: envimage.Image{Build: api.BuildOptions{Tag: name}}, Tree: Tree{Dir: "/src"}})
	}
	return all
}

func tasks(f *fakeEngine, names ...string) []scheduler.Task {
	var all []scheduler.Task
	for _, w := range named(names...) {
		all = append(all, (&Runner{Engine: f}).Task(w))
	}
	return all
}

func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

func states(results []outcome.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Workload+": "+r.Text())
	}
	return strings.Join(all, ", ")
}

func TestMatrixKeepsGoing(t *testing.T) {
	failed := &api.BuildError{Tag: "c", Step: 2, Steps: 3, Code: 100}
	f := &fakeEngine{missing: map[string]error{"c": failed}, run: func(_ context.Context, o api.RunOptions) error {
		switch o.Image {
		case "b":
			say(o.Stdout, "compiling\nx.c:1:2: error: no such thing\nmake: *** [all] Error 2\n")
			return &api.ExitError{Code: 2}
		case "d":
			return api.ErrTimeout
		case "e":
			return &api.EngineError{Op: "run image e", Code: 125, Err: errors.New("no")}
		}
		return nil
	}}
	dir := t.TempDir()
	m := &scheduler.Scheduler{LogDir: dir}
	results, err := m.Run(t.Context(), tasks(f, "a", "b", "c", "d", "e", "f"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := states(results), "a: passed, b: failed (2), c: no image, d: timed out, e: engine error, f: passed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, want := range []string{
		"", "x.c:1:2: error: no such thing", "cannot build image c: step 2 of 3: command exited with status 100",
		"the command did not end within 0s and was killed", "cannot run image e: no", "",
	} {
		if results[i].Line != want {
			t.Errorf("%s: line %q, want %q", results[i].Workload, results[i].Line, want)
		}
	}
	if want := []string{"a", "b", "d", "e", "f"}; !slices.Equal(f.began, want) || f.most != 1 {
		t.Errorf("ran %v, %d at a time; want %v, one at a time", f.began, f.most, want)
	}
	if data, err := os.ReadFile(results[1].Log); err != nil || !strings.HasPrefix(string(data), "STEP 1/1\ncompiling\n") {
		t.Errorf("log %q, %v", data, err)
	}
}

// TestMatrixFailFast has one workload fail while a second one runs and a third one waits.
func TestMatrixFailFast(t *testing.T) {
	running := make(chan bool)
	f := &fakeEngine{run: func(ctx context.Context, o api.RunOptions) error {
		if o.Image == "a" {
			<-running
			return &api.ExitError{Code: 1}
		}
		close(running)
		<-ctx.Done()
		return context.Cause(ctx)
	}}
	m := &scheduler.Scheduler{Parallel: 2, FailFast: true, LogDir: t.TempDir()}
	results, err := m.Run(t.Context(), tasks(f, "a", "b", "c"))
	if got, want := states(results), "a: failed (1), b: stopped, c: not run"; err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if !errors.Is(results[1].Err, scheduler.ErrFailFast) {
		t.Errorf("b was stopped for %v", results[1].Err)
	}
}

// TestMatrixSideBySide ends only if all workloads that may run at once do.
func TestMatrixSideBySide(t *testing.T) {
	var together sync.WaitGroup
	together.Add(3)
	f := &fakeEngine{run: func(context.Context, api.RunOptions) error {
		together.Done()
		together.Wait()
		return nil
	}}
	m := &scheduler.Scheduler{Parallel: 3, LogDir: t.TempDir()}
	results, err := m.Run(t.Context(), tasks(f, "a", "b", "c"))
	if err != nil || states(results) != "a: passed, b: passed, c: passed" || f.most != 3 {
		t.Errorf("got %s, %v, %d at a time", states(results), err, f.most)
	}
}

func TestMatrixStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := &scheduler.Scheduler{LogDir: t.TempDir()}
	results, err := m.Run(ctx, tasks(&fakeEngine{}, "a", "b"))
	if got := states(results); err != nil || got != "a: not run, b: not run" {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestSecretsAreKeptNowhere: neither the log, the terminal nor the result has a secret, even
// if it is written in two pieces.
func TestSecretsAreKeptNowhere(t *testing.T) {
	const secret = "hunter2-hunter2"
	for _, raw := range []bool{false, true} {
		var shown bytes.Buffer
		var events []scheduler.Event
		m := &scheduler.Scheduler{LogDir: t.TempDir(), Raw: raw, Stdout: &shown, Stderr: &shown, Secrets: redact.New(secret), Watch: func(e scheduler.Event) { events = append(events, e) }}
		results, err := m.Run(t.Context(), []scheduler.Task{{Name: "a", Run: func(_ context.Context, s scheduler.Streams) outcome.Result {
			for _, part := range []string{"error: it is hun", "ter2-hunter2\n", "and hun", "dreds"} {
				_, _ = io.WriteString(s.Stdout, part)
			}
			return outcome.Result{State: outcome.Failed, Code: 1}
		}}})
		if err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(results[0].Log)
		if err != nil {
			t.Fatal(err)
		}
		if want := "error: it is [hidden]\nand hundreds"; string(log) != want {
			t.Errorf("raw %v: log %q, want %q", raw, log, want)
		}
		for _, text := range []string{shown.String(), results[0].Line, fmt.Sprint(events)} {
			if strings.Contains(text, "ter2") || !strings.Contains(text, redact.Hidden) {
				t.Errorf("raw %v: %q", raw, text)
			}
		}
	}
}

func TestMatrixLogs(t *testing.T) {
	f := &fakeEngine{run: func(context.Context, api.RunOptions) error { return nil }}
	m := &scheduler.Scheduler{LogDir: t.TempDir()}
	if _, err := m.Run(t.Context(), tasks(f, "../a", "b")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(m.LogDir, termtext.FileName("../a")+".log")); err != nil {
		t.Error(err)
	}
	if _, err := m.Run(t.Context(), tasks(f, "c", "b")); !errors.Is(err, os.ErrExist) {
		t.Errorf("a log was written over: %v", err)
	}
	m.LogDir = filepath.Join(m.LogDir, "nosuch")
	if _, err := m.Run(t.Context(), tasks(f, "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no place for logs: %v", err)
	}
}

func TestMatrixPrefixes(t *testing.T) {
	f := &fakeEngine{run: func(_ context.Context, o api.RunOptions) error {
		for _, part := range []string{"one\ntw", "o\n", "\r 10%\r 90%\r\n", "\x1b[31mred\x1b[0m \a\n", "no end"} {
			say(o.Stdout, part)
		}
		say(o.Stderr, "err\n")
		return nil
	}}
	var stdout, stderr bytes.Buffer
	m := &scheduler.Scheduler{LogDir: t.TempDir(), Stdout: &stdout, Stderr: &stderr}
	results, err := m.Run(t.Context(), tasks(f, "a", "long"))
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, line := range []string{"one", "two", " 90%", "red \uFFFD", "no end"} {
		want += "a    | " + line + "\n"
	}
	if want += strings.ReplaceAll(want, "a   ", "long"); stdout.String() != want {
		t.Errorf("stdout:\n%q\nwant\n%q", stdout.String(), want)
	}
	if want := "a    | STEP 1/1\na    | err\nlong | STEP 1/1\nlong | err\n"; stderr.String() != want {
		t.Errorf("stderr:\n%q\nwant\n%q", stderr.String(), want)
	}
	raw, err := os.ReadFile(results[0].Log)
	if want := "STEP 1/1\none\ntwo\n\r 10%\r 90%\r\n\x1b[31mred\x1b[0m \a\nno enderr\n"; err != nil || string(raw) != want {
		t.Errorf("log %q, %v; want %q", raw, err, want)
	}
}

func TestRunnerBootstraps(t *testing.T) {
	run := func(context.Context, api.RunOptions) error { return nil }
	w := named("a")[0]
	f := &fakeEngine{bases: map[string]bool{"a": true}, run: run}
	result := (&Runner{Engine: f}).Run(t.Context(), w, scheduler.Streams{})
	var failed *api.BuildError
	if result.State != outcome.NoImage || !errors.As(result.Err, &failed) || len(f.made) > 0 {
		t.Errorf("without being asked: %+v, made %v", result, f.made)
	}
	w.Image.Bootstrap = true
	w.Image.Base = bootstrap.Options{Reference: "base", Distro: "debian", Suite: "sid", Sources: []string{"deb http://m sid main"}}
	result = (&Runner{Engine: f}).Run(t.Context(), w, scheduler.Streams{})
	if result.State != outcome.Passed || !result.Built || !slices.Equal(f.made, []string{"base"}) || f.builds != 3 {
		t.Errorf("got %+v, made %v, %d builds", result, f.made, f.builds)
	}
}

func TestContainerOfWorkload(t *testing.T) {
	w := Workload{
		Image: envimage.Image{Build: api.BuildOptions{Tag: "i"}}, Tree: Tree{Dir: "/src"}, Command: []string{"make", "-k"},
		Limits: Limits{Memory: 5, CPUs: 2, Timeout: time.Minute, Network: api.NetworkNone, Devices: []string{"/dev/kvm"}},
	}
	o := w.options(scheduler.Streams{})
	if !slices.Equal(o.Mounts, []api.Mount{{Source: "/src", Target: MountPoint, Overlay: true}}) || o.WorkDir != MountPoint {
		t.Errorf("the tree is at %+v, the command in %s", o.Mounts, o.WorkDir)
	}
	if o.Memory != 5 || o.CPUs != 2 || o.Timeout != time.Minute || o.Network != api.NetworkNone || !slices.Equal(o.Devices, []string{"/dev/kvm"}) {
		t.Errorf("limits got lost: %+v", o)
	}
	if !slices.Equal(o.Command, []string{"make", "-k"}) {
		t.Errorf("the command is %q", o.Command)
	}
	w.Tree.MountAt = "/home/you/src"
	if o := w.options(scheduler.Streams{}); o.Mounts[0].Target != "/home/you/src" || o.WorkDir != "/home/you/src" {
		t.Errorf("the tree is at %+v, the command in %s", o.Mounts, o.WorkDir)
	}
	w.Tree.Sent = true
	if o := w.options(scheduler.Streams{}); len(o.Trees) != 1 || o.Trees[0].Target != "/home/you/src" {
		t.Errorf("the tree is sent to %+v", o.Trees)
	}
	w.Tree.Sent = false
	if w.Tree.Writable = true; w.options(scheduler.Streams{}).Mounts[0].Overlay {
		t.Error("a writable tree is an overlay")
	}
	w.Script = "/s"
	if got := w.options(scheduler.Streams{}).Command; !slices.Equal(got[len(got)-2:], w.Command) || len(got) != 6 {
		t.Errorf("a script with arguments runs as %q", got)
	}
	if w.Command = nil; w.options(scheduler.Streams{}).Command != nil {
		t.Error("a script without arguments has a command")
	}
}
