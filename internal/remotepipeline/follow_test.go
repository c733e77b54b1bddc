// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Jobs of passes begin after one minute and end after two.
func passes(id int64, name string) *fakeJob { return ends(id, name, "success") }

func fails(id int64, name string) *fakeJob { return ends(id, name, "failed") }

func ends(id int64, name, status string) *fakeJob {
	return &fakeJob{id: id, name: name, stage: "test", log: "hello from " + name + "\n",
		phases: []phase{{0, "pending"}, {time.Minute, "running"}, {2 * time.Minute, status}}}
}

func manual(id int64, name string) *fakeJob {
	return &fakeJob{id: id, name: name, stage: "test", log: "played\n",
		phases: []phase{{0, "manual"}, {0, "pending"}, {time.Minute, "running"}, {2 * time.Minute, "success"}}}
}

func TestPipelineIsFollowedToItsEnd(t *testing.T) {
	w := newWorld(t, passes(1, "x86_64-debian-13"), fails(2, "s390x/cross"))
	w.gitLab.jobs[1].allow = true
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := states(result); got != "x86_64-debian-13 passed, s390x/cross failed allowed" || !result.OK() || result.Status != "success" {
		t.Errorf("got %s, %s, ok %v", got, result.Status, result.OK())
	}
	if result.URL != address+"/group/name/-/pipelines/4711" {
		t.Errorf("URL %q", result.URL)
	}
	if got := read(t, w.gitLab.pushed); got != "GIT_PUSH_OPTION_0=ci.variable=RUN_PIPELINE=1\nGIT_PUSH_OPTION_COUNT=1\n" {
		t.Errorf("push options %q", got)
	}
	if got := git(t, w.bare, "rev-parse", "topic"); got != w.gitLab.commit {
		t.Errorf("pushed %s", got)
	}
	if log := result.Jobs[1].Log; filepath.Base(log) != termtext.FileName("s390x/cross")+".log" || read(t, log) != "hello from s390x/cross\n" {
		t.Errorf("log %q", log)
	}
	want := "waiting running passed"
	if got := w.statesOf("x86_64-debian-13"); got != want {
		t.Errorf("updates %q, want %q", got, want)
	}
	for _, u := range w.updates {
		if u.Job != "" && u.State.Ended() != (u.Ended != nil) {
			t.Errorf("update %+v", u)
		}
	}
}

func (w *world) statesOf(job string) string {
	var all []string
	for _, u := range w.updates {
		if u.Job == job && u.State != "" {
			all = append(all, string(u.State))
		}
	}
	return strings.Join(all, " ")
}

func (w *world) linesOf(job string) string {
	var all []string
	for _, u := range w.updates {
		if u.Job == job && u.Line != "" {
			all = append(all, u.Line)
		}
	}
	return strings.Join(all, "\n")
}

