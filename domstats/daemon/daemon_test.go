// SPDX-License-Identifier: GPL-2.0-or-later

package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestNotOutsideAContainer(t *testing.T) {
	root := t.TempDir()
	_, err := Start(Options{Root: root})
	if err == nil || !strings.Contains(err.Error(), "no container") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("%v was made, %v", left, err)
	}
}

func TestConfigureAddsOnce(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "etc/libvirt/qemu.conf")
	write(t, path, "vnc_tls = 1\n", 0o600)
	for range 2 {
		config, err := configure(root, "/etc/libvirt", "/opt/etc/libvirt")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(config); err != nil || string(text) != sockets() {
			t.Errorf("%s has %q, %v", config, text, err)
		}
	}
	if other, err := os.ReadFile(filepath.Join(root, "opt/etc/libvirt/qemu.conf")); err != nil || string(other) != settings(false) {
		t.Errorf("got %q, %v", other, err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "vnc_tls = 1\n"+settings(false) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFind(t *testing.T) {
	tree, source, prefix, none := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "v11[1]*"), t.TempDir()
	write(t, filepath.Join(tree, "run"), "", 0o755)
	write(t, filepath.Join(tree, "src/libvirtd"), "", 0o755)
	write(t, filepath.Join(source, "build/run"), "", 0o755)
	write(t, filepath.Join(source, "build/src/libvirtd"), "", 0o755)
	write(t, filepath.Join(source, "build/configmake.h"), "#define SYSCONFDIR \"/opt/etc\"\n", 0o644)
	write(t, filepath.Join(prefix, "sbin/libvirtd"), "", 0o755)
	drivers := filepath.Join(prefix, "lib/x86_64-linux-gnu/libvirt/connection-driver")
	write(t, filepath.Join(drivers, "libvirt_driver_qemu.so"), "", 0o755)
	system := "/etc/libvirt"
	for in, want := range map[string]installation{
		"":     {"", false, []string{"libvirtd"}, nil, []string{system}},
		tree:   {tree, true, []string{tree + "/src/libvirtd"}, treeEnv(tree), []string{system, "/etc/libvirt"}},
		source: {source + "/build", true, []string{source + "/build/src/libvirtd"}, treeEnv(source + "/build"), []string{system, "/opt/etc/libvirt"}},
		prefix: {prefix, false, []string{prefix + "/sbin/libvirtd"},
			[]string{"LIBVIRT_DRIVER_DIR=" + drivers, "LD_LIBRARY_PATH=" + prefix + "/lib:" + prefix + "/lib/x86_64-linux-gnu"},
			[]string{system, prefix + "/etc/libvirt"}},
	} {
		if got, err := find(in); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v", in, got, err)
		}
	}
	if err := Check(none); err == nil || !strings.Contains(err.Error(), "neither a build tree") {
		t.Errorf("got %v", err)
	}
}

