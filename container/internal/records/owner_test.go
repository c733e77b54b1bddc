// SPDX-License-Identifier: GPL-2.0-or-later

package records

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func processes(files map[string]string) Processes {
	tree := fstest.MapFS{"sys/kernel/random/boot_id": {Data: []byte("boot-1\n")}}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Processes{FS: tree, Readlink: func(string) (string, error) { return "pid:[1]", nil }, Machine: "machine-1"}
}

func stat(name, start string) string {
	return "42 (" + name + ") S 1" + strings.Repeat(" 0", 17) + " " + start + " 0 0\n"
}

func TestDead(t *testing.T) {
	p := processes(map[string]string{"42/stat": stat("a) S (b", "1000"), "43/stat": "43 (cut", "45/stat": strings.Replace(stat("a", "1000"), ") S", ") Z", 1)})
	alive := Owner{Run: "r", PID: "42", Start: "1000", Boot: "boot-1", PIDNS: "pid:[1]", Machine: "machine-1"}
	if got, err := p.Owner(42); err != nil || got != (Owner{PID: "42", Start: "1000", Boot: "boot-1", PIDNS: "pid:[1]", Machine: "machine-1"}) {
		t.Errorf("owner %+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		change func(*Owner)
		dead   bool
	}{
		"itself":                      {func(*Owner) {}, false},
		"number used again":           {func(o *Owner) { o.Start = "999" }, true},
		"gone":                        {func(o *Owner) { o.PID = "44" }, true},
		"ended, its parent asleep":    {func(o *Owner) { o.PID = "45" }, true},
		"before this boot":            {func(o *Owner) { o.Boot = "boot-0" }, true},
		"before boot, other space":    {func(o *Owner) { o.Boot, o.PIDNS = "boot-0", "pid:[2]" }, true},
		"other space":                 {func(o *Owner) { o.PID, o.PIDNS = "44", "pid:[2]" }, false},
		"other machine":               {func(o *Owner) { o.PID, o.Boot, o.Machine = "44", "boot-0", "machine-2" }, false},
		"no number":                   {func(o *Owner) { o.PID = "x" }, false},
		"path instead of a number":    {func(o *Owner) { o.PID = "../x" }, false},
		"negative number":             {func(o *Owner) { o.PID = "-1" }, false},
		"its stat cannot be read out": {func(o *Owner) { o.PID = "43" }, false},
	} {
		o := alive
		c.change(&o)
		if got := p.Dead(o); got != c.dead {
			t.Errorf("%s: dead %v, want %v", name, got, c.dead)
		}
	}
}

// On a system without /proc, two system calls replace it.
func TestDeadWithoutProc(t *testing.T) {
	p := Processes{Machine: "machine-1", system: &system{
		boot: func() (string, error) { return "boot-1", nil },
		start: func(pid int) (string, error) {
			switch pid {
			case 42:
				return "1000", nil
			case 43:
				return "", errors.New("cannot ask")
			}
			return "", fs.ErrNotExist
		},
	}}
	alive, err := p.Owner(42)
	alive.Run = "r"
	if err != nil || !alive.Complete() {
		t.Fatalf("owner %+v, %v", alive, err)
	}
	if _, err := p.Owner(44); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a process that is not there: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*Owner)
		dead   bool
	}{
		"itself":             {func(*Owner) {}, false},
		"number used again":  {func(o *Owner) { o.Start = "999" }, true},
		"gone":               {func(o *Owner) { o.PID = "44" }, true},
		"before this boot":   {func(o *Owner) { o.Boot = "boot-0" }, true},
		"cannot be asked":    {func(o *Owner) { o.PID = "43" }, false},
		"another machine":    {func(o *Owner) { o.PID, o.Machine = "44", "machine-2" }, false},
		"recorded elsewhere": {func(o *Owner) { o.PID, o.PIDNS = "44", "pid:[1]" }, false},
		"no number":          {func(o *Owner) { o.PID = "x" }, false},
	} {
		o := alive
		c.change(&o)
		if got := p.Dead(o); got != c.dead {
			t.Errorf("%s: dead %v, want %v", name, got, c.dead)
		}
	}
}

func TestSelfIsAlive(t *testing.T) {
	self, err := Self()
	if err != nil || !self.Complete() {
		t.Fatalf("%+v, %v", self, err)
	}
	if HostProcesses().Dead(self) {
		t.Error("this process is dead")
	}
	if (Owner{Run: "r"}).Complete() {
		t.Error("an owner without a process is complete")
	}
}
