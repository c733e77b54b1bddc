// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type canned string

func (c canned) Execute(context.Context, string) (string, error) { return string(c), nil }

func TestCall(t *testing.T) {
	for _, tc := range []struct{ name, reply, wantErr string }{
		{"status", `{"return":{"status":"running"},"id":"libvirt-7"}`, ""},
		{"refused", `{"id":"x","error":{"class":"CommandNotFound","desc":"The command query-x has not been found"}}`, "has not been found"},
		{"neither", `{}`, "neither result nor error"},
		{"no JSON", `oops`, "cannot read the reply"},
		{"other shape", `{"return":[1]}`, "cannot read the reply to query-status"},
		{"empty", ``, "cannot read the reply"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Status(t.Context(), canned(tc.reply))
			if tc.wantErr == "" {
				if err != nil || got != "running" {
					t.Errorf("got %q, %v", got, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("got %v, want %q", err, tc.wantErr)
			}
		})
	}
	_, err := CPUs(t.Context(), canned(`{"error":{"class":"GenericError","desc":"no"}}`))
	if e, ok := errors.AsType[*Error](err); !ok || e.Class != "GenericError" {
		t.Errorf("got %v", err)
	}
}

func TestVersion(t *testing.T) {
	got, err := Version(t.Context(), canned(`{"return":{"qemu":{"micro":22,"minor":2,"major":7},"package":"Debian"}}`))
	if err != nil || got.String() != "7.2.22" {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := Version(t.Context(), canned(`{"return":{"qemu":"7"}}`)); err == nil {
		t.Errorf("got %s", got)
	}
}

// monitor answers each line with what script gives for it; nothing means silence.
func monitor(t *testing.T, greeting string, script map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qmp")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		answer := greeting
		for lines := bufio.NewScanner(conn); ; answer = script[lines.Text()] {
			if _, err := io.WriteString(conn, answer); err != nil || !lines.Scan() {
				return
			}
		}
	}()
	return path
}

const (
	hello = `{"QMP":{"version":{},"capabilities":[]}}` + "\n"
	ready = `{"execute":"qmp_capabilities"}`
)

func TestSocketSkipsEvents(t *testing.T) {
	path := monitor(t, hello, map[string]string{
		ready:                        `{"return":{}}` + "\n",
		`{"execute":"query-status"}`: `{"event":"STOP"}` + "\n" + `{"return":{"status":"paused"}}` + "\n",
	})
	s, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := Status(t.Context(), s); err != nil || got != "paused" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSocketEndsWithItsContext(t *testing.T) {
	for name, path := range map[string]string{
		"no greeting":   monitor(t, "", nil),
		"no agreement":  monitor(t, hello, nil),
		"wrong service": monitor(t, "220 mail\n", nil),
		"other JSON":    monitor(t, "{}\n", nil),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if _, err := Dial(ctx, path); err == nil {
			t.Errorf("%s: connected", name)
		}
		cancel()
	}
	s, err := Dial(t.Context(), monitor(t, hello, map[string]string{ready: `{"return":{}}` + "\n"}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Status(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := Status(t.Context(), s); err == nil {
		t.Error("the connection is used again after a lost reply")
	}
}
