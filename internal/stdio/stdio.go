// SPDX-License-Identifier: GPL-2.0-or-later

// Package stdio writes to the standard streams of the program.
//
// Results go to stdout, everything said to a person goes to stderr. Nothing else
// writes to them: what comes from outside never steers the terminal.
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

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Streams are those of the program.
type Streams struct {
	Stdin          *os.File
	Stdout, Stderr io.Writer
	Getenv         func(string) string

	display atomic.Pointer[io.Writer] // that messages go through, nil for none
}

// Messages is stderr for messages: they appear above the lines of a display
// while there is one.
func (s *Streams) Messages() io.Writer { return messageWriter{s} }

type messageWriter struct{ s *Streams }

func (m messageWriter) Write(p []byte) (int, error) {
	if display := m.s.display.Load(); display != nil {
		return (*display).Write(p)
	}
	return m.s.Stderr.Write(p)
}

// Infof writes a message to stderr.
func (s *Streams) Infof(format string, args ...any) {
	fmt.Fprintln(messageWriter{s}, termtext.Message(format, args...))
}

// Infos writes messages to stderr, one for each line.
func (s *Streams) Infos(lines []string) {
	for _, line := range lines {
		s.Infof("%s", line)
	}
}

// Write sends a result to stdout.
func (s *Streams) Write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if _, err := s.Stdout.Write(data); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	return nil
}

// Text sends to stdout what write writes, if it does not fail.
func (s *Streams) Text(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return s.Write(b.Bytes())
}

// Table sends rows of a table to stdout.
func (s *Streams) Table(rows [][]string) error {
	return s.Text(func(w io.Writer) error { return termtext.Table(w, rows) })
}

// Lines sends a result to stdout, an item a line.
func (s *Streams) Lines(items []string) error {
	var b strings.Builder
	for _, item := range items {
		b.WriteString(termtext.Line(item) + "\n")
	}
	return s.Write([]byte(b.String()))
}

// List sends names to stdout, as lines or as a JSON list.
func (s *Streams) List(format string, names []string) error {
	return s.Result(format, append([]string{}, names...), names)
}

// Result sends a value to stdout as JSON, or lines that say the same.
func (s *Streams) Result(format string, v any, lines []string) error {
	if format == "json" {
		return s.JSON(v)
	}
	return s.Lines(lines)
}

// JSON sends a value to stdout as indented JSON.
func (s *Streams) JSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return s.Write(termtext.JSON(b.Bytes()))
}

// Terminal reports whether stderr is a terminal that lines can be drawn on.
func (s *Streams) Terminal() bool {
	return IsTerminal(s.Stderr) && s.Getenv("TERM") != "dumb" && s.Getenv("CI") == ""
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
