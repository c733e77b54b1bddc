// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// core returns a core that Linux wrote.
func core(t *testing.T) string {
	t.Helper()
	f, err := os.Open("../crashcapsule/testdata/x86_64.core.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// crashHarness is a harness whose runs keep crashes below a directory.
func crashHarness(t *testing.T) (*harness, string) {
	t.Helper()
	h, dir, n := newHarness(t), t.TempDir(), 0
	h.CrashDir = func(job string) (string, error) {
		n++
		name := filepath.Join(dir, fmt.Sprintf("%s-%d", job, n))
		return name, os.Mkdir(name, 0o700)
	}
	h.Secrets = redact.New("one two")
	return h, dir
}

func TestCrashIsSaved(t *testing.T) {
	text := core(t)
	for _, c := range []struct {
		name, prints string
		code         int
		looks, want  int
	}{
		{"by its status", "", 139, 1, 1},
		{"failed", "", 1, 1, 1},
		{"swallowed", "a: Segmentation fault (core dumped)\n", 0, 1, 1},
		{"passed", "all is well\n", 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, dir := crashHarness(t)
			h.engine.look = "core\nunlimited\n\n" + treeDir + "/core\x00"
			h.engine.stage = func(_ context.Context, k *memoryContainer, name, _ string) error {
				k.files[treeDir+"/core"] = text
				return exits(c.code)
			}
			j := job("a", &gitlabci.Artifacts{When: "always", Paths: []string{"out"}})
			result, out := h.Run(t.Context(), j, scheduler.Streams{Stdout: prints(h, c.prints)})
			if (result.State == outcome.Passed) != (c.code == 0) || result.Code != c.code || h.engine.last().looks != c.looks || len(out.Crashes) != c.want {
				t.Fatalf("%s (%d), %d searches, %+v, %s", result.State, result.Code, h.engine.last().looks, out.Crashes, h.warnings.String())
			}
			files := strings.Join(filesIn(t, dir), " ")
			if c.want == 0 {
				if files != "" {
					t.Error(files)
				}
				return
			}
			if files != "a-1/core a-1/crash.txt" || out.Crashes[0].Signal != "SIGSEGV" || h.stored(t, "a") != "" {
				t.Errorf("%q, %+v, artifacts %q", files, out.Crashes[0], h.stored(t, "a"))
			}
			if saved, err := os.ReadFile(filepath.Join(dir, "a-1/crash.txt")); err != nil || !strings.Contains(string(saved), "command: ./crash [hidden]\n") {
				t.Errorf("%q, %v", saved, err)
			}
		})
	}
}

// prints makes each script print a text first.
func prints(h *harness, text string) io.Writer {
	stage := h.engine.stage
	h.engine.stage = func(ctx context.Context, c *memoryContainer, name, status string) error {
		_, _ = io.WriteString(c.engine.output, text)
		return stage(ctx, c, name, status)
	}
	return io.Discard
}

// TestNoCore: the reason is reported once, for a job that seems to have crashed, and changes
// nothing.
func TestNoCore(t *testing.T) {
	h, dir := crashHarness(t)
	h.engine.look = "|/usr/lib/systemd/systemd-coredump %P\nunlimited\n\n"
	h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return exits(1) }
	h.Run(t.Context(), job("plain", nil), scheduler.Streams{})
	if h.warnings.Len() > 0 {
		t.Error(h.warnings.String())
	}
	h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return exits(134) }
	for range 2 {
		if result, out := h.Run(t.Context(), job("aborts", nil), scheduler.Streams{}); result.Code != 134 || len(out.Crashes) > 0 {
			t.Errorf("%+v, %+v", result, out)
		}
	}
	if got := h.warnings.String(); strings.Count(got, "aborts: ") != 1 || !strings.Contains(got, "gives cores to /usr/lib/systemd/systemd-coredump; coredumpctl") {
		t.Error(got)
	}
	h.engine.look = "?"
	h.engine.stage = func(context.Context, *memoryContainer, string, string) error { return exits(139) }
	if result, _ := h.Run(t.Context(), job("odd", nil), scheduler.Streams{}); result.Code != 139 || !strings.Contains(h.warnings.String(), "odd: a process seems to have crashed: cannot look for cores") {
		t.Errorf("%+v, %s", result, h.warnings.String())
	}
	if files := filesIn(t, dir); len(files) > 0 {
		t.Error(files)
	}
}

