// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

type exit int

func (e exit) Error() string   { return "exit" }
func (e exit) ExitStatus() int { return int(e) }

type late bool

func (late) Error() string   { return "late" }
func (l late) Timeout() bool { return bool(l) }

func TestEnd(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want State
		code int
		bad  bool
	}{
		{t.Context(), nil, Passed, 0, false},
		{t.Context(), exit(3), Failed, 3, true},
		{stopped, fmt.Errorf("x: %w", exit(137)), Failed, 137, true},
		{t.Context(), fmt.Errorf("x: %w", late(true)), TimedOut, 0, true},
		{t.Context(), late(false), EngineError, 0, true},
		{t.Context(), errors.New("no space"), EngineError, 0, true},
		{stopped, errors.New("canceled"), Stopped, 0, true},
		{stopped, late(true), Stopped, 0, true},
	} {
		var r Result
		r.End(c.ctx, c.err)
		if r.State != c.want || r.Code != c.code || r.Bad() != c.bad || r.OK() == c.bad {
			t.Errorf("%v: %s, status %d, bad %v, OK %v", c.err, r.State, r.Code, r.Bad(), r.OK())
		}
	}
	for state, ok := range map[State]bool{Passed: true, Failed: false, NoImage: false, NotRun: false, Skipped: true, Stopped: false, TimedOut: false, EngineError: false} {
		if got := (Result{State: state}).OK(); got != ok {
			t.Errorf("%s: OK %v, want %v", state, got, ok)
		}
	}
	if (Result{State: Skipped, Err: errors.New("needs a")}).OK() || !(Result{State: Failed, Allowed: true}).OK() {
		t.Error("a skipped job whose need failed is OK, or an allowed failure is not")
	}
}
