// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// TestStatusOfStats: stats check fails if a case fails, and reports an interrupt; both write
// their report.
func TestStatusOfStats(t *testing.T) {
	for _, c := range []struct {
		status  suite.Status
		stopped bool
		want    error
	}{
		{suite.Pass, false, nil},
		{suite.Skip, false, nil},
		{suite.Known, false, nil},
		{suite.Fail, false, statusError(1)},
		{suite.Fail, true, statusError(1)},
		{suite.Pass, true, context.Canceled},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if c.stopped {
			cancel()
		}
		var out bytes.Buffer
		s := &statsCheck{app: &app{Streams: stdio.Streams{Stdout: &out, Stderr: io.Discard}}, format: "json"}
		err := s.finish(ctx, &report.Run{Results: []suite.Result{{Status: c.status}}})
		if !errors.Is(err, c.want) || out.Len() == 0 {
			t.Errorf("%v, stopped %v: %v", c.status, c.stopped, err)
		}
		cancel()
	}
}
