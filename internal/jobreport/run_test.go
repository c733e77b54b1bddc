// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// script must be quoted in every report.
const script = `<script>alert("1")</script>`

// sample is a run with most states and fields.
func sample(t *testing.T) *jobrecord.Stored {
	t.Helper()
	artifacts, err := filepath.Abs("testdata/artifacts")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	deb := func(gcc string) []string {
		return []string{"gcc_" + gcc + "_amd64", "libc6_2.36-9_amd64", "meson_1.0.1-5_all"}
	}
	return &jobrecord.Stored{Dir: "testdata/run", Run: jobrecord.Run{
		ID: "20260102-030405-1", Project: "/src/hello", Event: "merge_request_event", Engine: "unix:///run/podman.sock",
		Started: begin, Ended: at(95),
		Jobs: []jobrecord.Job{
			{Name: "x86_64-debian-12-container", Stage: "containers", Target: "debian-12", Arch: "x86_64", Kind: "container",
				State: outcome.Passed, Started: at(0), Duration: 31.25},
			{Name: "x86_64-debian-12", Stage: "builds", Target: "debian-12", Arch: "x86_64", Kind: "build", Needs: []string{"x86_64-debian-12-container"},
				State: outcome.Failed, Code: 1, Line: "../src/hello.c:12:3: error: implicit declaration of function 'strlcpy' [-Wimplicit-function-declaration]",
				Command: "meson compile -C build", Started: at(31.5), Duration: 22, Log: "x86_64-debian-12.log", Container: "lcitool-kept-1",
				Crashes: []jobrecord.Crash{{
					Signal: "SIGSEGV", Command: "./hello --all", Executable: "/builds/hello/hello", BuildID: "0ab1", Core: "/builds/hello/core", Size: 319488, Saved: true,
					Dir: "/runs/1/x86_64-debian-12-crash-1", Debugger: true, Frames: []string{"#0  main () at hello.c:12"}, Notes: []string{"the executable is not saved: it has 300 MiB"},
				}},
				Packages: deb("12.2.0-3"), Env: []string{"CI_JOB_TOKEN=secret-value"},
				Phases: []jobrecord.Phase{{Name: "image", Duration: 1}, {Name: "prepare", Duration: 2.5}, {Name: "script", Duration: 18}, {Name: "artifacts", Duration: .5}},
				Commands: []jobrecord.Command{
					{Stage: "script", Command: "meson setup build", Started: at(35), Duration: 5}, {Stage: "script", Command: "meson compile -C build", Started: at(40), Duration: 13},
				}},
			{Name: "x86_64-debian-13", Stage: "builds", Target: "debian-13", Arch: "x86_64", Kind: "build",
				State: outcome.Passed, Started: at(2), Duration: 40, Coverage: "93.5", Log: "x86_64-debian-13.log", Packages: deb("14.2.0-1"),
				Artifacts: artifacts, JUnit: []string{"tests/junit.xml", "tests/none.xml"}},
			{Name: "x86_64-fedora-44-cross-mingw64-with-a-name-longer-than-anybody-wants", Target: "fedora-44", Arch: "x86_64", Kind: "build",
				State: outcome.Failed, Code: 77, Allowed: true, Line: "FAIL: it", Started: at(42), Duration: 12},
			{Name: "image", Target: "debian-sid", Arch: "x86_64", State: outcome.NoImage, Line: "cannot build image x", Started: at(5), Duration: 3, Log: "no-image.log"},
			{Name: "slow", State: outcome.TimedOut, Line: "the command did not end within 30s and was killed", Started: at(60), Duration: 30},
			{Name: "stopped", State: outcome.Stopped, Started: at(80), Duration: 15},
			{Name: "pages", Needs: []string{"x86_64-debian-12"}, State: outcome.Skipped, Line: "needs x86_64-debian-12: failed (1)"},
			{Name: "later", State: outcome.NotRun},
		},
	}}
}

// hostile is a run in which every string must be quoted.
func hostile(t *testing.T) *jobrecord.Stored {
	t.Helper()
	bad := script + "\x00\x1b[31m\u202e]]>--><![CDATA[ \xff \"'`{{.}}&amp; </title></style></pre></svg>"
	s := sample(t)
	s.ID, s.Project, s.Commit, s.Event, s.Engine = bad, bad, bad, bad, bad
	for i := range s.Jobs {
		j := &s.Jobs[i]
		j.Name = fmt.Sprint(bad, i)
		j.Stage, j.Target, j.Arch, j.Kind, j.Line, j.Command, j.Container, j.Artifacts = bad, bad, bad, bad, bad, bad, bad, "/nowhere"+bad
		j.Needs, j.JUnit = []string{fmt.Sprint(bad, 0)}, []string{bad}
		j.Phases = []jobrecord.Phase{{Name: bad, Duration: 1e300}, {Name: bad, Duration: -1}}
		j.Commands = []jobrecord.Command{{Stage: bad, Command: bad, Duration: 1}}
		j.Crashes = []jobrecord.Crash{{Signal: bad, Command: bad, Executable: bad, BuildID: bad, Core: bad, Dir: bad, Frames: []string{bad}, Notes: []string{bad}}}
		j.Packages = []string{"<script>_" + fmt.Sprint(i) + "_amd64"}
		if j.Log != "" {
			j.Log = "hostile.log"
		}
	}
	s.Jobs[8].State = outcome.State(bad)
	return s
}

// many returns the record of a run with n failed jobs. Each needs the jobs before
// it, at most 20.
func many(n int) *jobrecord.Stored {
	s := &jobrecord.Stored{Dir: "testdata/run", Run: jobrecord.Run{Started: time.Unix(0, 0)}}
	for i := range n {
		j := jobrecord.Job{Name: fmt.Sprintf("job-%d", i), State: outcome.Failed, Code: 1, Started: time.Unix(int64(i), 0), Duration: 2, Log: "x86_64-debian-12.log", Line: "none"}
		for k := range min(i, 20) {
			j.Needs = append(j.Needs, fmt.Sprintf("job-%d", k))
		}
		s.Jobs = append(s.Jobs, j)
	}
	return s
}
