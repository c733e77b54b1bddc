// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

func TestResourceGroups(t *testing.T) {
	l := &localRun{groups: map[string]*sync.Mutex{}}
	group := func(name string) *sync.Mutex {
		return l.group(&jobrun.Job{Job: gitlabci.Job{ResourceGroup: name}})
	}
	none := group("")
	if a := group("a"); a != group("a") || a == group("b") || none == group("") {
		t.Error("groups are mixed up")
	}
}

// TestDelayedJobs: a delayed job starts at once, with a message.
func TestDelayedJobs(t *testing.T) {
	l, p := project(t, map[string]string{PipelineFile: "j: {script: [x], when: delayed, start_in: 5 minutes}\nk: {script: [x]}\n"}, "*")
	var said []string
	p.source.messages.Infof = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	l.groups = map[string]*sync.Mutex{}
	if tasks := l.tasks(p, 0); len(tasks) != 2 {
		t.Errorf("%d tasks", len(tasks))
	}
	if got := strings.Join(said, "\n"); got != "j: does not wait 5m0s, as it does on GitLab" {
		t.Errorf("said %q", got)
	}
}
