// SPDX-License-Identifier: GPL-2.0-or-later

package joblogs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/logtimes"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestShow(t *testing.T) {
	run := &jobrecord.Stored{Dir: t.TempDir(), Run: jobrecord.Run{Jobs: []jobrecord.Job{
		{Name: "a", State: outcome.Passed, Log: "a.log"},
		{Name: "long\nname", State: outcome.Failed, Log: "b.log"},
		{Name: "old", State: outcome.Passed, Log: "old.log"},
		{Name: "never", State: outcome.Skipped},
		{Name: "again #1", Of: "again", State: outcome.Passed, Log: "1.log"},
		{Name: "again #2", Of: "again", State: outcome.Passed, Log: "2.log"},
		{Name: "again #3", Of: "again", State: outcome.Passed, Log: "3.log"}, // removed while the record is written
		{Name: "gone", State: outcome.Passed, Log: "gone.log"},
		{Name: "outside", State: outcome.Passed, Log: "../../etc/passwd"},
	}}}
	put(t, run.Dir, map[string]string{
		"a.log": "one\x1b[2J\nthree\r\nend", "a.times": "0 1000\n8 3000\n15 5000\n",
		"b.log": "two\nfour\n", "b.times": "0 2000\n4 4000\n",
		"old.log": "without times\n", "1.log": "first\n", "2.log": "second\n",
	})
	for _, test := range []struct {
		jobs  []string
		stamp bool
		want  string
	}{
		{[]string{"a"}, false, "one\x1b[2J\nthree\r\nend"},
		{[]string{"a"}, true, "1970-01-01T00:00:01.000Z one\n1970-01-01T00:00:03.000Z three\n1970-01-01T00:00:05.000Z end\n"},
		{[]string{"a", "long\nname"}, false, "a         | one\nlong\ufffdname | two\na         | three\nlong\ufffdname | four\na         | end\n"},
		{[]string{"old"}, true, "without times\n"},
		{[]string{"never"}, false, ""},
		{[]string{"never", "old"}, false, "old   | without times\n"},
		{[]string{"again"}, false, "again #1 | first\nagain #2 | second\n"},
		{[]string{"again #2"}, false, "second\n"},
	} {
		var out bytes.Buffer
		if _, err := Show(t.Context(), Options{Run: run, Jobs: test.jobs, Timestamps: test.stamp, Out: &out}); err != nil {
			t.Errorf("%q: %v", test.jobs, err)
		}
		if out.String() != test.want {
			t.Errorf("%q: %q, want %q", test.jobs, out.String(), test.want)
		}
	}
	for job, want := range map[string]string{"gone": "cannot read the log of job \"gone\"", "outside": "is not in the directory of its run"} {
		if _, err := Show(t.Context(), Options{Run: run, Jobs: []string{job}, Out: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", job, err)
		}
	}
}