func fake(t *testing.T, script string) *Daemon {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libvirtd")
	write(t, path, "#!/bin/sh\n"+script, 0o755)
	d := &Daemon{libvirt: installation{command: []string{path}}, tail: &tail{}}
	if err := d.run(nil); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestStopAndRestart(t *testing.T) {
	d := fake(t, "exec tail -f /dev/null")
	first := d.cmd.Process.Pid
	if err := d.Restart(t.Context(), nil); err != nil || d.cmd.Process.Pid == first {
		t.Errorf("pid %d after %d, %v", d.cmd.Process.Pid, first, err)
	}
	if err := d.Ready(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := d.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestMeanwhile: no daemon runs while the function does, and one runs afterwards, also if the
// function ends its goroutine.
func TestMeanwhile(t *testing.T) {
	d := fake(t, "exec tail -f /dev/null")
	for _, after := range []func(){func() {}, runtime.Goexit} {
		over, stopped := make(chan struct{}), false
		go func() {
			defer close(over)
			if err := d.Restart(t.Context(), func() {
				_, ended := d.process()
				select {
				case <-ended:
					stopped = true
				default:
				}
				after()
			}); err != nil {
				t.Error(err)
			}
		}()
		<-over
		_, ended := d.process()
		select {
		case <-ended:
			t.Error("no daemon runs afterwards")
		default:
		}
		if !stopped {
			t.Error("a daemon runs meanwhile")
		}
	}
	if err := d.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestADaemonThatEnds(t *testing.T) {
	d := fake(t, "exit 1")
	err := d.Ready(t.Context(), func(context.Context) error { return errors.New("refused") })
	if err == nil || !strings.Contains(err.Error(), "ended at once") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

func TestADaemonThatWillNot(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	d := fake(t, "trap '' TERM; touch "+ready+"; while :; do read x < /dev/zero; done")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.Ready(ctx, func(context.Context) error { _, err := os.Stat(ready); return err }); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := d.Stop(short); err == nil || !strings.Contains(err.Error(), "does not stop") {
		t.Errorf("got %v", err)
	}
	_, ended := d.process()
	<-ended
}

// stop waits for a slow daemon even if the caller has no deadline.
func TestADaemonThatStopsSlowly(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	d := fake(t, "trap 'sleep 2; exit 1' TERM; touch "+ready+"; while :; do sleep 0.1; done")
	if err := d.Ready(t.Context(), func(context.Context) error { _, err := os.Stat(ready); return err }); err != nil {
		t.Fatal(err)
	}
	if err := d.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	// libvirtd itself gives up after 30 s, which a busy machine may need.
	if stopLimit < 2*30*time.Second || startLimit < time.Minute {
		t.Errorf("%s to stop, %s to start", stopLimit, startLimit)
	}
}

func TestBuildTreeIsComplete(t *testing.T) {
	tree := t.TempDir()
	write(t, filepath.Join(tree, "run"), "here = \"/tree/build\"\n", 0o755)
	write(t, filepath.Join(tree, "src/libvirtd"), "", 0o755)
	if err := Check(tree); err == nil || !strings.Contains(err.Error(), "was built as /tree/build") {
		t.Errorf("got %v", err)
	}
	write(t, filepath.Join(tree, "run"), "here = \""+tree+"\"\n", 0o755)
	if err := Check(tree); err == nil || !strings.Contains(err.Error(), "without QEMU's driver") {
		t.Errorf("got %v", err)
	}
	write(t, filepath.Join(tree, "src/libvirt_driver_qemu.so"), "", 0o755)
	i, err := find(tree)
	if err := errors.Join(err, Check(tree), i.complete()); err != nil {
		t.Errorf("got %v", err)
	}
	write(t, filepath.Join(tree, "src/libvirt.so.0"), "ELF\x00/usr/share/libvirt/cpu_map\x00"+tree+"/source/src/cpu_map\x00", 0o755)
	if err := i.complete(); err == nil || !strings.Contains(err.Error(), tree+"/source/src/cpu_map is not there") {
		t.Errorf("without its source: %v", err)
	}
	write(t, filepath.Join(tree, "source/src/cpu_map/index.xml"), "", 0o644)
	if err := errors.Join(i.complete()); err != nil || Borrowed(tree) != "" {
		t.Errorf("got %v, borrowed from %q", err, Borrowed(tree))
	}
	system, err := find("")
	if err != nil || system.complete() != nil {
		t.Errorf("%v, %v", err, system.complete())
	}
}

// A build tree may lie apart from its source tree.
func TestNeeds(t *testing.T) {
	source, elsewhere, prefix := t.TempDir(), t.TempDir(), t.TempDir()
	inside := filepath.Join(source, "build")
	for _, tree := range []string{inside, elsewhere} {
		write(t, filepath.Join(tree, "meson-info/meson-info.json"), `{"directories": {"source": "`+source+`"}}`, 0o644)
	}
	gone := t.TempDir()
	write(t, filepath.Join(gone, "meson-info/meson-info.json"), `{"directories": {"source": "/nosuch/libvirt"}}`, 0o644)
	write(t, filepath.Join(source, "meson.build"), "# comment\nproject(\n  'libvirt', 'c',\n)\n", 0o644)
	for dir, want := range map[string][]string{
		inside: {source}, source: {source}, elsewhere: {elsewhere, source}, prefix: {prefix}, gone: {gone},
	} {
		if got, err := Needs(dir); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", dir, got, err, want)
		}
	}
}

// TestNeedsOfHostileTrees: a build tree can name any directory as its source tree, and what
// was built there reads all files of it.
func TestNeedsOfHostileTrees(t *testing.T) {
	home := t.TempDir()
	tree, link, fifo := filepath.Join(home, "fork", "build"), filepath.Join(home, "fork", "link"), t.TempDir()
	write(t, filepath.Join(home, ".ssh/id"), "secret", 0o600)
	write(t, filepath.Join(home, "other/meson.build"), "project('other', 'c')\n# project('qemu'\n", 0o644)
	if err := errors.Join(os.MkdirAll(tree, 0o755), os.Symlink(home, link), os.Mkdir(filepath.Join(fifo, "meson-info"), 0o755),
		syscall.Mkfifo(filepath.Join(fifo, "meson-info/meson-info.json"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"/", home, home + "/.ssh", home + "/other", link} {
		write(t, filepath.Join(tree, "meson-info/meson-info.json"), `{"directories": {"source": "`+source+`"}}`, 0o644)
		for _, dir := range []string{tree, filepath.Dir(tree)} {
			_, err := Needs(dir)
			if refused, ok := errors.AsType[*SourceError](err); !ok || refused.Source != source || refused.Tree != tree {
				t.Errorf("%s with source %s: %v", dir, source, err)
			}
		}
	}
	if got, err := Needs(tree, home); err != nil || !slices.Equal(got, []string{tree, link}) {
		t.Errorf("a source that is allowed: %q, %v", got, err)
	}
	if got, err := Needs(fifo); err != nil || !slices.Equal(got, []string{fifo}) {
		t.Errorf("a FIFO: %q, %v", got, err)
	}
}

// An installed libvirt has the path of its data compiled in.
func TestPrefixIsComplete(t *testing.T) {
	prefix, other := t.TempDir(), t.TempDir()
	write(t, filepath.Join(prefix, "sbin/libvirtd"), "", 0o755)
	if err := Check(prefix); err == nil || !strings.Contains(err.Error(), "without QEMU's driver") {
		t.Errorf("got %v", err)
	}
	write(t, filepath.Join(prefix, "lib/libvirt/connection-driver/libvirt_driver_qemu.so"), "", 0o755)
	for _, tc := range []struct {
		name, compiled string
		make           bool
		borrowed, want string
	}{
		{"its own", prefix + "/share/libvirt", true, "", ""},
		{"its own is gone", prefix + "/share/nothing", false, "", prefix + "/share/nothing/cpu_map is not there"},
		{"another one", other + "/share/libvirt", true, other + "/share/libvirt", ""},
		{"another one that is not there", other + "/share/nothing", false, other + "/share/nothing", other + "/share/nothing/cpu_map is not there"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			write(t, filepath.Join(prefix, "lib/libvirt.so.0"), "ELF\x00/home/you/libvirt/src/cpu_map\x00\x00"+tc.compiled+"/cpu_map\x00", 0o755)
			if tc.make {
				write(t, tc.compiled+"/cpu_map/index.xml", "", 0o644)
			}
			i, err := find(prefix)
			if err != nil {
				t.Fatal(err)
			}
			if err := i.complete(); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if got := Borrowed(prefix); got != tc.borrowed {
				t.Errorf("borrowed from %q, want %q", got, tc.borrowed)
			}
		})
	}
}

func TestADaemonThatDies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libvirtd")
	mark := path + ".second"
	write(t, path, "#!/bin/sh\nif [ -e "+mark+" ]; then exec tail -f /dev/null; fi\ntouch "+mark+"\nfor i in $(seq 30); do echo line $i; done\nkill -SEGV $$\n", 0o755)
	deaths := make(chan Death, 1)
	d := &Daemon{o: Options{Died: func(x Death) { deaths <- x }}, libvirt: installation{command: []string{path}}, tail: &tail{}}
	if err := d.run(nil); err != nil {
		t.Fatal(err)
	}
	first, _ := d.process()
	death := <-deaths
	if !strings.Contains(death.State, "segmentation fault") || len(death.Log) != mostLines || death.Log[mostLines-1] != "line 30" {
		t.Errorf("got %+v", death)
	}
	if text := death.String(); !strings.Contains(text, "segmentation fault") || !strings.Contains(text, "line 30") {
		t.Errorf("got %q", text)
	}
	for range 600 { // it is started right after it was told of
		if now, _ := d.process(); now != first {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := d.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case x := <-deaths:
		t.Errorf("its orderly end is told of: %s", x)
	default:
	}
}

// TestRestartIsNoDeath: who restarts a daemon has asked for its end, also if the next one runs
// before its end is looked at.
func TestRestartIsNoDeath(t *testing.T) {
	d := fake(t, "exec tail -f /dev/null")
	told := make(chan Death, 1)
	d.mu.Lock()
	d.o.Died = func(x Death) { told <- x }
	d.mu.Unlock()
	d.tail.mu.Lock() // a report of the end has to wait for the log
	err := d.Restart(t.Context(), nil)
	d.tail.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case x := <-told:
		t.Error(x)
	case <-time.After(100 * time.Millisecond):
	}
	if err := d.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRestartOfTheDead: a restart and the end of a daemon at the same time give one daemon.
func TestRestartOfTheDead(t *testing.T) {
	for range 100 {
		d := fake(t, "exec tail -f /dev/null")
		told := make(chan struct{}, 1)
		d.mu.Lock()
		d.o.Died = func(Death) { told <- struct{}{} }
		d.mu.Unlock()
		first, ended := d.process()
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-ended
		if err := d.Restart(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		second, _ := d.process()
		<-told
		time.Sleep(time.Millisecond)
		if now, _ := d.process(); now != second {
			t.Fatal("two daemons were started")
		}
		if err := d.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
