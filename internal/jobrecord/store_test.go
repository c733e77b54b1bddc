// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestStore(t *testing.T) {
	s := &Store{Dir: filepath.Join(t.TempDir(), "runs"), Keep: 2}
	if runs := s.Runs(""); runs != nil {
		t.Errorf("runs before the first one: %v", runs)
	}
	var dirs []string
	for _, project := range []string{"/a", "/b", "/a"} {
		live, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		dir := live.Dir
		// Runs of one second would sort randomly, so each gets its own second.
		named := filepath.Join(s.Dir, "20260101-00000"+string(rune('0'+len(dirs)))+"-x")
		if err := os.Rename(dir, named); err != nil {
			t.Fatal(err)
		}
		run := &Run{ID: filepath.Base(named), Project: project, Jobs: []Job{{Name: "j", State: outcome.Failed, Env: []string{"A=b"}}}}
		if err := Write(named, run); err != nil {
			t.Fatal(err)
		}
		if back, err := Read(named); err != nil || !reflect.DeepEqual(back, run) {
			t.Errorf("read %+v, %v; want %+v", back, err, run)
		}
		dirs = append(dirs, named)
		if err := live.lock.Close(); err != nil {
			t.Fatal(err)
		}
		s.forget()
	}
	if runs := s.Runs(""); len(runs) != 2 || runs[0].Dir != dirs[2] || runs[1].Dir != dirs[1] {
		t.Errorf("kept %+v, want the two newest, newest first", runs)
	}
	if runs := s.Runs("/b"); len(runs) != 1 || runs[0].Dir != dirs[1] {
		t.Errorf("runs of /b: %+v", runs)
	}
	if r, err := s.Find("20260101-000002"); err != nil || r.Dir != dirs[2] {
		t.Errorf("found %+v, %v", r, err)
	}
	if _, err := s.Find("20260101-000000"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found what was forgotten: %v", err)
	}
	if _, err := s.Find("2026"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found one of two: %v", err)
	}
}

// TestSteps: the steps of a search neither take the place of other runs nor remove them.
func TestSteps(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: filepath.Join(dir, "runs"), Keep: 2, Latest: filepath.Join(dir, "latest")}
	latest := func() string {
		to, _ := os.Readlink(s.Latest)
		return strings.TrimPrefix(to, s.Dir+"/")
	}
	run := func(step bool) string {
		live, err := s.Create()
		if err == nil && step {
			err = live.MarkStep()
		}
		if err == nil {
			err = Write(live.Dir, &Run{ID: filepath.Base(live.Dir), Project: "/a"})
		}
		if err == nil {
			err = live.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Base(live.Dir)
	}
	first := run(true)
	if r, err := s.Newest("/a"); err != nil || r.ID != first {
		t.Errorf("of steps only: %+v, %v", r, err)
	}
	if latest() != "" {
		t.Errorf("of steps only: latest %q", latest())
	}
	want := []string{run(false), run(false)}
	var last []string
	for range 4 {
		last = append(last, run(true))
	}
	if r, err := s.Newest("/a"); err != nil || r.ID != want[1] {
		t.Errorf("the newest is %+v, %v, want %s", r, err, want[1])
	}
	if latest() != want[1] {
		t.Errorf("latest %q, want %s", latest(), want[1])
	}
	var got []string
	for _, r := range s.Runs("/a") {
		got = append(got, r.ID)
	}
	if want := []string{last[3], last[2], want[1], want[0]}; !slices.Equal(got, want) {
		t.Errorf("runs %q, want %q", got, want)
	}
}

func TestOrderWithinASecond(t *testing.T) {
	s := &Store{Dir: t.TempDir(), Keep: 50, Latest: filepath.Join(t.TempDir(), "latest")}
	for n := range 30 {
		live, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		id := filepath.Base(live.Dir)
		if err := errors.Join(Write(live.Dir, &Run{ID: id, Project: "p"}), live.Close()); err != nil {
			t.Fatal(err)
		}
		newest, err := s.Newest("p")
		if err != nil {
			t.Fatal(err)
		}
		if newest.ID != id {
			t.Fatalf("after run %d, %s, the newest is %s", n+1, id, newest.ID)
		}
	}
}

