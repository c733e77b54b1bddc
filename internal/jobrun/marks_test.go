// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A transcript records what a watch writes and reports, in order: "o:text" and "e:text" for
// the streams, "<1" for the start of command 1 and "1>2s" for its end.
type transcript struct{ entries []string }

func (t *transcript) stream(name string) *transcriptStream { return &transcriptStream{t, name} }

func (t *transcript) event(e CommandEvent) {
	if e.Ended {
		t.entries = append(t.entries, fmt.Sprintf("%d>%v", e.Number, e.Duration))
	} else {
		t.entries = append(t.entries, fmt.Sprintf("<%d", e.Number))
	}
}

type transcriptStream struct {
	to   *transcript
	name string
}

func (s *transcriptStream) Write(p []byte) (int, error) {
	s.to.entries = append(s.to.entries, s.name+string(p))
	return len(p), nil
}

const markWord = "WORD"

// mark returns a mark as a shell writes it.
func mark(what string) string { return "\x1b_lcitool " + markWord + " script " + what + "\x1b\\" }

// TestMarks writes the output of stages of two commands in pieces, with marks. Stages last
// from second 100 to 110; uptimes are in seconds.
func TestMarks(t *testing.T) {
	long := strings.Repeat("x", maxHeld+1)
	for name, test := range map[string]struct{ pieces, want []string }{
		"in order": {
			[]string{"o:" + mark("1 5"), "e:" + mark("1 5"), "o:$ a\n", "o:" + mark("2 6"), "e:" + mark("2 6"), "o:$ b\n", "o:" + mark("end 8"), "e:" + mark("end 8")},
			[]string{"<1", "o:$ a\n", "1>1s", "<2", "o:$ b\n", "2>2s"},
		},
		"one stream is ahead": {
			[]string{"o:" + mark("1 5") + "$ a\n" + mark("2 6") + "$ b\n", "e:" + mark("1 5") + "x\n", "e:y\n" + mark("2 6") + "z\n", "o:" + mark("end 7"), "e:" + mark("end 7")},
			[]string{"<1", "o:$ a\n", "e:x\n", "e:y\n", "1>1s", "<2", "o:$ b\n", "e:z\n", "2>1s"},
		},
		"within a line": {
			[]string{"e:" + mark("1 5"), "o:half" + mark("1 5") + " a line\n"},
			[]string{"o:half", "<1", "o: a line\n", "1>10s"},
		},
		"killed": {
			[]string{"o:" + mark("1 5"), "e:" + mark("1 5"), "o:$ a\n", "o:" + mark("2 6") + "$ b", "e:late"},
			[]string{"<1", "o:$ a\n", "e:late", "1>1s", "<2", "o:$ b", "2>9s"},
		},
		"one stream is silent": {
			[]string{"o:" + mark("1 5") + long, "o:y", "o:" + mark("2 6"), "e:" + mark("1 5"), "e:" + mark("2 6"), "o:z"},
			[]string{"<1", "o:" + long, "o:y", "1>1s", "<2", "o:z", "2>9s"},
		},
		"other escape sequences": {
			[]string{"o:\x1b[31mred\x1b[0m\x1b", "o:\\", "e:\x1b_lcitool OTHER script 1 5\x1b\\", "o:\x1b_lcitool WORD", "o:x", "o:" + mark(strings.Repeat("9", maxMark)), "o:\x1b_lcitool "},
			[]string{"o:\x1b[31mred\x1b[0m", "o:\x1b\\", "e:\x1b_lcitool OTHER script 1 5\x1b\\", "o:\x1b_lcitool WORDx", "o:" + mark(strings.Repeat("9", maxMark)), "o:\x1b_lcitool "},
		},
		"no line of steps": {[]string{"o:" + mark("x y") + "a", "o:" + mark("1 NaN")}, []string{"o:" + mark("x y") + "a", "o:" + mark("1 NaN")}},
		"out of order": {
			[]string{"o:" + mark("2 5") + mark("1 6") + mark("9 6") + mark("2 6") + mark("end 7") + mark("end 9"), "e:" + mark("2 5") + mark("1 6") + mark("9 6") + mark("2 6") + mark("end 7") + mark("end 9")},
			[]string{"<2", "2>2s"},
		},
		"the uptime goes back": {[]string{"o:" + mark("1 5") + mark("2 4") + mark("end 6"), "e:" + mark("1 5") + mark("2 4") + mark("end 6")}, []string{"<1", "1>0s", "<2", "2>1s"}},
		"nothing begun":        {[]string{"o:" + mark("end 5"), "e:" + mark("end 5")}, nil},
	} {
		for _, single := range []bool{false, true} { // byte by byte, too
			var got transcript
			w := watch(markWord+"\n", "script", []string{"a", "b"}, time.Unix(100, 0), got.stream("o:"), got.stream("e:"), got.event)
			for _, piece := range test.pieces {
				stream, data := w.streams[strings.Index("oe", piece[:1])], []byte(piece[2:])
				for len(data) > 0 {
					n := len(data)
					if single {
						n = 1
					}
					if written, err := stream.Write(data[:n]); err != nil || written != n {
						t.Fatal(written, err)
					}
					data = data[n:]
				}
			}
			w.close(time.Unix(110, 0))
			if got, want := joined(got.entries), joined(test.want); !slices.Equal(got, want) {
				t.Errorf("%s, byte by byte %v:\ngot  %.300q\nwant %.300q", name, single, got, want)
			}
		}
	}
}

