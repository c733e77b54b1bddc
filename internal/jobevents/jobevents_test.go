// SPDX-License-Identifier: GPL-2.0-or-later

package jobevents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// everything writes one event of each kind, two of a job.
func everything(w *Writer) {
	at := time.Date(2026, 11, 28, 10, 30, 0, 0, time.UTC)
	job := jobrecord.Job{Name: "build", Stage: "test", Target: "debian-13", State: outcome.Running}
	run := jobrecord.Run{ID: "20261128-1", Project: "/src", Event: "push", Started: at, Ended: at, Jobs: []jobrecord.Job{{State: outcome.Failed}}}
	w.Run(&run)
	w.Planned(&job)
	w.Job(at, &job, "/runs/build.log")
	w.Line(at, "build", "stdout", "a \"line\"\tof it \x1b[31m")
	w.Begun("build", 1, jobrecord.Command{Stage: "script", Command: "make", Started: at})
	w.Ended("build", 1, jobrecord.Command{Stage: "script", Command: "make", Started: at})
	w.Artifacts("build", "/src/.lcitool/artifacts/build", nil)
	job.State, job.Code, job.Line, job.Duration = outcome.Failed, 2, "error: no", 3
	w.Job(at, &job, "/runs/build.log")
	w.End(&run)
}

func TestEventsFitTheSchema(t *testing.T) {
	data, err := os.ReadFile("../../docs/schema/events.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("events.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("events.json")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := New(&out)
	everything(w)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for line := range strings.Lines(out.String()) {
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(event); err != nil {
			t.Errorf("%s%v", line, err)
		}
		kinds = append(kinds, event.(map[string]any)["event"].(string))
	}
	if got, want := strings.Join(kinds, " "), "run planned job line command command artifacts job end"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	for _, bad := range []string{`{"time": "x"}`, `{"time": "x", "event": "job", "job": "a", "state": "failed", "log": ""}`, `{"time": "x", "event": "line", "job": "a", "stream": "other", "text": ""}`,
		`{"time": "x", "event": "command", "job": "a", "stage": "script", "command": "", "state": "ended", "number": 1}`,
		`{"time": "x", "event": "command", "job": "a", "stage": "script", "command": "", "state": "begun", "number": 1, "seconds": 1}`} {
		if event, err := jsonschema.UnmarshalJSON(strings.NewReader(bad)); err != nil || schema.Validate(event) == nil {
			t.Errorf("%s fits (%v)", bad, err)
		}
	}
}

// TestEndIsWritten: the end of a job, and an event that begins a wait, are written at once.
func TestEndIsWritten(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if err := read.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil { // guards against a hang
		t.Fatal(err)
	}
	w := New(write)
	decoder := json.NewDecoder(read)
	w.Line(time.Now(), "build", "stderr", "soon")
	var e struct{ Event, Text, Stream string }
	if err := decoder.Decode(&e); err != nil || e.Event != "line" || e.Text != "soon" || e.Stream != "stderr" {
		t.Errorf("got %+v, %v", e, err)
	}
	w.Job(time.Now(), &jobrecord.Job{Name: "build", State: outcome.Passed}, "")
	if err := decoder.Decode(&e); err != nil || e.Event != "job" {
		t.Errorf("got %+v, %v", e, err)
	}
}

type full struct{ calls int }

var errFull = errors.New("no space")

func (f *full) Write([]byte) (int, error) { f.calls++; return 0, errFull }

// TestErrorIsKept: nothing is written after an error, which the last call returns.
func TestErrorIsKept(t *testing.T) {
	var to full
	w := New(&to)
	everything(w)
	if err := w.Flush(); !errors.Is(err, errFull) || to.calls != 1 {
		t.Errorf("%v after %d writes", err, to.calls)
	}
	var none *Writer
	everything(none)
	if err := none.Flush(); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	var stdout bytes.Buffer
	file := filepath.Join(t.TempDir(), "events")
	for _, path := range []string{"", "-", file} {
		w, done, err := Open(t.Context(), path, &stdout)
		if err != nil || (w == nil) != (path == "") {
			t.Fatalf("%q: %v, %v", path, w, err)
		}
		everything(w)
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
		done()
	}
	if data, err := os.ReadFile(file); err != nil || len(data) == 0 || bytes.Count(data, []byte("\n")) != bytes.Count(stdout.Bytes(), []byte("\n")) {
		t.Errorf("%q, %v", data, err)
	}
	if _, _, err := Open(t.Context(), filepath.Join(file, "below"), &stdout); err == nil || !strings.HasPrefix(err.Error(), "cannot write events: ") {
		t.Error(err)
	}
}

// TestHiddenCharacters: events on a terminal do not control it.
func TestHiddenCharacters(t *testing.T) {
	const name = "a\u009b2J\u202eb\u2028\x7f\U000e0041"
	var out bytes.Buffer
	w := New(&out)
	w.Job(time.Now(), &jobrecord.Job{Name: name}, "")
	w.Line(time.Now(), name, "stdout", name)
	w.Artifacts(name, "/"+name, []string{name})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), termtext.Hidden) {
			t.Errorf("%q", line)
		}
		var event struct{ Job string }
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Job != name {
			t.Errorf("%q: read back %q, %v", line, event.Job, err)
		}
	}
}

// TestEventsGoThroughNoLink: a link of the tree does not decide which file is
// overwritten. Devices and open files are written in place.
func TestEventsGoThroughNoLink(t *testing.T) {
	dir := t.TempDir()
	precious, link := filepath.Join(dir, "precious"), filepath.Join(dir, "events")
	if err := errors.Join(os.WriteFile(precious, []byte("text\n"), 0o600), os.Symlink(precious, link)); err != nil {
		t.Fatal(err)
	}
	open, err := os.OpenFile(precious, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	for _, path := range []string{link, os.DevNull, fmt.Sprintf("/dev/fd/%d", open.Fd())} {
		w, done, err := Open(t.Context(), path, nil)
		if err != nil {
			t.Fatal(path, err)
		}
		w.End(&jobrecord.Run{ID: "1"})
		done()
	}
	if data, err := os.ReadFile(precious); err != nil || !strings.HasPrefix(string(data), "text\n{") || strings.Count(string(data), "\n") != 2 {
		t.Errorf("what the link led to: %q, %v", data, err)
	}
	if data, err := os.ReadFile(link); err != nil || !strings.HasPrefix(string(data), "{") {
		t.Errorf("events: %q, %v", data, err)
	}
}
