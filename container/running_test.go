// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// fakeService answers for one container that ends on some signals.
type fakeService struct {
	mu      sync.Mutex
	signals []string
	fatal   string // signal that ends the container
	code    int
	ended   chan error
}

func (f *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Libpod-API-Version", "4.3.1")
	switch {
	case strings.HasSuffix(r.URL.Path, "/kill"):
		signal := r.URL.Query().Get("signal")
		f.signals = append(f.signals, signal)
		if signal == f.fatal {
			close(f.ended)
		}
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/json"):
		fmt.Fprintf(w, `{"State":{"Status":"exited","ExitCode":%d,"StartedAt":"2026-01-01T00:00:00Z"}}`, f.code)
	}
}

// serve is an engine whose service answers as the handler does.
func serve(t *testing.T, handler http.Handler) *Engine {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "lcr") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return &Engine{service: podman.NewService("unix://"+socket, "4.3.1", nil), log: slog.New(slog.DiscardHandler)}
}

func (f *fakeService) run(t *testing.T, o api.RunOptions) *running {
	t.Helper()
	f.ended = make(chan error)
	e := serve(t, f)
	conn, err := e.service.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &running{engine: e, options: o, name: "c", conn: conn, log: e.log}
	r.out, r.stderr = newCounter(nil), newStartupErrorFilter(nil, initErrors())
	r.err = newCounter(r.stderr)
	return r
}

// TestWait: a workload that exceeds its time limit gets TERM, then KILL, and the error names
// the limit, whatever the status.
func TestWait(t *testing.T) {
	reason := errors.New("enough")
	for _, c := range []struct {
		name    string
		fatal   string
		timeout time.Duration
		cancel  error
		want    string
		status  int
		signals []string
	}{
		{"too long", "15", 20 * time.Millisecond, nil, "container c: timed out after 20ms", 124, []string{"15"}},
		{"too long, stubborn", "9", 20 * time.Millisecond, nil, "container c: timed out after 20ms", 124, []string{"15", "9"}},
		{"cancelled", "15", time.Hour, reason, "container c: enough", 1, []string{"15"}},
		{"cancelled without a limit", "15", 0, reason, "container c: enough", 1, []string{"15"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeService{fatal: c.fatal, code: 143}
			grace := time.Hour
			if c.fatal == "9" {
				grace = 20 * time.Millisecond
			}
			r := f.run(t, api.RunOptions{Timeout: c.timeout, Grace: grace})
			ctx, cancel := context.WithCancelCause(t.Context())
			if c.cancel != nil {
				time.AfterFunc(20*time.Millisecond, func() { cancel(c.cancel) })
			}
			out := r.wait(ctx, f.ended)
			cancel(nil)
			if out.err == nil || out.err.Error() != c.want || api.Status(out.err) != c.status || out.code != 143 {
				t.Errorf("got %d, %v", out.code, out.err)
			}
			if errors.Is(out.err, api.ErrTimeout) != (c.cancel == nil) || errors.Is(out.err, reason) != (c.cancel != nil) {
				t.Errorf("got %v", out.err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if !slices.Equal(f.signals, c.signals) {
				t.Errorf("signals %q", f.signals)
			}
		})
	}
}

// TestWaitForTheEnd: the status is that of the container, even if its streams fail.
func TestWaitForTheEnd(t *testing.T) {
	for code, want := range map[int]int{0: 0, 3: 3, 137: 137} {
		f := &fakeService{code: code}
		r := f.run(t, api.RunOptions{})
		close(f.ended)
		out := r.wait(t.Context(), f.ended)
		if api.Status(out.err) != want || out.code != want {
			t.Errorf("%d: got %d, %v", code, out.code, out.err)
		}
	}
}

// TestRemoveContainer: a container that podman cannot stop at once is removed later.
func TestRemoveContainer(t *testing.T) {
	for text, want := range map[string]int{
		"cannot remove container c as it could not be stopped: given PIDs did not die within timeout": 4, // podman 4.3
		"cannot remove container c as it could not be stopped: given PID did not die within timeout":  4,
		"container state improper": 4,
		"storage is broken":        1,
	} {
		asked := 0
		e := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Libpod-API-Version", "4.3.1")
			if r.Method != http.MethodDelete {
				return
			}
			if asked++; asked < 4 {
				w.WriteHeader(http.StatusInternalServerError)
				fmt.Fprintf(w, `{"cause":%[1]q,"message":%[1]q,"response":500}`, text)
				return
			}
			fmt.Fprint(w, "[]")
		}))
		conn, err := e.service.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := removeContainer(conn, "c"); asked != want || (err == nil) != (want == 4) {
			t.Errorf("%s: asked %d times, want %d; %v", text, asked, want, err)
		}
	}
}