func TestEnds(t *testing.T) {
	cases := []struct {
		name   string
		jobs   []*fakeJob
		change func(*world)
		want   string
		ok     bool
	}{
		{name: "a required job fails", jobs: []*fakeJob{passes(1, "a"), fails(2, "b")}, want: "a passed, b failed"},
		{name: "a job takes too long", jobs: []*fakeJob{fails(1, "a")}, want: "a timed out",
			change: func(w *world) { w.gitLab.jobs[0].reason = "job_execution_timeout" }},
		{name: "the runner fails", jobs: []*fakeJob{fails(1, "a")}, want: "a engine error",
			change: func(w *world) { w.gitLab.jobs[0].reason = "runner_system_failure" }},
		{name: "a job is skipped", jobs: []*fakeJob{fails(1, "a"), {id: 2, name: "b", phases: []phase{{0, "created"}, {2 * time.Minute, "skipped"}}}},
			want: "a failed, b skipped"},
		{name: "somebody else cancels it", jobs: []*fakeJob{ends(1, "a", "canceled")}, want: "a stopped"},
		{name: "manual jobs are not waited for", jobs: []*fakeJob{passes(1, "a"), manual(2, "b")}, want: "a passed, b not run", ok: true},
		{name: "manual jobs block what comes after", ok: true,
			jobs:   []*fakeJob{passes(1, "a"), manual(2, "b"), {id: 3, name: "c", phases: []phase{{0, "created"}}}},
			change: func(w *world) { w.gitLab.status = "manual" }, want: "a not run, b not run, c not run"},
		{name: "jobs that are not named do not count", jobs: []*fakeJob{passes(1, "a"), fails(2, "b")}, ok: true,
			change: func(w *world) { w.options.Jobs = []string{"a"} }, want: "a passed"},
		{name: "globs", jobs: []*fakeJob{passes(1, "x86_64/a"), passes(2, "x86_64/b"), passes(3, "s390x/a")}, ok: true,
			change: func(w *world) { w.options.Jobs = []string{"x86*"} }, want: "x86_64/a passed, x86_64/b passed"},
		{name: "copies of a job", jobs: []*fakeJob{passes(1, "a 1/2"), passes(2, "a 2/2"), passes(3, "b: [x, y]"), passes(4, "ab")}, ok: true,
			change: func(w *world) { w.options.Jobs = []string{"a", "b: [x, y]"} }, want: "a 1/2 passed, a 2/2 passed, b: [x, y] passed"},
		{name: "needed jobs come along", jobs: []*fakeJob{passes(1, "image"), passes(2, "a"), passes(3, "b")}, ok: true,
			change: func(w *world) {
				w.options.Jobs, w.options.Needs = []string{"a"}, map[string][]string{"a": {"image"}, "image": {"a"}}
			}, want: "image passed, a passed"},
		{name: "named manual jobs are played, with those they need", jobs: []*fakeJob{manual(1, "a"), manual(2, "b"), manual(3, "c")}, ok: true,
			change: func(w *world) { w.options.Jobs, w.options.Needs = []string{"a"}, map[string][]string{"a": {"b"}} },
			want:   "a passed, b passed"},
		{name: "manual jobs that a glob means are not played", jobs: []*fakeJob{passes(1, "test"), manual(2, "deploy")}, ok: true,
			change: func(w *world) { w.options.Jobs = []string{"*"} }, want: "test passed, deploy not run"},
		{name: "a job was started again", ok: true,
			jobs: []*fakeJob{fails(1, "a"), {id: 9, name: "a", from: 150 * time.Second, phases: []phase{{0, "pending"}, {3 * time.Minute, "running"}, {4 * time.Minute, "success"}}, log: "well\n"},
				ends(2, "b", "running")},
			change: func(w *world) {
				w.gitLab.jobs[0].until = 150 * time.Second
				w.gitLab.jobs[2].phases = []phase{{0, "running"}, {5 * time.Minute, "success"}}
			}, want: "a passed, b passed"},
		{name: "a server that lists what was started again too", ok: true,
			jobs: []*fakeJob{passes(8, "a"), fails(1, "a"), fails(7, "a")}, change: func(w *world) { w.gitLab.jobs[1].allow, w.gitLab.jobs[2].allow = true, true }, want: "a passed"},
		{name: "many pages", jobs: manyJobs(250), ok: true, change: func(w *world) { w.options.Jobs = []string{"job 250"} }, want: "job 250 passed"},
		{name: "small pages", jobs: manyJobs(7), ok: true,
			change: func(w *world) { w.gitLab.perPage, w.options.Jobs = 3, []string{"job 1", "job 7"} }, want: "job 1 passed, job 7 passed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.jobs...)
			if c.change != nil {
				c.change(w)
			}
			result, err := w.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if got := states(result); got != c.want || result.OK() != c.ok {
				t.Errorf("got %s (%s, ok %v), want %s", got, result.Status, result.OK(), c.want)
			}
		})
	}
}