// joined joins consecutive writes to the same stream.
func joined(entries []string) []string {
	var all []string
	for _, e := range entries {
		if n := len(all); n > 0 && e[1] == ':' && all[n-1][:2] == e[:2] {
			all[n-1] += e[2:]
		} else {
			all = append(all, e)
		}
	}
	return all
}

// TestShellsWriteMarks runs a script in real shells whose commands redirect their streams.
// The marks appear only in the stage's streams.
func TestShellsWriteMarks(t *testing.T) {
	for _, shell := range []string{"bash", "dash"} {
		dir, state := t.TempDir(), t.TempDir()
		commands := []string{"echo one", "exec >file 2>&1", "set -x; echo two", "echo three; false"}
		text := strings.ReplaceAll(stage{dir: dir, commands: commands, name: "script", keep: true}.script(), stateDir, state)
		for name, text := range map[string]string{"script": "_lcitool_pid=$$\n" + text, "mark": markWord + "\n"} {
			if err := os.WriteFile(filepath.Join(state, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var got transcript
		w := watch(markWord, "script", commands, time.Now(), got.stream("o:"), got.stream("e:"), got.event)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", `exec 3>&1 4>&2; exec `+shell+" "+filepath.Join(state, "script"))
		cmd.Stdout, cmd.Stderr = w.streams[0], w.streams[1]
		if err := cmd.Run(); err == nil {
			t.Errorf("%s: the script passed", shell)
		}
		w.close(time.Now())
		var entries []string
		for _, e := range joined(got.entries) {
			entry, _, _ := strings.Cut(e, ">")
			entries = append(entries, entry)
		}
		want := "<1|o:$ echo one\none\n|1|<2|o:$ exec |2|<3|3|<4|4"
		if got := strings.Join(entries, "|"); got != want {
			t.Errorf("%s: got %q, want %q", shell, got, want)
		}
		data, err := os.ReadFile(filepath.Join(dir, "file"))
		if err != nil || strings.Contains(string(data), "\x1b") || !strings.Contains(string(data), "three") {
			t.Errorf("%s: the script's own file has %q (%v)", shell, data, err)
		}
	}
}

// TestCommandEvents: a runner reports the commands of all stages while they run, with the
// job's name, if there is a receiver.
func TestCommandEvents(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		h := newHarness(t)
		var got []string
		if wanted {
			h.Commands = func(job string, e CommandEvent) {
				got = append(got, fmt.Sprintf("%s %s %d %q %v", job, e.Stage, e.Number, e.Text, e.Ended))
			}
		}
		var out strings.Builder
		j := job("x", nil)
		j.AfterScript = []string{"clean"}
		h.engine.stage = func(_ context.Context, c *memoryContainer, name, _ string) error {
			line := "\x1b_lcitool " + strings.TrimSpace(j.mark) + " " + name + " 1 5\x1b\\"
			_, _ = c.stdout.Write([]byte(line + "text of " + name + "\n"))
			_, err := c.stderr.Write([]byte(line))
			return errors.Join(err, exits(1))
		}
		h.Run(t.Context(), j, scheduler.Streams{Stdout: &out, Stderr: &out})
		var want []string
		if wanted {
			want = []string{`x script 1 "true" false`, `x script 1 "true" true`, `x after_script 1 "clean" false`, `x after_script 1 "clean" true`}
			if out.String() != "text of script\ntext of after_script\n" {
				t.Errorf("output %q", out.String())
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("wanted %v: got %q, want %q", wanted, got, want)
		}
		if (j.mark != "") != wanted {
			t.Errorf("wanted %v: mark %q", wanted, j.mark)
		}
	}
}
