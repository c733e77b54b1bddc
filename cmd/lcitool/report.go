// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// Results go to stdout, everything said to a person goes to stderr. These are
// the only two ways to say something; both keep what comes from outside from
// steering the terminal.

// infof writes a message to stderr.
func (a *app) infof(format string, args ...any) {
	fmt.Fprintln(messageWriter{a}, termtext.Message(format, args...))
}

// infos writes messages to stderr, one for each line.
func (a *app) infos(lines []string) {
	for _, line := range lines {
		a.infof("%s", line)
	}
}

// A usageError is a command line that makes no sense.
type usageError struct {
	command *cobra.Command
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

// A statusError ends the program with a status that is not its own failure.
// Nothing is said about it.
type statusError int

// status makes an exit status an error, nil for 0.
func status(code int) error {
	if code == 0 {
		return nil
	}
	return statusError(code)
}

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// report says what went wrong and gives the exit status: 0, 1 for a failure,
// 2 for a command line that makes no sense, a workload's own status, or 128
// plus a signal's number: 141 if nobody reads the output any more, about which
// nothing is said.
func (a *app) report(ctx context.Context, err error) int {
	var usage *usageError
	var ended statusError
	var workload *container.ExitError
	signal, stopped := interrupted(ctx)
	switch {
	case stopped && signal.signal == pipeSignal, readerGone(err):
		return interruption{pipeSignal}.status()
	case err == nil:
		return 0
	case errors.As(err, &workload):
		return workload.Code
	case stopped:
		a.infof("lcitool: stopped by %v", signal)
		if running, ok := errors.AsType[*container.StillRunningError](err); ok {
			a.infof("warning: step %d of %d is still running at %s until its end, and what it leaves there stays", running.Step, running.Steps, running.URL)
		}
		return signal.status()
	case errors.As(err, &ended):
		return int(ended)
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "usage: %s\n", usage.command.UseLine())
		a.infof("%s: error: %v", usage.command.CommandPath(), usage.err)
		if h := hint(usage.err); h != "" {
			a.infof("hint: %s", h)
		}
		return 2
	}
	a.printError(err)
	return container.Status(err)
}

// printError says each error that err joins on a line of its own, with advice
// where there is some; nothing for nil.
func (a *app) printError(err error) {
	if err == nil {
		return
	}
	for _, e := range workspace.Separate(err) {
		a.infof("%s%v", prefix(e), e)
		if h := hint(e); h != "" {
			a.infof("hint: %s", h)
		}
	}
}

// hint gives advice on what to do about an error, "" for none.
func hint(err error) string {
	if hint := diag.Hint(err); hint != "" {
		return hint
	}
	var unsupported *render.UnsupportedError
	if errors.As(err, &unsupported) && unsupported.Target.Containers == nil {
		return fmt.Sprintf(`no image of %[1]s exists; "lcitool variables %[1]s PROJECTS" lists what a machine needs`, unsupported.Target.Name)
	}
	return container.Hint(err)
}

// prefix names the area an error comes from, in the original's words.
func prefix(err error) string {
	var (
		manifest    *manifestError
		target      *targets.Error
		cross       *targets.CrossError
		project     *facts.ProjectError
		unsupported *render.UnsupportedError
		resolve     *targets.ResolveError
		mappings    *facts.MappingsError
		engine      *container.EngineError
		build       *container.BuildError
		unsafe      *container.UnsafeError
	)
	switch {
	case errors.As(err, &manifest):
		return manifest.prefix()
	case errors.As(err, &target):
		return "Targets error: "
	case errors.As(err, &cross), errors.As(err, &project):
		return "Project error: "
	case errors.As(err, &unsupported) && unsupported.Output == "Dockerfile":
		return "Docker formatter error: "
	case errors.As(err, &unsupported):
		return "Shell build env formatter error: "
	case errors.As(err, &resolve), errors.As(err, &mappings):
		return "Package generic name resolution error: "
	}
	if errors.As(err, &engine) || errors.As(err, &build) || errors.As(err, &unsafe) || errors.Is(err, container.ErrNoImage) || errors.Is(err, container.ErrNoUser) {
		return "Container error: "
	}
	return "Application error: "
}

// write sends a result to stdout.
func (a *app) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if _, err := a.stdout.Write(data); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	return nil
}

// text sends to stdout what write writes, if it does not fail.
func (a *app) text(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return a.write(b.Bytes())
}

// table sends rows of a table to stdout.
func (a *app) table(rows [][]string) error {
	return a.text(func(w io.Writer) error { return termtext.Table(w, rows) })
}

// lines sends a result to stdout, an item a line.
func (a *app) lines(items []string) error {
	var b strings.Builder
	for _, item := range items {
		b.WriteString(termtext.Line(item) + "\n")
	}
	return a.write([]byte(b.String()))
}

// list sends names to stdout, as lines or as a JSON list.
func (a *app) list(format string, names []string) error {
	return a.result(format, append([]string{}, names...), names)
}

// result sends a value to stdout as JSON, or lines that say the same.
func (a *app) result(format string, v any, lines []string) error {
	if format == "json" {
		return a.json(v)
	}
	return a.lines(lines)
}

// json sends a value to stdout as indented JSON.
func (a *app) json(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return a.write(termtext.JSON(b.Bytes()))
}
