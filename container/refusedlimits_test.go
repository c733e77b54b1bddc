// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"log/slog"
	"testing"

	spec "github.com/opencontainers/runtime-spec/specs-go"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

func TestRefusedLimit(t *testing.T) {
	for words, want := range map[string]string{
		"runc: runc create failed: unable to start container process: error during container init: error setting rlimit type 6: operation not permitted": "nproc",
		"error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: OCI permission denied":                           "nofile",
		"crun: setrlimit `RLIMIT_NPROC`: Operation not permitted: OCI permission denied":                                                                 "nproc",
		"crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted: OCI permission denied":                                                                "nofile",
		"crun: setrlimit `RLIMIT_CORE`: Operation not permitted: OCI permission denied":                                                                  "",
		"crun: setrlimit `RLIMIT_NPROC`: Invalid argument":                                                                                               "",
		"crun: open executable: Operation not permitted":                                                                                                 "",
	} {
		if got := refusedLimit(errors.New(words)); got != want {
			t.Errorf("%s: got %q, want %q", words, got, want)
		}
	}
	if refusedLimit(nil) != "" {
		t.Error("no error, but a refusal")
	}
}

// TestLowerLimits lowers only the limits that were refused, and terminates.
func TestLowerLimits(t *testing.T) {
	e := &Engine{service: podman.NewService("ssh://x", "4.9.3", nil), log: slog.New(slog.DiscardHandler)}
	procs := func() uint64 { return e.rlimits()[1].Hard }
	refused := errors.New("error setting rlimit type 6: operation not permitted")
	first := e.rlimits()
	if e.lowerLimits(first, errors.New("no such file or directory")) || procs() != maxProcsAway {
		t.Errorf("another error lowered the limit to %d", procs())
	}
	if !e.lowerLimits(first, refused) || procs() != maxProcsAway/2 || e.rlimits()[0].Hard != maxFiles {
		t.Errorf("after a refusal: %v", e.rlimits())
	}
	if !e.lowerLimits(first, refused) || procs() != maxProcsAway/2 {
		t.Errorf("another container with the same limit: %d", procs())
	}
	tries := 0
	for e.lowerLimits(e.rlimits(), refused) {
		if tries++; tries > 20 {
			t.Fatal("the tries do not end")
		}
	}
	if procs() != 1 {
		t.Errorf("the last try has %d", procs())
	}
	if !e.lowerLimits([]spec.POSIXRlimit{{Type: "nofile", Hard: 1 << 20}}, errors.New("setrlimit `RLIMIT_NOFILE`: Operation not permitted")) ||
		e.refused.files.lower(1<<20) != 1<<19 || e.rlimits()[0].Hard != maxFiles {
		t.Errorf("files: %v", e.rlimits())
	}
}

// TestDefaultLimitIsRefused: podman 5 sets limits itself, unless its configuration has
// others, and may not be able to set them.
func TestDefaultLimitIsRefused(t *testing.T) {
	e := &Engine{service: podman.NewService("ssh://x", "5.4.2", nil), log: slog.New(slog.DiscardHandler)}
	if len(e.rlimits()) != 1 || len(e.engineLimits()) != 0 || len(e.buildLimits()) != 1 {
		t.Fatal(e.rlimits(), e.engineLimits(), e.buildLimits())
	}
	err := errors.New("crun: setrlimit `RLIMIT_NPROC`: Operation not permitted: OCI permission denied")
	for _, want := range []uint64{4096, 2048, 1024} {
		if !e.lowerLimits(e.rlimits(), err) {
			t.Fatal("not tried again")
		}
		for _, list := range [][]spec.POSIXRlimit{e.rlimits(), e.engineLimits(), e.buildLimits()} {
			if len(list) != 2 || list[1].Type != "nproc" || list[1].Hard != want {
				t.Errorf("got %v, want %d processes", list, want)
			}
		}
	}
}