func manyJobs(n int64) []*fakeJob {
	var jobs []*fakeJob
	for i := int64(1); i <= n; i++ {
		jobs = append(jobs, passes(i, "job "+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))))
		jobs[i-1].name = "job " + strings.TrimLeft(jobs[i-1].name[4:], "0")
	}
	return jobs
}

func TestAgainIsTold(t *testing.T) {
	w := newWorld(t, fails(1, "a"), &fakeJob{id: 9, name: "a", from: 150 * time.Second, log: "well\n",
		phases: []phase{{0, "pending"}, {3 * time.Minute, "running"}, {4 * time.Minute, "success"}}})
	w.gitLab.jobs[0].until = 150 * time.Second
	w.gitLab.jobs = append(w.gitLab.jobs, &fakeJob{id: 2, name: "b", phases: []phase{{0, "running"}, {5 * time.Minute, "success"}}})
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.statesOf("a"); got != "waiting running failed waiting running passed" {
		t.Errorf("told %q", got)
	}
	if got := w.linesOf("a"); got != "hello from a\nstarted again on the server\nwell" {
		t.Errorf("told %q", got)
	}
	if got := read(t, result.Jobs[0].Log); got != "well\n" {
		t.Errorf("log %q", got)
	}
}

func TestChildPipelines(t *testing.T) {
	trigger := func(status string) *fakeJob {
		return &fakeJob{id: 50, name: "more", stage: "test", bridge: true, phases: []phase{{0, "pending"}, {30 * time.Second, status}}}
	}
	cases := []struct {
		name    string
		bridge  *fakeJob
		foreign bool
		named   []string
		want    string
		ok      bool
	}{
		{name: "followed", bridge: trigger("success"), want: "a passed, more passed, more/inner failed allowed", ok: true},
		{name: "that the parent depends on", bridge: trigger("failed"), want: "a passed, more failed, more/inner failed"},
		{name: "of another project", bridge: trigger("success"), foreign: true, want: "a passed, more passed", ok: true},
		{name: "named by its trigger", bridge: trigger("success"), named: []string{"more"}, want: "more passed, more/inner failed allowed", ok: true},
		{name: "named by its own job", bridge: trigger("failed"), named: []string{"inner"}, want: "more/inner failed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"), c.bridge)
			w.gitLab.children = map[int64][]*fakeJob{50: {fails(60, "inner")}}
			w.gitLab.foreign = c.foreign
			w.options.Jobs = c.named
			result, err := w.run(t)
			if err != nil {
				t.Fatal(err)
			}
			if got := states(result); got != c.want || result.OK() != c.ok {
				t.Errorf("got %s (%s, ok %v), want %s", got, result.Status, result.OK(), c.want)
			}
		})
	}
}

func TestUnknownJobCancelsThePipeline(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	w.options.Jobs = []string{"a", "nosuch*"}
	_, err := w.run(t)
	if err == nil || !strings.Contains(err.Error(), `no such job in the pipeline: "nosuch*"; there are a`) || w.gitLab.cancelled.IsZero() {
		t.Errorf("error %v, cancelled %v", err, w.gitLab.cancelled)
	}
}

func TestLogs(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	log := "\x1b[0Ksection_start:1560896352:build[collapsed=true]\r\x1b[0K\x1b[36;1mBuild\x1b[0;m\n" +
		"2024-05-22T12:43:46.962646Z 00O \x1b[32;1m$ make\x1b[0;m\n" +
		"10%\r50%\r100%\r\n\x1b]0;title\x07bell\x07 and \x9b\n" + marker + "\n" +
		"section_end:1560896353:build\r\x1b[0K\n" +
		"section_end:1560896353:build\r\x1b[0Klast"
	w.gitLab.jobs[0].log = log
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	want := "Build\n$ make\n100%\nbell\uFFFD and \uFFFD\n" + redact.Hidden + "\nlast"
	if got := w.linesOf("a"); got != want {
		t.Errorf("lines %q, want %q", got, want)
	}
	if got := read(t, result.Jobs[0].Log); got != strings.ReplaceAll(log, marker, redact.Hidden) {
		t.Errorf("log %q, want it as it is but for the token", got)
	}
}

