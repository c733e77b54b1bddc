// SPDX-License-Identifier: GPL-2.0-or-later

package stdio_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// TestForProgram: a stream that is no terminal gets all bytes.
func TestForProgram(t *testing.T) {
	var file strings.Builder
	w, done := stdio.ForProgram(&file)
	const text = "\x1b]0;title\a\x1b[2J\xff"
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	done()
	if file.String() != text {
		t.Errorf("got %q", file.String())
	}
}

func TestResultsGoToStdoutAndMessagesToStderr(t *testing.T) {
	var stdout, stderr bytes.Buffer
	s := &stdio.Streams{Stdout: &stdout, Stderr: &stderr}
	s.Infos([]string{"a", "b\x1b[2J"})
	for _, err := range []error{
		s.Write(nil),
		s.Lines([]string{"one", "two\nlines"}),
		s.List("text", []string{"x"}),
		s.List("json", nil),
		s.Result("json", map[string]string{"k": "<&>"}, nil),
		s.Table([][]string{{"A", "B"}, {"1", "2"}}),
		s.ResultTable("text", 1, [][]string{{"C"}}),
		s.ResultTable("json", 1, [][]string{{"C"}}),
		s.ResultText("json", 2, nil),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := "one\ntwo\ufffdlines\nx\n[]\n{\n  \"k\": \"<&>\"\n}\nA  B\n1  2\nC\n1\n2\n"
	if got := stdout.String(); got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if got := stderr.String(); !strings.HasPrefix(got, "a\nb") || strings.ContainsRune(got, 0x1b) || strings.Count(got, "\n") != 2 {
		t.Errorf("stderr %q", got)
	}
	broken := errors.New("broken")
	stdout.Reset()
	if err := s.Text(func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) || stdout.Len() > 0 {
		t.Errorf("a result that fails: %v, %q", err, stdout.String())
	}
}

func TestTerminal(t *testing.T) {
	s := &stdio.Streams{Stderr: &strings.Builder{}, Getenv: func(string) string { return "" }}
	if s.Terminal() {
		t.Error("a buffer is no terminal")
	}
}

func TestReaderGone(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("x"), false},
		{syscall.EPIPE, false},
		{&os.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.EPIPE}, true},
		{&os.PathError{Op: "write", Path: os.Stderr.Name(), Err: syscall.EPIPE}, true},
		{&os.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.ENOSPC}, false},
		{&os.PathError{Op: "write", Path: "/some/file", Err: syscall.EPIPE}, false},
	} {
		if got := stdio.ReaderGone(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
