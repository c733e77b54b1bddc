// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func frame(channel byte, text string) string {
	header := make([]byte, 8)
	header[0] = channel
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return string(header) + text
}

func TestDemux(t *testing.T) {
	huge := "\x01\x00\x00\x00\xff\xff\xff\xffshort"
	for _, c := range []struct{ name, in, out, errs, fault string }{
		{"nothing", "", "", "", ""},
		{"both", frame(1, "a\n") + frame(2, "b\n") + frame(1, "c"), "a\nc", "b\n", ""},
		{"channel 0", frame(0, "a"), "a", "", ""},
		{"empty frame", frame(1, "") + frame(2, "x"), "", "x", ""},
		{"cut header", frame(1, "a") + "\x01\x00", "a", "", "unexpected EOF"},
		{"cut frame", frame(1, "a") + frame(2, "bcd")[:10], "a", "bc", "unexpected EOF"},
		{"length is a lie", huge, "short", "", "unexpected EOF"},
		{"unknown channel", frame(1, "a") + frame(9, "b"), "a", "", "unknown channel 9 in the stream"},
		{"not frames at all", "hello, world", "", "", "unknown channel 104 in the stream"},
		{"error of the service", frame(1, "a") + frame(3, "no such log"), "a", "", "service says in the stream: no such log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			err := demux(&out, &errs, strings.NewReader(c.in))
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if out.String() != c.out || errs.String() != c.errs || fault != c.fault {
				t.Errorf("got %q, %q, %q", out.String(), errs.String(), fault)
			}
		})
	}
}

// FuzzDemux: the output is never longer than the input, and an accepted stream consists of
// frames: framing the output again gives the same streams.
func FuzzDemux(f *testing.F) {
	for _, seed := range []string{"", frame(1, "a\n"), frame(1, "a") + frame(2, "b"), frame(3, "x"), "\x02\x00\x00\x00\xff\xff\xff\xff", "\x01\x00", frame(7, "")} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var out, errs bytes.Buffer
		err := demux(&out, &errs, bytes.NewReader(in))
		if out.Len()+errs.Len() > len(in) {
			t.Fatalf("%d bytes became %d and %d", len(in), out.Len(), errs.Len())
		}
		if err != nil {
			return
		}
		var out2, errs2 bytes.Buffer
		again := frame(1, out.String()) + frame(2, errs.String())
		if err := demux(&out2, &errs2, strings.NewReader(again)); err != nil || !bytes.Equal(out.Bytes(), out2.Bytes()) || !bytes.Equal(errs.Bytes(), errs2.Bytes()) {
			t.Fatalf("framed again: %q, %q, %v", out2.String(), errs2.String(), err)
		}
	})
}

func TestSkipper(t *testing.T) {
	for _, c := range []struct {
		drop int64
		want string
	}{{0, "abcdef"}, {1, "bcdef"}, {2, "cdef"}, {3, "def"}, {6, ""}, {9, ""}} {
		var out bytes.Buffer
		s := &skipper{&out, c.drop}
		for _, part := range []string{"ab", "", "cd", "ef"} {
			if n, err := s.Write([]byte(part)); n != len(part) || err != nil {
				t.Errorf("drop %d: wrote %d, %v", c.drop, n, err)
			}
		}
		if out.String() != c.want {
			t.Errorf("drop %d: got %q", c.drop, out.String())
		}
	}
	s := &skipper{failing{}, 1}
	if n, err := s.Write([]byte("abc")); n != 1 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %d, %v", n, err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestInitRefused(t *testing.T) {
	const line = "ERROR (catatonit:6): failed to exec pid1: No such file or directory\n"
	for _, c := range []struct {
		out, errs string
		want      int
	}{
		{"", line, 127},
		{"", strings.Replace(line, "No such file or directory", "Permission denied", 1), 126},
		{"", strings.Replace(line, "No such file or directory", "Exec format error", 1), 126},
		{"", "", 0},
		{"", line + "more", 0},
		{"said something", line, 0},
		{"", "before\n" + line, 0},
		{"", strings.Repeat("x", 1000), 0},
	} {
		var shown bytes.Buffer
		r := &running{out: newCounter(nil), stderr: newStartupErrorFilter(&shown, initErrors())}
		r.err = newCounter(r.stderr)
		_, _ = io.WriteString(r.out, c.out)
		_, _ = io.WriteString(r.err, c.errs)
		got, err := r.initRefused()
		if got != c.want || (err == nil) != (c.want == 0) {
			t.Errorf("%q, %q: got %d, %v; want %d", c.out, c.errs, got, err, c.want)
		}
		if _ = r.stderr.flush(); (shown.Len() == 0) != (got != 0 || c.errs == "") {
			t.Errorf("%q, %q: shown %q", c.out, c.errs, shown.String())
		}
	}
}
