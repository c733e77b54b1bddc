// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

const lowProcs, lowFiles = 2500, 700 // less than lcitool asks other services for

// lowService connects to a service that cannot set more than the low limits.
func lowService(t *testing.T, url, address string) *Engine {
	t.Helper()
	nothingLeft(t, engine(t))
	args := []string{fmt.Sprintf("--nproc=%d:%[1]d", lowProcs), fmt.Sprintf("--nofile=%d:%[1]d", lowFiles)}
	if os.Getuid() == 0 { // with the capability to raise them the limits would mean nothing
		args = append(args, "setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource")
	}
	daemon(t, address, here.env, "prlimit", append(args, "podman", "system", "service", "--time", "0", url)...)
	return away(t, url)
}

func lowCommand() []string {
	return []string{"awk", "/^Max (open files|processes)/ { print $(NF-1) }", "/proc/self/limits"}
}

func checkLow(t *testing.T, what string, out []byte) {
	t.Helper()
	var procs, files uint64
	if n, err := fmt.Sscan(string(out), &procs, &files); n != 2 || files == 0 || files > lowFiles || procs == 0 || procs > lowProcs {
		t.Errorf("%s: processes and open files: %q, want at most %d and %d (%v)", what, out, lowProcs, lowFiles, err)
	}
}

func TestContainersWithLowLimits(t *testing.T) {
	socket := filepath.Join(here.dir, "low-"+randomName()+".sock")
	e := lowService(t, "unix://"+socket, socket)
	var out bytes.Buffer
	if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: lowCommand(), Stdout: &out}); err != nil {
		t.Error(err)
	}
	checkLow(t, "run", out.Bytes())
	for _, asImage := range []bool{false, true} {
		c, err := e.Start(t.Context(), api.StartOptions{ContainerOptions: onBase, Session: api.Session{AsImage: asImage}})
		if err != nil {
			t.Error(err)
			continue
		}
		out.Reset()
		if _, err := c.Exec(t.Context(), api.ExecOptions{Command: lowCommand(), Stdout: &out}); err != nil {
			t.Error(err)
		}
		checkLow(t, fmt.Sprint("session, as image: ", asImage), out.Bytes())
		if err := c.Remove(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestBuildWithLowLimits uses tcp: for a local socket, lcitool starts its own service for
// builds.
func TestBuildWithLowLimits(t *testing.T) {
	address := freeAddress(t)
	e := lowService(t, "tcp://"+address, address)
	tag := "test.low-" + randomName()
	removeLater(t, e, tag)
	if _, err := e.Build(t.Context(), api.BuildOptions{Tag: tag, Dockerfile: dockerfile("RUN true"), Network: api.NetworkNone}); err != nil {
		t.Error(err)
	}
}
