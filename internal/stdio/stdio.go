// SPDX-License-Identifier: GPL-2.0-or-later

// Package stdio writes to the program's standard streams.
//
// Results go to stdout, messages to stderr. No other package writes to them, so
// that untrusted text never controls the terminal.
package stdio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/term"

	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Streams are the standard streams of the program.
type Streams struct {
	Stdin          *os.File
	Stdout, Stderr io.Writer
	Getenv         func(string) string

	output  *ErrorKeeper              // Stdout of the last Console; nil for a terminal
	display atomic.Pointer[io.Writer] // destination of messages while there is a display; nil for none
}

// Messages returns the writer for messages: stderr, or the display while there
// is one, which prints them above its lines.
func (s *Streams) Messages() io.Writer { return messageWriter{s} }

type messageWriter struct{ s *Streams }

func (m messageWriter) Write(p []byte) (int, error) {
	if display := m.s.display.Load(); display != nil {
		return (*display).Write(p)
	}
	return m.s.Stderr.Write(p)
}

// Infof prints a message to stderr. It hides secrets of URLs, like the methods
// for results do.
func (s *Streams) Infof(format string, args ...any) {
	fmt.Fprintln(messageWriter{s}, redact.URLs(termtext.Message(format, args...)))
}

// Infos prints messages to stderr, one per line.
func (s *Streams) Infos(lines []string) {
	for _, line := range lines {
		s.Infof("%s", line)
	}
}

// Write writes a result to stdout as it is, such as a generated file.
func (s *Streams) Write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	_, err := s.Stdout.Write(data)
	return resultError(err)
}

func resultError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot write the result: %w", err)
}

// Text writes to stdout what write writes, for people. If write fails, it writes
// nothing.
func (s *Streams) Text(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return s.Write([]byte(redact.URLs(b.String())))
}

// Table writes the rows of a table to stdout.
func (s *Streams) Table(rows [][]string) error {
	return s.Text(func(w io.Writer) error { return termtext.Table(w, rows) })
}

// Lines writes a result to stdout, one item per line.
func (s *Streams) Lines(items []string) error {
	var b strings.Builder
	for _, item := range items {
		b.WriteString(redact.URLs(termtext.Line(item)) + "\n")
	}
	return s.Write([]byte(b.String()))
}

// List writes names to stdout, as lines or as a JSON list.
func (s *Streams) List(format string, names []string) error {
	return s.Result(format, append([]string{}, names...), names)
}

// Result writes a value to stdout as JSON, or else lines.
func (s *Streams) Result(format string, v any, lines []string) error {
	if format == "json" {
		return s.JSON(v)
	}
	return s.Lines(lines)
}

// ResultText writes a value to stdout as JSON, or else what write writes.
func (s *Streams) ResultText(format string, v any, write func(io.Writer) error) error {
	if format == "json" {
		return s.JSON(v)
	}
	return s.Text(write)
}

// ResultTable writes a value to stdout as JSON, or else the rows of a table.
func (s *Streams) ResultTable(format string, v any, rows [][]string) error {
	return s.ResultText(format, v, func(w io.Writer) error { return termtext.Table(w, rows) })
}

// JSON writes a value to stdout as indented JSON.
func (s *Streams) JSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return s.Write([]byte(redact.URLs(string(termtext.JSON(b.Bytes())))))
}

// Terminal reports whether stderr is a terminal that supports cursor movement.
func (s *Streams) Terminal() bool {
	return IsTerminal(s.Stderr) && s.Getenv("TERM") != "dumb" && s.Getenv("CI") == ""
}

func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
