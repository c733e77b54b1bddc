// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/crashcapsule"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// crashDirs returns a function that makes a directory for a crash in a run's
// directory. Only the user can read it, because a core contains the variables of
// the process.
func crashDirs(dir string) func(job string) (string, error) {
	return func(job string) (string, error) {
		for n := 1; ; n++ {
			name := filepath.Join(dir, fmt.Sprintf("%s-crash-%d", termtext.FileName(job), n))
			if err := os.Mkdir(name, 0o700); !errors.Is(err, fs.ErrExist) {
				return name, err
			}
		}
	}
}

// crashRecords returns the records of crashes without secrets.
func crashRecords(list []crashcapsule.Crash, secrets *redact.Redactor) []jobrecord.Crash {
	var all []jobrecord.Crash
	for _, c := range list {
		all = append(all, jobrecord.Crash{
			Signal: c.Signal, Command: secrets.Text(c.Command), Executable: secrets.Text(c.Core.Executable), BuildID: c.BuildID,
			Core: secrets.Text(c.File), Size: c.Size, Saved: c.SavedCore, Dir: c.Dir, Debugger: c.Debugger, Frames: c.Frames, Notes: c.Notes,
		})
	}
	return all
}

func crashNotes(j *jobrecord.Job) []string {
	var lines []string
	for i := range j.Crashes {
		c := &j.Crashes[i]
		lines = append(lines, fmt.Sprintf("crash: %s: %s: %s", j.Name, c.Text(), c.Dir))
		if len(c.Frames) > 0 {
			lines = append(lines, c.Frames[0])
		}
		for _, n := range c.Notes {
			lines = append(lines, "note: "+n)
		}
	}
	return lines
}

// openText says how to open a core in a container that has the files.
func openText(c *jobrecord.Crash, executable, core string) string {
	command := "gdb "
	if executable == "" {
		command += "-c "
	} else {
		command += jobrun.Quote(executable) + " "
	}
	text := fmt.Sprintf("%s: to open its core: %s", c.Text(), command+jobrun.Quote(core))
	if !c.Debugger {
		text += ` (the image has no gdb: install it, or use "lcitool job run --debug-tools")`
	}
	return text
}

// copied returns the directories of crashes that a new container gets, and how to
// open the cores there.
func copied(crashes []jobrecord.Crash, debugTools bool) (dirs, lines []string) {
	for i := range crashes {
		c := crashes[i]
		c.Debugger = c.Debugger || debugTools
		if !c.Saved {
			continue
		}
		at := jobrun.CrashPath(c.Dir)
		executable := c.Executable
		if _, err := os.Stat(filepath.Join(c.Dir, crashcapsule.ExecutableFile)); err == nil {
			executable = path.Join(at, crashcapsule.ExecutableFile)
		}
		dirs, lines = append(dirs, c.Dir), append(lines, openText(&c, executable, path.Join(at, crashcapsule.CoreFile)))
	}
	return dirs, lines
}