// TestStoreWithSpecialCharacters: the state directory is no pattern.
func TestStoreWithSpecialCharacters(t *testing.T) {
	s := &Store{Dir: filepath.Join(t.TempDir(), `a[b]*\`), Keep: 1}
	for _, id := range []string{"1", "2"} {
		live, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(Write(live.Dir, &Run{ID: id, Project: "p"}), live.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if runs := s.Runs(""); len(runs) != 1 || runs[0].ID != "2" {
		t.Errorf("kept %+v, want the newest", runs)
	}
}

// TestProjectByALink: a project has the same runs by each of its paths.
func TestProjectByALink(t *testing.T) {
	parent := t.TempDir()
	project, link, other := filepath.Join(parent, "project"), filepath.Join(parent, "link"), filepath.Join(parent, "other")
	if err := errors.Join(os.Mkdir(project, 0o700), os.Mkdir(other, 0o700), os.Symlink("project", link)); err != nil {
		t.Fatal(err)
	}
	s := &Store{Dir: filepath.Join(parent, "runs")}
	for _, path := range []string{project, link, other, filepath.Join(parent, "gone")} {
		live, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(Write(live.Dir, &Run{ID: filepath.Base(live.Dir), Project: path}), live.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]int{project: 2, link: 2, other: 1, filepath.Join(parent, "gone"): 1, filepath.Join(parent, "none"): 0} {
		runs := s.Runs(path)
		if newest, err := s.Newest(path); len(runs) != want || (err == nil) != (want > 0) || want > 0 && newest.ID != runs[0].ID {
			t.Errorf("%s: %d runs, newest %v, %v", path, len(runs), newest, err)
		}
	}
}

// TestReadOnlyHome: an error says what helps.
func TestReadOnlyHome(t *testing.T) {
	for cause, want := range map[error]bool{syscall.EROFS: true, syscall.EACCES: true, syscall.ENOSPC: false} {
		err := notKept(&os.PathError{Op: "mkdir", Path: "/home/u/.local", Err: cause})
		if !errors.Is(err, cause) || strings.HasPrefix(diag.Hint(err), "XDG_STATE_HOME ") != want {
			t.Errorf("%v, hint %q", err, diag.Hint(err))
		}
	}
}

// TestNamesOfRuns: names sort by time, and two runs of the same nanosecond get different
// names.
func TestNamesOfRuns(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	nanoseconds := []int{9, 9, 10, 10, 999_999_999}
	clock := func() time.Time {
		n := nanoseconds[0]
		nanoseconds = nanoseconds[1:]
		return time.Date(2026, 1, 2, 3, 4, 5, n, time.UTC)
	}
	for range 3 {
		if _, err := s.makeDir(clock); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, dir := range s.dirs() {
		names = append(names, filepath.Base(dir))
	}
	want := []string{"20260102-030405-000000009", "20260102-030405-000000010", "20260102-030405-999999999"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// TestClockThatGoesBack: a run is the newest one even if others have later times, which
// otherwise would be retried in its place, and is not forgotten at once.
func TestClockThatGoesBack(t *testing.T) {
	s := &Store{Dir: t.TempDir(), Keep: 2}
	for _, name := range []string{"29991231-235959-999999998", "29991231-235959-999999999"} {
		if err := errors.Join(os.Mkdir(filepath.Join(s.Dir, name), 0o700), Write(filepath.Join(s.Dir, name), &Run{ID: name, Project: "p"})); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		live, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		id := filepath.Base(live.Dir)
		if err := errors.Join(Write(live.Dir, &Run{ID: id, Project: "p"}), live.Close()); err != nil {
			t.Fatal(err)
		}
		newest, err := s.Newest("p")
		if err != nil || newest.ID != id {
			t.Fatalf("the newest is %v, %v, want %s", newest, err, id)
		}
	}
	for name, want := range map[string]string{"99999999-1-x": "", "x": "", "": "", "20260102-030405-x": "", "20260102-030459-999999999": "20260102-030500-000000000"} {
		if got := after(name); got != want {
			t.Errorf("after %q: %q, want %q", name, got, want)
		}
	}
}

// TestForget: runs without a result do not count against the limit, and a run in progress is
// not removed.
func TestForget(t *testing.T) {
	s := &Store{Dir: filepath.Join(t.TempDir(), "runs"), Keep: 2}
	recorded := func(live *Live) string {
		t.Helper()
		if err := Write(live.Dir, &Run{ID: filepath.Base(live.Dir)}); err != nil {
			t.Fatal(err)
		}
		return live.Dir
	}
	n := 0
	create := func() *Live { // older than killed, in order
		t.Helper()
		live, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		n++
		named := filepath.Join(s.Dir, fmt.Sprintf("20200101-0001%02d-x", n))
		if err := os.Rename(live.Dir, named); err != nil {
			t.Fatal(err)
		}
		if err := live.lock.Close(); err != nil {
			t.Fatal(err)
		}
		live.Dir, live.lock = named, lockOf(named)
		if _, err := live.lock.TryLock(); err != nil {
			t.Fatal(err)
		}
		return live
	}
	long := create()
	recorded(long)
	killed := filepath.Join(s.Dir, "20200101-000001-killed")
	if err := os.MkdirAll(killed, 0o700); err != nil {
		t.Fatal(err)
	}
	first := create()
	kept := recorded(first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for range 21 {
		failing := create()
		if err := failing.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(failing.Dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a run without a record left its directory: %v", err)
		}
	}
	if runs := s.Runs(""); len(runs) != 2 {
		t.Errorf("failing runs left %+v", runs)
	}
	for range 3 {
		live := create()
		recorded(live)
		if err := live.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]bool{long.Dir: true, kept: false, killed: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", dir, err == nil, want)
		}
	}
	for _, dir := range s.dirs() {
		if _, err := os.Lstat(filepath.Join(dir, "lock")); err == nil && dir != long.Dir {
			t.Errorf("%s has a lock", dir)
		}
	}
}

// TestBrokenRecords skips damaged records, and reports them if asked.
func TestBrokenRecords(t *testing.T) {
	s := &Store{Dir: t.TempDir()}
	for name, text := range map[string]string{"20260101-000000-a": "{", "20260101-000001-b": "[]", "20260101-000002-c": `{"jobs": 3}`} {
		dir := filepath.Join(s.Dir, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, recordFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find(name); err == nil {
			t.Errorf("%s: %q is a record", name, text)
		}
	}
	if runs := s.Runs(""); runs != nil {
		t.Errorf("runs: %+v", runs)
	}
}

func TestOK(t *testing.T) {
	for _, test := range []struct {
		job  Job
		want bool
	}{
		{Job{State: outcome.Passed}, true},
		{Job{State: outcome.Failed, Allowed: true}, true},
		{Job{State: outcome.Skipped}, true},
		{Job{State: outcome.Skipped, Line: "needs a: failed (1)"}, false},
		{Job{State: outcome.Failed}, false},
		{Job{State: outcome.TimedOut}, false},
		{Job{State: outcome.NotRun}, false},
		{Job{State: outcome.Running}, false},
	} {
		if got := (&Run{Jobs: []Job{{State: outcome.Passed}, test.job}}).OK(); got != test.want {
			t.Errorf("%+v: %v, want %v", test.job, got, test.want)
		}
	}
}

// TestLatest: the link leads to the newest run, even if that is in progress, and never to
// one without a result.
func TestLatest(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: filepath.Join(dir, "runs"), Latest: filepath.Join(dir, "latest")}
	latest := func() string {
		to, _ := os.Readlink(s.Latest)
		return to
	}
	first, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(first.Dir, &Run{ID: "first"}); err != nil {
		t.Fatal(err)
	}
	if latest() != first.Dir || !GoesOn(first.Dir) {
		t.Errorf("latest %q, live %v while the first run goes on", latest(), GoesOn(first.Dir))
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if GoesOn(first.Dir) {
		t.Error("a run that is over is live")
	}
	if _, err := os.Lstat(filepath.Join(first.Dir, "lock")); err == nil {
		t.Error("asking whether a run goes on made its lock")
	}
	nothing, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if err := nothing.Close(); err != nil {
		t.Fatal(err)
	}
	if latest() != first.Dir {
		t.Errorf("latest %q after a run that came to nothing", latest())
	}
	if runs := s.Runs(""); len(runs) != 1 {
		t.Errorf("with the link there are runs %+v", runs)
	}
	if err := os.RemoveAll(first.Dir); err != nil {
		t.Fatal(err)
	}
	s.link("")
	if latest() != "" {
		t.Errorf("latest %q without runs", latest())
	}
	if err := os.WriteFile(s.Latest, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(s.Latest); string(text) != "mine" {
		t.Errorf("a file of the user's became %q, %v", text, err)
	}
}

func TestStoresOfAUser(t *testing.T) {
	jobs, err := JobRuns("/state")
	if err != nil || jobs.Dir != "/state/runs" || jobs.Latest != "/state/latest" {
		t.Errorf("%+v, %v", jobs, err)
	}
	targets, err := TargetRuns("/state")
	if err != nil || targets.Dir != "/state/target-runs" || targets.Latest != "" {
		t.Errorf("%+v, %v", targets, err)
	}
	if _, err := JobRuns(""); err == nil {
		t.Error("a store without a state directory")
	}
}