// TestCrashesOfAllAttempts: a retried job keeps the cores of its first attempt, up to the
// limit of a run.
func TestCrashesOfAllAttempts(t *testing.T) {
	text := core(t)
	h, dir := crashHarness(t)
	h.engine.look = "core\nunlimited\n\n/core\x00"
	code := 139
	h.engine.stage = func(_ context.Context, k *memoryContainer, _, _ string) error {
		k.files["/core"] = text
		defer func() { code = 0 }()
		return exits(code)
	}
	j := job("a", nil)
	j.Retry.Max = 1
	if result, out := h.Run(t.Context(), j, scheduler.Streams{}); result.State != outcome.Passed || len(out.Crashes) != 1 {
		t.Errorf("%s, %+v", result.State, out.Crashes)
	}
	j.Retry.Max = 0
	for range maxRunCrashes + 1 {
		code = 139
		h.Run(t.Context(), j, scheduler.Streams{})
	}
	if files := filesIn(t, dir); len(files) != 2*maxRunCrashes || !strings.Contains(h.warnings.String(), "are not saved") {
		t.Errorf("%d files, %s", len(files), h.warnings.String())
	}
}

// TestLimitOnCores: shells raise the limit, unless cores would be written to the project's
// directory.
func TestLimitOnCores(t *testing.T) {
	h := newHarness(t)
	if got := h.coresScript(); strings.Contains(got, "ulimit") {
		t.Errorf("in the project's directory: %q", got)
	}
	h.Tree.Writable = false
	if got := h.coresScript(); !strings.Contains(got, "ulimit -S -c unlimited") {
		t.Errorf("%q", got)
	}
}

func TestDebugTools(t *testing.T) {
	for _, c := range []struct{ user, want string }{
		{"", ""}, {"ci", "\nUSER \"ci\"\n"},
	} {
		h := newHarness(t)
		h.DebugTools = true
		h.engine.user = c.user
		j := job("a", nil)
		result, _ := h.Run(t.Context(), j, scheduler.Streams{})
		if result.State != outcome.Passed {
			t.Fatalf("%s: %v", result.State, result.Err)
		}
		if len(h.engine.builds) != 1 {
			t.Fatalf("%+v", h.engine.builds)
		}
		b := h.engine.builds[0]
		text := string(b.Dockerfile)
		if !strings.HasPrefix(text, "FROM id of image\nUSER 0\nRUN [") || !strings.Contains(text, "apt-get install") || !strings.HasSuffix(text, "]\n"+strings.TrimPrefix(c.want, "\n")) {
			t.Errorf("%q", text)
		}
		if b.Pull != api.PullNever || h.engine.last().options.Image != b.Tag || j.Image.Reference != "image" {
			t.Errorf("%+v, %s, %s", b, h.engine.last().options.Image, j.Image.Reference)
		}
		if h.Run(t.Context(), j, scheduler.Streams{}); h.engine.builds[1].Tag != b.Tag {
			t.Errorf("%s, then %s", b.Tag, h.engine.builds[1].Tag)
		}
	}
}

// TestBegan: files of a script are newer than the file that marks its start, also with
// timestamps in whole seconds.
func TestBegan(t *testing.T) {
	now := time.Now()
	if at := began(); at.Unix() >= now.Unix() || at.Nanosecond() != 0 || now.Sub(at) > time.Minute {
		t.Errorf("began at %s, now is %s", at, now)
	}
}
