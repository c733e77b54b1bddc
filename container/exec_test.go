// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containers/podman/v4/pkg/bindings"

	"gitlab.com/lcitool/lcitool/container/api"
)

// startService serves one exec that prints "early" before any request, then its stdin. The
// first output is in the same packet as the header of the response, as with commands that
// end at once.
func startService(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	frame := func(text string) string { return "\x01\x00\x00\x00\x00\x00\x00" + string(rune(len(text))) + text }
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/exec/id/start") {
			w.Header().Set("Libpod-API-Version", "4.3.1")
			_, _ = io.WriteString(w, "{}")
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		conn, in, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"+frame("early "))
		text, err := io.ReadAll(in)
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(conn, frame(string(text)))
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "unix://" + socket
}

// TestAttachIsComplete: early output is not lost, and stdin is closed.
func TestAttachIsComplete(t *testing.T) {
	own, err := bindings.NewConnection(t.Context(), startService(t))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	x := &execution{id: "id", options: api.ExecOptions{Stdin: strings.NewReader("input")}, log: slog.New(slog.DiscardHandler)}
	x.out, x.stderr = newCounter(&out), newStartupErrorFilter(io.Discard, execErrors())
	if err := x.attach(own); err != nil {
		t.Fatal(err)
	}
	if out.String() != "early input" {
		t.Errorf("got %q", out.String())
	}
}

// TestGrace: a command that takes too long can have longer to end than one that is cancelled.
func TestGrace(t *testing.T) {
	late := fmt.Errorf("%w after 1s", api.ErrTimeout)
	for _, c := range []struct {
		grace, timeout time.Duration
		cause          error
		want           time.Duration
	}{
		{0, 0, context.Canceled, defaultGrace},
		{0, 0, late, defaultGrace},
		{time.Second, 0, late, time.Second},
		{time.Second, time.Minute, late, time.Minute},
		{time.Second, time.Minute, context.Canceled, time.Second},
	} {
		x := &execution{options: api.ExecOptions{Grace: c.grace, TimeoutGrace: c.timeout}}
		if got := x.grace(c.cause); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