func TestLogsAreBounded(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	w.options.Limits.Log = 1000
	w.gitLab.jobs[0].log = strings.Repeat("0123456789\n", 1000)
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, result.Jobs[0].Log); len(got) != 1000 || !strings.Contains(strings.Join(result.Jobs[0].Notes, ""), "cut after 1000 bytes") {
		t.Errorf("%d bytes, notes %q", len(got), result.Jobs[0].Notes)
	}
}

// TestArtifactsOfAnotherRun: artifacts that another run in the project uses are not
// replaced before it has ended.
func TestArtifactsOfAnotherRun(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	w.gitLab.jobs[0].archive = zipped(t, entry{"out", 0o644, "new"})
	err := w.options.Artifacts.Replace("a", func(d *safefs.Dir) error { return d.WriteFile("out", []byte("old"), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
	held, ok, err := w.options.Artifacts.Lock("a", true)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	out := filepath.Join(w.options.Artifacts.Dir("a"), "out")
	waited, watch := false, w.options.Watch
	w.options.Watch = func(u Update) {
		watch(u)
		if strings.Contains(u.Line, `another run uses the artifacts of job "a"`) {
			waited = true
			if text := read(t, out); text != "old" {
				t.Errorf("replaced by %q", text)
			}
			_ = held.Close()
		}
	}
	if _, err := w.run(t); err != nil || !waited {
		t.Errorf("waited: %v, %v", waited, err)
	}
	if text := read(t, out); text != "new" {
		t.Errorf("after the other run: %q", text)
	}
}

// TestReportsBesideAnotherRun: a test report is added to the artifacts of a job when no other
// run uses them, and not to those that another run has stored.
func TestReportsBesideAnotherRun(t *testing.T) {
	for _, stores := range []bool{false, true} {
		w := newWorld(t, passes(1, "unit"))
		w.gitLab.jobs[0].junit = true
		other := artifacts.In(filepath.Dir(w.bare))
		var held *os.File
		w.gitLab.override = func(_ http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/test_report") || held != nil {
				return
			}
			var ok bool
			var err error
			if held, ok, err = other.Lock("unit", false); !ok || err != nil {
				t.Error(ok, err)
			}
		}
		waited, watch := false, w.options.Watch
		report := filepath.Join(other.Dir("unit"), reportFile)
		w.options.Watch = func(u Update) {
			watch(u)
			if !strings.Contains(u.Line, `another run uses the artifacts of job "unit"`) {
				return
			}
			waited = true
			if _, err := os.Lstat(report); err == nil {
				t.Error("a report is added while another run uses the artifacts")
			}
			if stores {
				if err := other.Replace("unit", func(d *safefs.Dir) error { return d.WriteFile("out", []byte("theirs"), 0o644) }); err != nil {
					t.Error(err)
				}
			}
			_ = held.Close()
		}
		result, err := w.run(t)
		if err != nil || !waited {
			t.Fatalf("waited: %v, %v", waited, err)
		}
		job := result.Jobs[0]
		if _, err := os.Lstat(report); (err != nil) != stores || (len(job.JUnit) == 0) != stores || strings.Contains(strings.Join(job.Notes, ""), "another run has stored") != stores {
			t.Errorf("another run stores: %v, %v, %+v", stores, err, job)
		}
	}
}

// TestLogsStayPrivate: a log is never in /tmp, where other users of the machine could
// read it.
func TestLogsStayPrivate(t *testing.T) {
	temp := t.TempDir()
	w := newWorld(t, passes(1, "a"))
	t.Setenv("TMPDIR", temp)
	asked := false
	w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/trace") {
			return
		}
		asked = true
		entries, err := os.ReadDir(temp)
		for _, e := range entries {
			if strings.Contains(e.Name(), ".log") || err != nil {
				t.Errorf("%s, %v", e.Name(), err)
			}
		}
	}
	if _, err := w.run(t); err != nil || !asked {
		t.Errorf("asked for a log: %v, %v", asked, err)
	}
}

