// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Limits of what is saved.
const (
	maxCore       = 1 << 30 // bytes, holes included
	maxExecutable = 256 << 20
	maxTrace      = 1 << 20
	traceTime     = time.Minute
)

// Names of the files in a crash's directory.
const (
	CoreFile       = "core"
	ExecutableFile = "executable"
	TextFile       = "crash.txt" // what is known of the crash, and the backtrace
)

// A Container is a running container of a job.
type Container interface {
	Exec(ctx context.Context, o api.ExecOptions) (api.RunResult, error)
	Get(ctx context.Context, path string, tar io.Writer) error
}

// Options say where to look for cores and where to save them.
type Options struct {
	Container Container
	After     string   // file in the container; only newer cores count
	Skip      string   // directory of the container without cores
	Dirs      []string // of the container, searched if the image has no find
	Trees     []string // mount points of overlays: the kernel may name files below them relative to the overlay's layer

	MakeDir func() (string, error)   // makes a directory for one crash
	Mask    func(text string) string // removes secrets from text
	Most    int                      // number of crashes to save
}

// A Crash is a crashed process and what was saved of it.
type Crash struct {
	Core
	File       string // its core in the container
	Dir        string // host directory, absolute
	Size       int64  // of the core
	SavedCore  bool   // the directory has the core
	Executable bool   // the directory has the executable
	Debugger   bool   // the container has gdb
	Frames     []string
	Notes      []string // what was left out, and why
}

// A Result is what Collect found.
type Result struct {
	Crashes []Crash
	More    int // number of cores beyond Most
	Place   Place
}

// Collect saves the cores that are in a container, each with its executable and,
// if the image has gdb, a backtrace. Errors of one core do not stop it; they are
// joined.
func Collect(ctx context.Context, o Options) (Result, error) {
	place, files, err := look(ctx, o)
	r := Result{Place: place}
	if err != nil {
		return r, err
	}
	var errs []error
	for _, file := range files {
		if len(r.Crashes) >= o.Most {
			r.More++
			continue
		}
		crash, err := save(ctx, o, file, place.Debugger)
		switch {
		case errors.Is(err, ErrNotCore):
		case err != nil:
			errs = append(errs, fmt.Errorf("cannot save %s: %w", file, err))
		default:
			r.Crashes = append(r.Crashes, crash)
		}
	}
	return r, errors.Join(errs...)
}

// save saves one core. The error is ErrNotCore if the file is none.
func save(ctx context.Context, o Options, file string, debugger bool) (Crash, error) {
	c := Crash{File: file, Debugger: debugger}
	if err := c.saveCore(ctx, o); err != nil {
		if c.Dir != "" {
			err = errors.Join(err, os.RemoveAll(c.Dir))
		}
		return c, err
	}
	if err := c.saveExecutable(ctx, o); err != nil {
		c.note("the executable is not saved: %v", err)
	}
	text := ""
	if debugger {
		text = c.backtrace(ctx, o)
	} else {
		c.note("no backtrace, because the image has no gdb: %s", c.advice())
	}
	err := os.WriteFile(filepath.Join(c.Dir, TextFile), []byte(o.Mask(c.text(text))), 0o600)
	return c, err
}

// advice says how to get a backtrace without gdb in the image.
func (c *Crash) advice() string {
	text := `"lcitool job run --debug-tools" adds it and prints one`
	if c.SavedCore {
		text += `, "lcitool job shell JOB --debug-tools" opens this core`
	}
	return text
}

func (c *Crash) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// text is the content of TextFile. People read it in terminals, and a job has
// chosen the names.
func (c *Crash) text(backtrace string) string {
	var b strings.Builder
	for _, line := range [][2]string{
		{"signal", c.Signal}, {"command", c.Command}, {"executable", c.Core.Executable}, {"build id", c.BuildID}, {"core", c.File},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", line[0], termtext.Line(line[1]))
		}
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "note: %s\n", termtext.Line(n))
	}
	return b.String() + "\n" + termtext.Text(backtrace)
}
