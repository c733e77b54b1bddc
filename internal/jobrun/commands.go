// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// maxSteps bounds the steps file, in bytes.
const maxSteps = 1 << 20

// A Command is one command of a script that was started.
type Command struct {
	Stage    string // "script" or "after_script"
	Text     string
	Started  time.Time
	Duration time.Duration
}

// A Phase is one part of a job's run time, such as starting the container.
type Phase struct {
	Name     string
	Duration time.Duration
}

type phases struct {
	all  []Phase
	last time.Time
}

// done records a phase that began when the previous one ended.
func (p *phases) done(name string) {
	now := time.Now()
	p.all = append(p.all, Phase{name, now.Sub(p.last)})
	p.last = now
}

// A step is one line of the steps file. "script 3 8123.45" says that command 3
// of the stage began at that uptime, in seconds; "script end 8130.00" says that
// the stage ended.
type step struct {
	stage string
	n     int           // number of the command, from 1; 0 for the end
	up    time.Duration // since the start of the machine
}

// parseSteps reads the steps file. A job's script can write to it as well, so
// malformed lines are skipped.
func parseSteps(text string) []step {
	var all []step
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		up, err := strconv.ParseFloat(fields[2], 64)
		if err != nil || !(up >= 0 && up < 1e9) {
			continue
		}
		n, err := strconv.Atoi(fields[1])
		if fields[1] != "end" && (err != nil || n < 1) {
			continue
		}
		all = append(all, step{stage: fields[0], n: n, up: time.Duration(up * float64(time.Second))})
	}
	return all
}

type stageTime struct {
	began time.Time
	took  time.Duration
}

// commandsOf returns the commands of a stage that were started, each once: a
// script can write many lines about a long one. The last one lasts until the end
// of the stage.
func commandsOf(steps []step, stage string, commands []string, t stageTime) []Command {
	var all []Command
	var first time.Duration
	number := 0
	for _, s := range steps {
		if s.stage != stage || s.n > len(commands) || s.n != 0 && s.n <= number {
			continue
		}
		number = s.n
		if len(all) == 0 {
			first = s.up
		}
		since := max(0, min(s.up-first, t.took))
		if len(all) > 0 {
			last := &all[len(all)-1]
			last.Duration = max(0, t.began.Add(since).Sub(last.Started))
		}
		if s.n == 0 {
			return all
		}
		all = append(all, Command{Stage: stage, Text: commands[s.n-1], Started: t.began.Add(since)})
	}
	if len(all) > 0 {
		last := &all[len(all)-1]
		last.Duration = max(0, t.began.Add(t.took).Sub(last.Started))
	}
	return all
}

// ofScript returns steps with those of a continued script as steps of the script.
// The line of a continued script that was written before it ran is left out.
func ofScript(steps []step) []step {
	steps = slices.DeleteFunc(steps, func(s step) bool { return s.stage == restStage && s.up == 0 })
	for i := range steps {
		if steps[i].stage == restStage {
			steps[i].stage = "script"
		}
	}
	return steps
}

func (r *Runner) readCommands(ctx context.Context, j *Job, c Container, state outcome.State, out *Outcome) {
	text, err := readFile(ctx, c, stepsFile, maxSteps)
	if err != nil {
		return // an entrypoint did not run the script
	}
	steps := ofScript(parseSteps(text))
	out.Commands = commandsOf(steps, "script", j.commands(), out.script)
	if n := len(out.Commands); n > 0 && state != outcome.Passed {
		out.Command = out.Commands[n-1].Text
	}
	after := commandsOf(steps, "after_script", j.AfterScript, out.after)
	if n := len(after); n > 0 && out.failedAfter {
		out.Command = after[n-1].Text
	}
	out.Commands = append(out.Commands, after...)
}
