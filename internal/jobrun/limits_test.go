// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestManyAlternatives: a job whose patterns of files would be compared for hours
// does not begin.
func TestManyAlternatives(t *testing.T) {
	pattern := strings.Repeat("{a,a}", 40) + "b"
	for _, a := range []*gitlabci.Artifacts{
		{When: "always", Paths: []string{pattern}},
		{When: "always", Paths: []string{"a"}, Exclude: []string{pattern}},
		{When: "always", Reports: []gitlabci.Report{{Kind: "junit", Paths: []string{pattern}}}},
	} {
		h := newHarness(t)
		h.writes(0, "a")
		result, _ := h.Run(t.Context(), job("x", a), scheduler.Streams{})
		if result.State != outcome.Failed || !strings.Contains(fmt.Sprint(result.Err), "too many alternatives") || len(h.engine.containers) > 0 {
			t.Errorf("%+v: %+v", a, result)
		}
	}
}

// TestManyReports: a job does not decide how large the record of its run is.
func TestManyReports(t *testing.T) {
	h := newHarness(t)
	for n, want := range map[int]string{maxReports: "", maxReports + 5: "x: 5 of its JUnit reports are not read\n"} {
		h.warnings.Reset()
		if got := len(h.recorded(job("x", nil), make([]string, n))); got != maxReports || h.warnings.String() != want {
			t.Errorf("%d of %d reports, warned %q", got, n, h.warnings.String())
		}
	}
	long := strings.Repeat("x", maxReportNames/2)
	if got := len(h.recorded(job("x", nil), []string{long, long, "a"})); got != 2 {
		t.Errorf("%d reports with long names", got)
	}
}

// chatty is a container whose shell prints more than anybody reads.
type chatty struct{ Container }

func (chatty) Exec(_ context.Context, o api.ExecOptions) (api.RunResult, error) {
	for range max(maxNetworkFiles, maxTreeState)>>16 + 1 {
		for _, to := range []io.Writer{o.Stdout, o.Stderr} {
			if to == nil {
				continue
			}
			if _, err := to.Write(make([]byte, 1<<16)); err != nil {
				return api.RunResult{}, err
			}
		}
	}
	return api.RunResult{}, nil
}

// TestShellThatPrintsALot: the shell of an image does not decide how much memory
// is used here.
func TestShellThatPrintsALot(t *testing.T) {
	if _, err := readTree(t.Context(), chatty{}, "/x", []string{"a"}, nil); !errors.Is(err, errTooLarge) {
		t.Errorf("tree: %v", err)
	}
	if _, err := (&serviceWait{job: chatty{}}).files(t.Context(), "/x"); !errors.Is(err, errTooLarge) {
		t.Errorf("files: %v", err)
	}
}
