// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func TestListensHere(t *testing.T) {
	mounts := []string{"mnt:[1]", "mnt:[2]"}
	for name, c := range map[string]struct {
		pid       int
		mount     string // "" cannot be read
		contained error  // of looking for podman's mark
		want      bool
	}{
		"our namespace":                 {42, "mnt:[1]", nil, true},
		"that of rootless podman":       {42, "mnt:[2]", fs.ErrNotExist, true},
		"outside of this container":     {42, "mnt:[3]", fs.ErrNotExist, false},
		"systemd, which is not read":    {42, "", fs.ErrNotExist, true},
		"not read, and in a container":  {42, "", syscall.EINVAL, false}, // the mark is no link
		"not read, and nothing is said": {42, "", fs.ErrPermission, false},
		"of another pid namespace":      {0, "mnt:[1]", fs.ErrNotExist, false},
	} {
		p := records.Processes{Readlink: func(file string) (string, error) {
			if file == "42/ns/mnt" && c.mount != "" {
				return c.mount, nil
			}
			if file == "42/ns/mnt" {
				return "", fs.ErrPermission
			}
			return "", c.contained
		}}
		if got := listensHere(p, c.pid, mounts); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPeerPID(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if pid, err := podman.PeerPID(socket); err != nil || pid != os.Getpid() {
		t.Errorf("got %d, %v", pid, err)
	}
	if _, err := podman.PeerPID(socket + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestStillRunningError(t *testing.T) {
	err := error(&StillRunningError{Step: 2, Steps: 3, URL: "ssh://host", Err: context.Canceled})
	if !errors.Is(err, context.Canceled) || err.Error() != "context canceled; step 2 of 3 is still running at ssh://host until its end" {
		t.Errorf("got %v", err)
	}
}
