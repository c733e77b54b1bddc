// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"errors"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// TestIdleServiceWakes: an engine outlives its private service, which ends after a time
// without requests, as during a long build.
func TestIdleServiceWakes(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	pids := processes("system service", e.service.Socket())
	if len(pids) == 0 || len(pids) > 2 { // without root a parent waits for the service in its user namespace
		t.Fatalf("services at %s: %v", e.service.URL(), pids)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
		if err := exec.Command("tail", "--pid="+strconv.Itoa(pid), "-f", "/dev/null").Run(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Exists(t.Context(), "localhost/nosuch:1"); err != nil {
		t.Errorf("after the service ended: %v", err)
	}
}