// TestAllLogsAreBounded: many jobs do not fill the disk.
func TestAllLogsAreBounded(t *testing.T) {
	w := newWorld(t, passes(1, "a"), passes(2, "b"), passes(3, "c"))
	w.options.Limits.Logs = 150 << 10
	for _, j := range w.gitLab.jobs {
		j.log = strings.Repeat("0123456789\n", 9000)
	}
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	size, notes := 0, ""
	for _, j := range result.Jobs {
		size += len(read(t, j.Log))
		notes += strings.Join(j.Notes, "")
	}
	if size > 150<<10 || strings.Count(notes, "the log is cut: all logs together have more than 153600 bytes") < 2 {
		t.Errorf("%d bytes, notes %q", size, notes)
	}
}

// TestAllArtifactsAreBounded: the artifacts of many jobs do not fill the disk.
func TestAllArtifactsAreBounded(t *testing.T) {
	w := newWorld(t, passes(1, "large"), passes(2, "small"))
	w.options.Limits.Artifacts = 50 << 10
	w.gitLab.jobs[0].archive = zipped(t, entry{"out", 0o644, strings.Repeat("\x00", 100<<10)})
	w.gitLab.jobs[1].archive = zipped(t, entry{"out", 0o644, ""})
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if j := result.Jobs[0]; j.Artifacts != "" || !strings.Contains(strings.Join(j.Notes, ""), "the artifacts of all jobs together are larger than allowed") {
		t.Errorf("stored in %q, notes %q", j.Artifacts, j.Notes)
	}
}

