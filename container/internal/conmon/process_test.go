// SPDX-License-Identifier: GPL-2.0-or-later

package conmon

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func ownedFile(uid int, text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(text), Sys: &syscall.Stat_t{Uid: uint32(uid)}}
}

// TestConmons changes each property that identifies the engine's conmon.
func TestConmons(t *testing.T) {
	id := strings.Repeat("a", 64)
	m := Store{Containers: "/graph/overlay-containers", Program: "/usr/bin/conmon", Mounts: []string{"mnt:[1]", "mnt:[7]"}}
	line := func(args ...string) string { return strings.Join(args, "\x00") + "\x00" }
	good := line("/usr/bin/conmon", "-c", id, "-u", id, "-r", "/usr/bin/runc", "-b", "/graph/overlay-containers/"+id+"/userdata", "-n", "lcitool-x")
	type process struct {
		uid             int
		line            string
		exe, pidns, mnt string
	}
	ours := process{os.Geteuid(), good, "/usr/bin/conmon", "pid:[1]", "mnt:[1]"}
	change := func(f func(*process)) process {
		p := ours
		f(&p)
		return p
	}
	for name, c := range map[string]struct {
		process process
		want    int
	}{
		"the engine's":         {ours, 1},
		"in podman's mounts":   {change(func(p *process) { p.mnt = "mnt:[7]" }), 1},
		"another user's":       {change(func(p *process) { p.uid = os.Geteuid() + 1 }), 0},
		"calls itself conmon":  {change(func(p *process) { p.exe = "/usr/bin/perl" }), 0},
		"another conmon":       {change(func(p *process) { p.exe = "/tmp/conmon" }), 0},
		"program was removed":  {change(func(p *process) { p.exe = "/usr/bin/conmon (deleted)" }), 0},
		"in a job's processes": {change(func(p *process) { p.pidns = "pid:[2]" }), 0},
		"in a job's mounts":    {change(func(p *process) { p.mnt = "mnt:[2]" }), 0},
		"bundle elsewhere":     {change(func(p *process) { p.line = strings.Replace(good, "/graph/", "/nonexistent/", 1) }), 0},
		"bundle of another":    {change(func(p *process) { p.line = strings.Replace(good, "-containers/aa", "-containers/bb", 1) }), 0},
		"bundle with dots":     {change(func(p *process) { p.line = strings.Replace(good, "/graph/", "/graph/../graph/", 1) }), 0},
		"ids differ":           {change(func(p *process) { p.line = strings.Replace(good, "-u\x00a", "-u\x00b", 1) }), 0},
		"another runtime":      {change(func(p *process) { p.line = strings.Replace(good, "/runc", "/sh", 1) }), 0},
		"no arguments":         {change(func(p *process) { p.line = line("conmon") }), 0},
		"cut at an argument":   {change(func(p *process) { p.line = line("conmon", "-c") }), 0},
		"nothing":              {change(func(p *process) { p.line = "" }), 0},
		"of a command in it":   {change(func(p *process) { p.line = strings.Replace(good, "-u\x00"+id, "-u\x00"+strings.Repeat("c", 64), 1) }), 0},
	} {
		table := records.Processes{
			FS: fstest.MapFS{"42": {Mode: fs.ModeDir, Sys: &syscall.Stat_t{Uid: uint32(c.process.uid)}}, "42/cmdline": ownedFile(c.process.uid, c.process.line)},
			Readlink: func(name string) (string, error) {
				switch name {
				case "42/exe":
					return c.process.exe, nil
				case "42/ns/pid":
					return c.process.pidns, nil
				case "42/ns/mnt":
					return c.process.mnt, nil
				case "self/ns/pid":
					return "pid:[1]", nil
				}
				return "", errors.New("no such link")
			},
		}
		got := Processes(table, m)
		if len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if len(got) == 1 && (got[0].PID != 42 || got[0].ID != id || got[0].Runtime != "runc") {
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}

// The name of a conmon's child tells whether conmon ends without help.
func TestRunsExitCommand(t *testing.T) {
	p := Process{PID: 42, ID: strings.Repeat("a", 64)}
	for name, c := range map[string]struct {
		stat, line string
		want       bool
	}{
		"podman's clean-up":   {"77 (podman) S 42 1 1", "/usr/bin/podman\x00--root\x00/x\x00container\x00cleanup\x00" + p.ID + "\x00", true},
		"of podman 5":         {"77 (podman) S 42 1 1", "podman\x00container\x00cleanup\x00--stopped-only\x00" + p.ID + "\x00", true},
		"of another parent":   {"77 (podman) S 43 1 1", "podman\x00container\x00cleanup\x00" + p.ID + "\x00", false},
		"of another one":      {"77 (podman) S 42 1 1", "podman\x00container\x00cleanup\x00" + strings.Repeat("b", 64) + "\x00", false},
		"the container":       {"77 (sh) S 42 1 1", "sh\x00-c\x00cleanup " + p.ID + "\x00", false},
		"a name like a stat":  {"77 (a) S 42 1 1) S 1 1 1", "podman\x00container\x00cleanup\x00" + p.ID + "\x00", false},
		"a table of nonsense": {"", "cleanup\x00" + p.ID + "\x00", false},
	} {
		table := records.Processes{FS: fstest.MapFS{"77/stat": {Data: []byte(c.stat)}, "77/cmdline": {Data: []byte(c.line)}}}
		if got := p.runsExitCommand(table); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A conmon that waits for podman's clean-up needs no help; one that never ends is an error
// with a cause.
func TestDiscardKnowsABusyExitCommand(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		script, runtime, want string
	}{
		"exit command": {`sh -c 'sleep 600; exit' podman container cleanup ` + id + `; exit`, "true", ""},
		"hangs":        {`sleep 600; exit`, "true", "true delete " + id + ": it does not end"},
		"hangs, words": {`sleep 600; exit`, "false", "false delete " + id + ": exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("sh", "-c", c.script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				_ = cmd.Wait()
			})
			p := Process{PID: cmd.Process.Pid, ID: id, Runtime: c.runtime, wait: 50 * time.Millisecond}
			for deadline := time.Now().Add(2 * time.Minute); c.want == "" && !p.runsExitCommand(records.HostProcesses()); time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the exit command does not start")
				}
			}
			err := p.Discard(t.Context(), records.HostProcesses())
			if got := errorText(err); got != c.want {
				t.Errorf("got %q; want %q", got, c.want)
			}
			if got := p.EndsItself(records.HostProcesses()); got != (c.want == "") {
				t.Errorf("ends itself: %v", got)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
