// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/containers/podman/v4/pkg/bindings/system"

	"gitlab.com/lcitool/lcitool/container/api"
)

func sh(script string) []string { return []string{"sh", "-c", script} }

func TestRunPassesStatusOn(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	cases := []struct {
		command []string
		code    int
		exit    bool // an ExitError, not an EngineError
	}{
		{sh("exit 0"), 0, false},
		{sh("exit 3"), 3, true},
		{sh("exit 255"), 255, true},
		{sh("kill -9 $$"), 137, true},
		{sh("kill -TERM $$"), 143, true},
		{[]string{"/bin/noexec"}, 126, false},
		{[]string{"/no/such/command"}, 127, false},
		{[]string{"nosuchcommand"}, 127, false},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.command, " "), func(t *testing.T) {
			result, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: c.command})
			if api.Status(err) != c.code {
				t.Fatalf("status %d (%v), want %d", api.Status(err), err, c.code)
			}
			if _, ok := errors.AsType[*api.ExitError](err); ok != c.exit {
				t.Errorf("error %v: is an ExitError: %v, want %v", err, ok, c.exit)
			}
			if c.exit && result.Code != c.code {
				t.Errorf("result %d, want %d", result.Code, c.code)
			}
		})
	}
}

func TestRunKeepsStreamsApartAndWhole(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	var out, errs bytes.Buffer
	const n = 3000
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf tail`, n)
	var wantOut, wantErr strings.Builder
	for i := range n {
		fmt.Fprintf(&wantOut, "out %d\n", i)
		fmt.Fprintf(&wantErr, "err %d\n", i)
	}
	wantOut.WriteString("tail")
	for _, viaService := range []bool{false, true} {
		e.conmonUnreachable.Store(viaService)
		out.Reset()
		errs.Reset()
		o := api.RunOptions{ContainerOptions: onBase, Command: sh(script), Stdout: &out, Stderr: &errs}
		if _, err := e.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if out.String() != wantOut.String() || errs.String() != wantErr.String() {
			t.Errorf("viaService %v: got %d and %d bytes, want %d and %d", viaService, out.Len(), errs.Len(), wantOut.Len(), wantErr.Len())
		}
	}
}

func TestRunSendsStdin(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	want := strings.Repeat("0123456789abcdef\n", 100_000)
	var out bytes.Buffer
	o := api.RunOptions{ContainerOptions: onBase, Command: []string{"cat"}, Stdin: strings.NewReader(want), Stdout: &out}
	if _, err := e.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("%d bytes came back of %d", out.Len(), len(want))
	}
}

func TestRunWithoutStdinReadsItsEnd(t *testing.T) {
	e := engine(t)
	if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: []string{"cat"}}); err != nil {
		t.Fatal(err)
	}
}

func TestRunPassesSignalsOn(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	signals := make(chan os.Signal, 1)
	out := &trigger{word: "ready", do: func() { signals <- syscall.SIGTERM }}
	_, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: sh("echo ready; exec sleep 100"), Stdout: out, Signals: signals})
	if api.Status(err) != 143 {
		t.Errorf("status %d (%v), want 143", api.Status(err), err)
	}
}

func TestRunTimesOut(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	started := time.Now()
	o := api.RunOptions{
		ContainerOptions: onBase,
		Command:          sh(`trap "" TERM; while :; do sleep 1; done`),
		Timeout:          300 * time.Millisecond,
		Grace:            200 * time.Millisecond,
	}
	_, err := e.Run(t.Context(), o)
	if !errors.Is(err, api.ErrTimeout) {
		t.Errorf("error %v, want a timeout", err)
	}
	if took := time.Since(started); took > 2*time.Minute {
		t.Errorf("took %v", took)
	}
}

func TestRunWorkload(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	dir := t.TempDir()
	script := filepath.Join(dir, "myscript")
	text := "#!/bin/sh\nset -e\nid -u; id -g; pwd; echo $HOME; cat datadir/input; echo new > datadir/output; touch here; echo $A$B$C\nulimit -n\n"
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{
		"":          "0\n0\n/root\n/root\n",
		"inside":    "1234\n1235\n/home/inside\n/home/inside\n",
		"insided":   "1236\n1236\n/home/insided\n/home/insided\n",
		"4000:4001": "4000\n4001\n/home/user\n/home/user\n",
		"4000":      "4000\n0\n/home/user\n/home/user\n",
		"daemon":    "1\n1\n/home/daemon\n/home/daemon\n", // D-11: not /usr/sbin
		"nobody":    "65534\n65534\n/home/nobody\n/home/nobody\n",
	} {
		t.Run("user "+user, func(t *testing.T) {
			work := t.TempDir()
			if err := errors.Join(os.Chmod(work, 0o777), os.WriteFile(filepath.Join(work, "input"), []byte("input\n"), 0o644)); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			_, err := e.Run(t.Context(), api.RunOptions{
				ContainerOptions: api.ContainerOptions{
					Image: base, User: user, Env: []string{"A=1", "B", "C"}, Network: api.NetworkNone, LookupEnv: func(name string) (string, bool) { return "host", name == "B" },
				},
				Script:      script,
				WorkloadDir: work,
				Stdout:      &out,
				Stderr:      &errs,
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, errs.String())
			}
			if want := want + "input\n1host\n1024\n"; out.String() != want {
				t.Errorf("got\n%swant\n%s", out.String(), want)
			}
			if data, err := os.ReadFile(filepath.Join(work, "output")); err != nil || string(data) != "new\n" {
				t.Errorf("output %q, %v", data, err)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	for want, o := range map[string]api.RunOptions{
		"Image 'nosuch:latest' not found in local cache. Build it or pull from registry first.":             {ContainerOptions: api.ContainerOptions{Image: "nosuch"}},
		"Image 'localhost:5000/foo:latest' not found in local cache. Build it or pull from registry first.": {ContainerOptions: api.ContainerOptions{Image: "localhost:5000/foo"}},
		"Image 'localhost:5000/foo:1.0' not found in local cache. Build it or pull from registry first.":    {ContainerOptions: api.ContainerOptions{Image: "localhost:5000/foo:1.0"}},
		"'/no/such/dir' is not a directory":                   {ContainerOptions: api.ContainerOptions{Image: base}, WorkloadDir: "/no/such/dir"},
		"'/tmp' is not a file":                                {ContainerOptions: api.ContainerOptions{Image: base}, Script: "/tmp"},
		"user, nobodyhere not found":                          {ContainerOptions: api.ContainerOptions{Image: base, User: "nobodyhere"}},
		"user, -1 not found":                                  {ContainerOptions: api.ContainerOptions{Image: base, User: "-1"}},
		"user, 1:x not found":                                 {ContainerOptions: api.ContainerOptions{Image: base, User: "1:x"}},
		"user, a b not found":                                 {ContainerOptions: api.ContainerOptions{Image: base, User: "a b"}},
		`cannot mount "rel" at "/x": both must be absolute`:   {ContainerOptions: api.ContainerOptions{Image: base, Mounts: []api.Mount{{Source: "rel", Target: "/x"}}}},
		`unknown network "wild"`:                              {ContainerOptions: api.ContainerOptions{Image: base, Network: "wild"}},
		"cannot use device /nodev: no such file or directory": {ContainerOptions: api.ContainerOptions{Image: base, Devices: []string{"/nodev"}}},
		"cannot use device /etc/passwd: not a device node":    {ContainerOptions: api.ContainerOptions{Image: base, Devices: []string{"/etc/passwd"}}},
	} {
		o.Command = []string{"true"}
		_, err := e.Run(t.Context(), o)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestD02ReferenceIsPassedWhole: another tag of the same name is another image.
func TestD02ReferenceIsPassedWhole(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	for _, ref := range []string{"localhost/busybox:1", "busybox:1"} {
		if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: ref, Network: api.NetworkNone}, Command: []string{"true"}}); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for _, ref := range []string{"localhost/busybox", "busybox", "busybox:2"} {
		if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: ref, Network: api.NetworkNone}, Command: []string{"true"}}); !errors.Is(err, api.ErrNoImage) {
			t.Errorf("%s: %v, want that it is not found", ref, err)
		}
	}
}

// TestD04KnownReferencesWork also tests D-08: IDs and digests are references, their prefixes
// are not.
func TestD04KnownReferencesWork(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	image, err := e.Inspect(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]bool{
		image.ID: true, image.ID[:12]: true, "sha256:" + image.ID: true, "localhost/busybox@" + image.Digest: true,
		image.ID[:2]: false, image.ID[:11]: false, "": false,
	} {
		_, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: ref, Network: api.NetworkNone}, Command: []string{"true"}})
		if (err == nil) != want || (err != nil && !errors.Is(err, api.ErrNoImage)) {
			t.Errorf("%q: %v, want success: %v", ref, err, want)
		}
	}
}

func TestRunMounts(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	script := "printf new > /over/file; cat /over/file; printf no > /ro/file 2>/dev/null || printf ' refused'"
	_, err := e.Run(t.Context(), api.RunOptions{
		ContainerOptions: api.ContainerOptions{
			Image: base, Network: api.NetworkNone, Mounts: []api.Mount{{Source: dir, Target: "/over", Overlay: true}, {Source: dir, Target: "/ro", ReadOnly: true}},
		},
		Command: sh(script),
		Stdout:  &out,
	})
	if err != nil || out.String() != "new refused" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if data, _ := os.ReadFile(file); string(data) != "old" {
		t.Errorf("the source became %q", data)
	}
}

func TestRunResources(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	var out bytes.Buffer
	o := api.RunOptions{
		ContainerOptions: api.ContainerOptions{
			Image: base, Hostname: "guest", Network: api.NetworkHost, Devices: []string{"/dev/null"}, CapAdd: []string{"NET_ADMIN"},
		},
		Command: sh("hostname; ls -l /dev/null | cut -c1; grep processes /proc/self/limits | tr -s ' ' | cut -d' ' -f3"),
		Stdout:  &out,
	}
	// Resources without a controller cannot be limited.
	has := controllers(t, e)
	if slices.Contains(has, "memory") {
		o.Memory = 64 << 20
	}
	if slices.Contains(has, "cpu") {
		o.CPUs = 0.5
	}
	if slices.Contains(has, "pids") {
		o.Pids = 50
	}
	t.Logf("limits %d %v %d, controllers %v", o.Memory, o.CPUs, o.Pids, has)
	_, err := e.Run(t.Context(), o)
	if _, procs := limits(true); err != nil || out.String() != fmt.Sprintf("guest\nc\n%d\n", procs) {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func controllers(t *testing.T, e *Engine) []string {
	t.Helper()
	c, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := system.Info(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return info.Host.CgroupControllers
}

// TestShellHasATerminal uses script(1), which makes a terminal for its child; without one
// the shell gets none.
func TestShellHasATerminal(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	environ := append(slices.Clone(here.env), "CONTAINER_TEST_CHILD=shell", "CONTAINER_TEST_DIR="+here.dir)
	run := func(program string, args ...string) (string, int) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env, cmd.Stdin = environ, strings.NewReader("test -t 0 && echo has''tty; test -t 0 || echo no''tty; exit 7\n")
		out, err := cmd.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return string(out), exit.ExitCode()
		}
		return fmt.Sprint(string(out), err), 0
	}
	if out, code := run("script", "--quiet", "--return", "--command", os.Args[0], "/dev/null"); code != 7 || !strings.Contains(out, "hastty\r\n") {
		t.Errorf("at a terminal: status %d\n%s", code, out)
	}
	if out, code := run(os.Args[0]); code != 7 || out != "notty\n" {
		t.Errorf("without: status %d, %q", code, out)
	}
}

// TestShellEndsWhileInputArrives sends input while the shell ends, so that podman has closed
// the connection.
func TestShellEndsWhileInputArrives(t *testing.T) {
	e := engine(t)
	for _, what := range []string{"shell", "session shell"} {
		t.Run(what, func(t *testing.T) {
			nothingLeft(t, e)
			for range 10 {
				typeAtItsEnd(t, what)
			}
		})
	}
}

func typeAtItsEnd(t *testing.T, what string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(slices.Clone(here.env), "CONTAINER_TEST_CHILD="+what, "CONTAINER_TEST_DIR="+here.dir)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	go func() {
		_, err := io.WriteString(terminal, "exit 7\n")
		for err == nil {
			time.Sleep(time.Millisecond)
			_, err = io.WriteString(terminal, " ")
		}
	}()
	out, _ := io.ReadAll(terminal) // ends with EIO, since the other end closes
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 7 {
		t.Fatalf("got %v\n%s", err, out)
	}
}

func TestRunOutputToClosedPipeEndsTheContainer(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	r, w := io.Pipe()
	r.Close()
	_, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: sh("while :; do echo x; sleep 0.01; done"), Stdout: w})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

// A trigger is a writer that calls a function once when word was written.
type trigger struct {
	word string
	do   func()
	seen bytes.Buffer
	done bool
}

func (w *trigger) Write(p []byte) (int, error) {
	w.seen.Write(p)
	if !w.done && strings.Contains(w.seen.String(), w.word) {
		w.done = true
		w.do()
	}
	return len(p), nil
}