// TestLookups: the jobs of a record are read once, and not once for each log.
func TestLookups(t *testing.T) {
	run := &jobrecord.Stored{Dir: t.TempDir(), Run: jobrecord.Run{Jobs: []jobrecord.Job{
		{Name: "a", State: outcome.Passed, Log: "a.log"}, {Name: "b", State: outcome.Passed, Log: "b.log"},
	}}}
	put(t, run.Dir, map[string]string{"a.log": "one\n", "b.log": "two\n"})
	var out bytes.Buffer
	s := &show{Options: Options{Out: &out}, logs: []*log{{job: "a"}, {job: "b"}}, prefixed: true}
	s.set(run)
	run.Jobs = nil // a second look would find nothing
	if err := s.available(true); err != nil || out.String() != "a | one\nb | two\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestLongLines: a log without newlines is shown in pieces.
func TestLongLines(t *testing.T) {
	run := &jobrecord.Stored{Dir: t.TempDir(), Run: jobrecord.Run{Jobs: []jobrecord.Job{{Name: "a", State: outcome.Passed, Log: "a.log"}}}}
	put(t, run.Dir, map[string]string{"a.log": strings.Repeat("x", 5*maxLine+7)})
	var out bytes.Buffer
	if _, err := Show(t.Context(), Options{Run: run, Jobs: []string{"a"}, Timestamps: true, Out: &out}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "x"); n != 5*maxLine+7 || strings.Count(out.String(), "\n") < 5 {
		t.Errorf("%d bytes in %d lines", n, strings.Count(out.String(), "\n"))
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestFollow shows the log of a job that has not begun yet, until its end.
func TestFollow(t *testing.T) {
	store := &jobrecord.Store{Dir: t.TempDir()}
	live, err := store.Create()
	if err != nil {
		t.Fatal(err)
	}
	record := jobrecord.Run{ID: filepath.Base(live.Dir), Jobs: []jobrecord.Job{{Name: "a", State: outcome.Waiting}}}
	write := func() {
		t.Helper()
		if err := jobrecord.Write(live.Dir, &record); err != nil {
			t.Fatal(err)
		}
	}
	write()
	run, err := store.Find(record.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out lockedBuffer
	ended := make(chan error, 1)
	go func() {
		_, err := Show(t.Context(), Options{Run: run, Jobs: []string{"a"}, Follow: true, Timestamps: true, Out: &out})
		ended <- err
	}()
	put(t, live.Dir, map[string]string{"a.log": "begin\nhal", "a.times": "0 1000\n"})
	record.Jobs[0].State, record.Jobs[0].Log = outcome.Running, "a.log"
	write()
	for out.String() == "" {
		time.Sleep(time.Millisecond)
	}
	if got := out.String(); got != "1970-01-01T00:00:01.000Z begin\n" {
		t.Errorf("while it runs: %q", got)
	}
	file, err := os.OpenFile(filepath.Join(live.Dir, "a.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("f"); err != nil {
		t.Fatal(err)
	}
	record.Jobs[0].State = outcome.Passed
	write()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if want := "1970-01-01T00:00:01.000Z begin\n1970-01-01T00:00:01.000Z half\n"; out.String() != want {
		t.Errorf("in the end: %q, want %q", out.String(), want)
	}

	// The end of a killed run also ends the following, although its job has no end.
	record.Jobs[0].State = outcome.Running
	write()
	if err := live.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Show(t.Context(), Options{Run: run, Jobs: []string{"a"}, Follow: true, Out: &out}); err != nil {
		t.Error(err)
	}
}

// TestFollowRepetitions: repetitions that begin later are followed, until the run ends.
func TestFollowRepetitions(t *testing.T) {
	again := func(name string, state outcome.State, log string) jobrecord.Job {
		return jobrecord.Job{Name: name, Of: "a", State: state, Log: log, Image: "i"}
	}
	trigger, child := jobrecord.Job{Name: "a", State: outcome.Running}, jobrecord.Job{Name: "a/b", State: outcome.Passed, Log: "1.log", Image: "i"}
	for _, test := range []struct {
		jobs   []string
		stamp  bool
		failed bool
		before []jobrecord.Job
		after  []jobrecord.Job
		want   string
	}{
		{jobs: []string{"a"}, before: []jobrecord.Job{again("a #1", outcome.Passed, "1.log")}, after: []jobrecord.Job{again("a #2", outcome.Failed, "2.log")}, want: "a #1 | one\na #2 | two\n"},
		{before: []jobrecord.Job{again("a #1", outcome.Passed, "1.log")}, after: []jobrecord.Job{again("a #2", outcome.Failed, "2.log")}, want: "a #1 | one\na #2 | two\n"},
		{jobs: []string{"a*"}, after: []jobrecord.Job{again("a #1", outcome.Passed, "1.log"), again("a #2", outcome.Running, "2.log")}, want: "a #1 | one\na #2 | two\n"},
		{jobs: []string{"a"}, stamp: true, before: []jobrecord.Job{again("a #1", outcome.Passed, "1.log")}, after: []jobrecord.Job{again("a #2", outcome.Passed, "2.log")}, want: "a #1 | 1970-01-01T00:00:01.000Z one\na #2 | 1970-01-01T00:00:02.000Z two\n"},
		{jobs: []string{"a"}, failed: true, before: []jobrecord.Job{again("a #1", outcome.Passed, "1.log")}, after: []jobrecord.Job{again("a #2", outcome.Failed, "2.log")}, want: "a #2 | two\n"},
		{before: []jobrecord.Job{trigger}, after: []jobrecord.Job{child}, want: "a/b | one\n"},
	} {
		store := &jobrecord.Store{Dir: t.TempDir()}
		live, err := store.Create()
		if err != nil {
			t.Fatal(err)
		}
		put(t, live.Dir, map[string]string{"1.log": "one\n", "1.times": "0 1000\n", "2.log": "two\n", "2.times": "0 2000\n"})
		record := jobrecord.Run{ID: filepath.Base(live.Dir), Jobs: test.before}
		if err := jobrecord.Write(live.Dir, &record); err != nil {
			t.Fatal(err)
		}
		run, err := store.Find(record.ID)
		if err != nil {
			t.Fatal(err)
		}
		var out lockedBuffer
		ended := make(chan error, 1)
		go func() {
			names, err := Show(t.Context(), Options{Run: run, Jobs: test.jobs, Failed: test.failed, Follow: true, Timestamps: test.stamp, Out: &out})
			if err == nil && len(names) == 0 {
				err = errors.New("no names of jobs")
			}
			ended <- err
		}()
		select {
		case err := <-ended:
			t.Errorf("%q: ended while the run goes on: %v", test.jobs, err)
			continue
		case <-time.After(500 * time.Millisecond):
		}
		record.Jobs = append(record.Jobs, test.after...)
		if err := jobrecord.Write(live.Dir, &record); err != nil {
			t.Fatal(err)
		}
		if err := live.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil || out.String() != test.want {
			t.Errorf("%q: %q, %v, want %q", test.jobs, out.String(), err, test.want)
		}
	}
}

// TestFollowRefuses: a misspelt name is told at once, and that nothing failed at the end.
func TestFollowRefuses(t *testing.T) {
	store := &jobrecord.Store{Dir: t.TempDir()}
	live, err := store.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	record := jobrecord.Run{ID: filepath.Base(live.Dir), Jobs: []jobrecord.Job{{Name: "a #1", Of: "a", State: outcome.Passed}, {Name: "b", State: outcome.Passed, Image: "i"}}}
	if err := jobrecord.Write(live.Dir, &record); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Jobs: []string{"c"}}, `has no job "c"`},
		{Options{Jobs: []string{"b"}, Failed: true}, "no such job of run "},
	} {
		test.o.Run, test.o.Follow, test.o.Out = &jobrecord.Stored{Run: record, Dir: live.Dir}, true, &bytes.Buffer{}
		if _, err := Show(t.Context(), test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.o.Jobs, err, test.want)
		}
	}
}

func TestFollowIsStopped(t *testing.T) {
	store := &jobrecord.Store{Dir: t.TempDir()}
	live, err := store.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run := &jobrecord.Stored{Dir: live.Dir, Run: jobrecord.Run{Jobs: []jobrecord.Job{{Name: "a", State: outcome.Waiting}}}}
	if _, err := Show(ctx, Options{Run: run, Jobs: []string{"a"}, Follow: true, Out: &bytes.Buffer{}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestLogIsNoFile: other things in place of a log or its times are neither waited for nor
// read without limit.
func TestLogIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600), os.Symlink("/dev/zero", filepath.Join(dir, "zero")), syscall.Mkfifo(logtimes.File(filepath.Join(dir, "log")), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, map[string]string{"log": "text\n"})
	for _, name := range []string{"fifo", "zero", "log"} {
		var out bytes.Buffer
		run := &jobrecord.Stored{Dir: dir, Run: jobrecord.Run{Jobs: []jobrecord.Job{{Name: "a", State: outcome.Failed, Log: name}}}}
		_, err := Show(t.Context(), Options{Run: run, Jobs: []string{"a"}, Out: &out})
		if regular := name == "log"; regular != (err == nil) || regular != strings.Contains(out.String(), "text") || !regular && !errors.Is(err, safefs.ErrNotRegular) {
			t.Errorf("%s: %v, %.40q", name, err, out.String())
		}
	}
}
