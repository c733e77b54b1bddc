// SPDX-License-Identifier: GPL-2.0-or-later

package conmon

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// listenAsConmon listens at a path longer than a socket address can be, as conmon does, and
// returns both ends of a connection.
func listenAsConmon(t *testing.T) (ours, theirs *net.UnixConn) {
	t.Helper()
	t.Chdir(t.TempDir())
	listener, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: "attach", Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	path, err := filepath.Abs("attach")
	if err != nil {
		t.Fatal(err)
	}
	if ours, err = Dial(filepath.Dir(path) + strings.Repeat("/.", 100) + "/attach"); err != nil {
		t.Fatal(err)
	}
	if theirs, err = listener.AcceptUnix(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

func TestCopy(t *testing.T) {
	full := strings.Repeat("x", 8192)
	for _, c := range []struct {
		name            string
		in              []string
		out, err, fault string
	}{
		{"nothing", nil, "", "", ""},
		{"both", []string{"\x02a\n", "\x03b\n", "\x02c"}, "a\nc", "b\n", ""},
		{"full packets", []string{"\x02" + full, "\x03" + full, "\x02" + full}, full + full, full, ""},
		{"empty output", []string{"\x02", "\x03x"}, "", "x", ""},
		{"unknown stream", []string{"\x02a", "\x09b", "\x02c"}, "a", "", "unknown stream 9 from conmon"},
		{"frames of the service", []string{"\x01\x00\x00\x00\x00\x00\x00\x01a"}, "", "", "unknown stream 1 from conmon"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours, theirs := listenAsConmon(t)
			for _, packet := range c.in {
				if _, err := theirs.Write([]byte(packet)); err != nil {
					t.Fatal(err)
				}
			}
			_ = theirs.Close()
			var out, errs bytes.Buffer
			fault := ""
			if err := Copy(&out, &errs, ours); err != nil {
				fault = err.Error()
			}
			if out.String() != c.out || errs.String() != c.err || fault != c.fault {
				t.Errorf("got %d bytes, %d bytes, %q", out.Len(), errs.Len(), fault)
			}
		})
	}
}

func TestCopyStops(t *testing.T) {
	ours, theirs := listenAsConmon(t)
	if _, err := theirs.Write([]byte("\x02abc")); err != nil {
		t.Fatal(err)
	}
	if err := Copy(failing{}, io.Discard, ours); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a writer that fails gave %v", err)
	}
	_ = ours.Close()
	if err := Copy(io.Discard, io.Discard, ours); err != nil {
		t.Errorf("a connection of ours that is closed gave %v", err)
	}
}

func TestFeed(t *testing.T) {
	ours, theirs := listenAsConmon(t)
	text := strings.Repeat("0123456789", 3000)
	go Feed(ours, strings.NewReader(text))
	var got []byte
	for buffer := make([]byte, packetRead); ; {
		n, err := theirs.Read(buffer)
		if err != nil {
			break
		}
		if n > packetWrite {
			t.Errorf("a packet of %d bytes", n)
		}
		got = append(got, buffer[:n]...)
	}
	if string(got) != text {
		t.Errorf("got %d bytes of %d", len(got), len(text))
	}
}

func TestDialRefused(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "missing"), t.TempDir()} {
		if conn, err := Dial(path); err == nil {
			_ = conn.Close()
			t.Errorf("connected to %q", path)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
