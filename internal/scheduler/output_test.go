// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestLongLine(t *testing.T) {
	var stdout bytes.Buffer
	m := &Scheduler{LogDir: t.TempDir(), Stdout: &stdout}
	task := Task{Name: "a", Run: func(_ context.Context, s Streams) outcome.Result {
		say(s.Stdout, strings.Repeat("x", 3*maxLine+1)+"\n")
		return outcome.Result{State: outcome.Passed}
	}}
	if _, err := m.Run(t.Context(), []Task{task}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(stdout.String(), "\n"); got != 4 || strings.Count(stdout.String(), "x") != 3*maxLine+1 {
		t.Errorf("%d lines of %d bytes in all", got, stdout.Len())
	}
}
