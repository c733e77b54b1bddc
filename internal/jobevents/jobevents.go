// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobevents writes what happens in a run of jobs as JSON, a line each.
//
// docs/schema/events.json describes the lines. Fields may be added; those that
// are there keep their meaning.
package jobevents

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// delay is for how long lines of output may wait to be written together.
const delay = 200 * time.Millisecond

// A Writer writes events. It is safe for use by several goroutines, and writes
// nothing if it is nil.
type Writer struct {
	mu      sync.Mutex
	out     *bufio.Writer
	pending *time.Timer // flushes; nil if nothing waits
	err     error       // the first one; nothing is written after it
}

func New(to io.Writer) *Writer { return &Writer{out: bufio.NewWriter(to)} }

// Open returns a Writer to a file, or to stdout if the path is "-", or nil if it
// is "". The caller must call done.
func Open(ctx context.Context, path string, stdout io.Writer) (_ *Writer, done func(), err error) {
	switch path {
	case "":
		return nil, func() {}, nil
	case "-":
		return New(stdout), func() {}, nil
	}
	file, err := create(ctx, path)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write events: %w", err)
	}
	return New(file), func() { _ = file.Close() }, nil // the run has reported write errors
}

// create creates a file, or opens a device, a FIFO or an open file. It replaces a
// symbolic link, as reports do, because a hostile tree may have one of this name.
func create(ctx context.Context, path string) (*os.File, error) {
	if file, err := safefs.OpenInPlace(ctx, path); file != nil || err != nil {
		return file, err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o666)
}

// A head is what each event begins with.
type head struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"`
}

type runEvent struct {
	head
	Run     string `json:"run"`
	Project string `json:"project"`
	Commit  string `json:"commit"`
	Source  string `json:"source"`
	Engine  string `json:"engine"`
	Retry   string `json:"retry"`
}

type plannedEvent struct {
	head
	Job    string   `json:"job"`
	Stage  string   `json:"stage"`
	Target string   `json:"target"`
	Arch   string   `json:"arch"`
	Kind   string   `json:"kind"`
	Image  string   `json:"image"`
	Needs  []string `json:"needs"`
	Of     string   `json:"of"`
}

type jobEvent struct {
	head
	Job   string        `json:"job"`
	State outcome.State `json:"state"`
	Log   string        `json:"log"`
	*result
}

// A result is in the event of a job that has ended.
type result struct {
	Code     int     `json:"code"`
	Allowed  bool    `json:"allowed"`
	Line     string  `json:"line"`
	Duration float64 `json:"seconds"`
}

type lineEvent struct {
	head
	Job    string `json:"job"`
	Stream string `json:"stream"`
	Text   string `json:"text"`
}

type commandEvent struct {
	head
	Job      string   `json:"job"`
	Stage    string   `json:"stage"`
	Command  string   `json:"command"`
	Duration *float64 `json:"seconds,omitempty"` // nil until it has ended
	State    string   `json:"state"`
	Number   int      `json:"number"`
}

type artifactsEvent struct {
	head
	Job   string   `json:"job"`
	Dir   string   `json:"directory"`
	JUnit []string `json:"junit"`
}

type endEvent struct {
	head
	Run string `json:"run"`
	OK  bool   `json:"ok"`
}

// Run says that a run begins.
func (w *Writer) Run(r *jobrecord.Run) {
	w.write(runEvent{head{r.Started, "run"}, r.ID, r.Project, r.Commit, r.Event, r.Engine, r.Retry}, true)
}

// Planned says that a job is to run.
func (w *Writer) Planned(j *jobrecord.Job) {
	w.write(plannedEvent{head{time.Now(), "planned"}, j.Name, j.Stage, j.Target, j.Arch, j.Kind, j.Image, list(j.Needs), j.Of}, false)
}

// Job says that the state of a job has changed. log is its file, "" if there
// is none.
func (w *Writer) Job(at time.Time, j *jobrecord.Job, log string) {
	e := jobEvent{head: head{at, "job"}, Job: j.Name, State: j.State, Log: log}
	if j.State.Ended() {
		e.result = &result{j.Code, j.Allowed, j.Line, j.Duration}
	}
	w.write(e, true)
}

// Line says that a job has printed a line, which began at a time. stream is
// "stdout", "stderr" or "build". The text has no secrets in it.
func (w *Writer) Line(at time.Time, job, stream, text string) {
	w.write(lineEvent{head{at, "line"}, job, stream, text}, false)
}

// Begun says that a command of a job has begun. number is its place in the
// stage, from 1.
func (w *Writer) Begun(job string, number int, c jobrecord.Command) {
	w.write(commandEvent{head: head{c.Started, "command"}, Job: job, Stage: c.Stage, Command: c.Command, State: "begun", Number: number}, true)
}

// Ended says that a command of a job has ended.
func (w *Writer) Ended(job string, number int, c jobrecord.Command) {
	at := c.Started.Add(time.Duration(c.Duration * float64(time.Second)))
	w.write(commandEvent{head{at, "command"}, job, c.Stage, c.Command, &c.Duration, "ended", number}, false)
}

// Artifacts says where those of a job are.
func (w *Writer) Artifacts(job, dir string, junit []string) {
	w.write(artifactsEvent{head{time.Now(), "artifacts"}, job, dir, list(junit)}, false)
}

// End says that the run is over.
func (w *Writer) End(r *jobrecord.Run) {
	w.write(endEvent{head{r.Ended, "end"}, r.ID, r.OK()}, true)
}

// list is never null in JSON.
func list(words []string) []string {
	if words == nil {
		return []string{}
	}
	return words
}

// write writes an event, at once if a reader may wait for it.
func (w *Writer) write(event any, now bool) {
	if w == nil {
		return
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false) // commands have & and >
	err := encoder.Encode(event)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return
	}
	if _, w.err = w.out.Write(termtext.JSON(data.Bytes())); w.err == nil && now {
		w.err = w.out.Flush()
	}
	if !now && w.pending == nil {
		w.pending = time.AfterFunc(delay, func() { _ = w.Flush() }) // Flush returns the error again
	}
}

// Flush writes what waits. It returns the first error that there was, since a
// run does not fail in the middle because nobody reads of it.
func (w *Writer) Flush() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = nil
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}