// TestInventedJobs: a server that names other jobs at each poll, or starts one again at
// each, ends the run or the downloads.
func TestInventedJobs(t *testing.T) {
	o := Options{Watch: func(Update) {}, Artifacts: artifacts.In(t.TempDir()), Logs: t.TempDir(), Limits: Limits{Jobs: 3}}
	f := newFollower(&session{o: &o}, 1)
	poll := func(j seenJob) error {
		_, _, err := f.apply(t.Context(), &snapshot{pipeline: &gitlabapi.Pipeline{Status: "running"}, jobs: []seenJob{j}})
		return err
	}
	var err error
	for n := int64(1); n <= 4; n++ {
		err = poll(seenJob{id: n, name: fmt.Sprint("job ", n), state: outcome.Waiting, status: "created"})
		if (err != nil) != (n == 4) {
			t.Errorf("job %d: %v", n, err)
		}
	}
	if !errors.Is(err, errTooLarge) || len(f.jobs) != 3 {
		t.Errorf("%d jobs, %v", len(f.jobs), err)
	}
	f.begun = 6
	if err := poll(seenJob{id: 9, name: "job 1", state: outcome.Failed, status: "failed", started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	f.waiting.Wait()
	if notes := strings.Join(f.jobs["job 1"].Notes, ""); notes != "no log and no artifacts: the jobs were started too often" {
		t.Errorf("notes %q", notes)
	}
}

// A log of 100 MB is not kept in memory.
func TestLongLogsAreStreamed(t *testing.T) {
	const size = 100 << 10 // lines
	w := newWorld(t, passes(1, "a"))
	line := strings.Repeat("0123456789abcdef", 64) + "\n"
	chunk := bytes.Repeat([]byte(line), 64)
	w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
		for sent := 0; strings.HasSuffix(r.URL.Path, "/trace") && sent < size*len(line); sent += len(chunk) {
			if _, err := rw.Write(chunk); err != nil {
				return
			}
		}
	}
	lines, peak := 0, uint64(0)
	w.options.Watch = func(u Update) {
		if u.Line != "" {
			lines++
		}
		if lines%10_000 == 1 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(result.Jobs[0].Log)
	if err != nil || info.Size() != int64(size*len(line)) || lines < size {
		t.Errorf("%v, %v, %d lines", info, err, lines)
	}
	if peak > 60<<20 {
		t.Errorf("%d MiB in use", peak>>20)
	}
}

func TestArtifacts(t *testing.T) {
	archive := zipped(t, entry{"build/", os.ModeDir | 0o755, ""}, entry{"build/a.out", 0o755, "elf"},
		entry{"build/reports/unit.xml", 0o644, "<testsuite/>"}, entry{"link", os.ModeSymlink | 0o777, "build/a.out"},
		entry{"out", os.ModeSymlink | 0o777, "../../elsewhere"})
	w := newWorld(t, passes(1, "build"), passes(2, "unit"), passes(3, "gone"), passes(4, "bare"))
	jobs := w.gitLab.jobs
	jobs[0].archive, jobs[0].junit = archive, true
	jobs[1].junit = true
	jobs[2].archive, jobs[2].expired = archive, true
	w.options.JUnit = map[string][]string{"build": {"build/reports/*.xml", "../../etc/*"}}
	stale := filepath.Join(w.options.Artifacts.Dir("bare"), "stale")
	write(t, stale, "of an earlier run", 0o644)
	write(t, filepath.Join(w.options.Artifacts.Dir("build"), "stale"), "of an earlier run", 0o644)
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	dir := w.options.Artifacts.Dir("build")
	got := result.Jobs[0]
	if got.Artifacts != dir || read(t, filepath.Join(dir, "link")) != "elf" || len(got.JUnit) != 1 ||
		got.JUnit[0] != filepath.Join(dir, "build/reports/unit.xml") {
		t.Errorf("job %+v", got)
	}
	if info, err := os.Stat(filepath.Join(dir, "build/a.out")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("a.out: %v, %v", info, err)
	}
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], `"out": it is a link to`) {
		t.Errorf("notes %q", got.Notes)
	}
	if r := result.Jobs[1]; len(r.JUnit) != 1 || !strings.Contains(read(t, r.JUnit[0]), "<failure>1/0 &lt;&amp;&gt;</failure>") {
		t.Errorf("job %+v", r)
	}
	if r := result.Jobs[2]; r.Artifacts != "" || !strings.Contains(strings.Join(r.Notes, ""), "expired on") {
		t.Errorf("job %+v", r)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "*"))
	hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".*"))
	if err != nil || len(left) != 2 || len(hidden) != 0 {
		t.Errorf("left %v %v, %v", left, hidden, err)
	}
}

// After an error no file is left: artifacts of an earlier run are not taken for those of
// this one.
func TestArtifactsThatCannotBeFetched(t *testing.T) {
	w := newWorld(t, passes(1, "broken"), passes(2, "gone"), passes(3, "skipped"))
	jobs := w.gitLab.jobs
	jobs[0].archive = []byte("no archive at all")
	jobs[1].archive, jobs[1].expired = zipped(t, entry{"out", 0o644, "x"}), true
	for _, j := range jobs {
		write(t, filepath.Join(w.options.Artifacts.Dir(j.name), "out"), "of an earlier run", 0o644)
	}
	result, err := w.run(t)
	if err != nil {
		t.Fatal(err)
	}
	for i, j := range result.Jobs {
		if _, err := os.Lstat(w.options.Artifacts.Dir(j.Name)); err == nil || j.Artifacts != "" {
			t.Errorf("%s: artifacts of an earlier run are still there, %q", j.Name, j.Artifacts)
		}
		if i < 2 && len(j.Notes) == 0 {
			t.Errorf("%s: nothing is said about the artifacts", j.Name)
		}
	}
}
