// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os/exec"
	"path/filepath"
	"syscall"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// ConnectOptions say how to find podman. The zero value uses no environment
// variables, only the sockets of this machine.
type ConnectOptions = podman.Options

const recordsDir = "records" // below StateDir

// Connect finds podman in this order: o.Connection or o.URL, CONTAINER_HOST or
// CONTAINER_CONNECTION, the default connection of containers.conf, the user's
// socket, the system's socket for root, and finally a private service, which
// exits one minute after its last use. If a name or address was given, no other
// is tried.
func Connect(ctx context.Context, o ConnectOptions) (*Engine, error) {
	e := &Engine{options: o, log: o.Log}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.conmonUnreachable.Store(o.Variable("LCITOOL_DIRECT_ATTACH") == "0")
	self, err := records.Self()
	if err != nil {
		return nil, err
	}
	e.owner = self
	if e.records, err = openRecords(o); err != nil {
		return nil, err
	}
	e.service, err = podman.Connect(ctx, o, self.Run, func(ctx context.Context, s *podman.Service) (bool, error) {
		e.service = s
		sees, err := e.seesOurFiles(ctx)
		if sees && err == nil {
			sees, err = e.seesWorkingDir(ctx)
		}
		return sees, err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// openRecords opens the records of objects that this user's runs created. They
// are in StateDir or, if that is not writable, in the runtime directory, where
// they are lost at the next boot.
func openRecords(o ConnectOptions) (*records.Store, error) {
	fail := func(err error) error { return &api.EngineError{Op: "record what is made", Code: 125, Err: err} }
	var first error
	if o.StateDir != "" {
		dir, err := filepath.Abs(o.StateDir)
		if err != nil {
			return nil, fail(err)
		}
		store, err := records.Open(filepath.Join(dir, recordsDir))
		if err == nil {
			return store, nil
		}
		if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
			return nil, fail(err)
		}
		first = err
	}
	dir, err := o.SocketDir()
	if err != nil {
		return nil, fail(errors.Join(first, err))
	}
	store, err := records.Open(filepath.Join(dir, recordsDir))
	if err != nil {
		return nil, fail(errors.Join(first, err))
	}
	return store, nil
}

// Available returns the engines of this machine, podman before docker. An engine
// is available if "ENGINE version" exits with status 0. lcitool uses only
// podman.
func Available(ctx context.Context) []string {
	var list []string
	for _, name := range []string{"podman", "docker"} {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		if exec.CommandContext(ctx, name, "version").Run() == nil {
			list = append(list, name)
		}
	}
	return list
}
