// SPDX-License-Identifier: GPL-2.0-or-later

// Package container drives podman through its REST bindings.
//
// Connect finds a podman service or starts a private one. The Engine that it
// returns builds images (Build), runs workloads in them (Run, Shell, Start),
// inspects and removes images (Exists, Inspect, Remove), and removes what killed
// runs left (Prune). Their options, results and errors are in package api, which
// does not link the bindings. Package bootstrap builds base images; package doctor
// checks the machine.
//
// Each object that lcitool creates in podman's store has a record in the user's
// state directory, see package records. Prune removes only what a record proves
// to be lcitool's.
package container

import (
	"log/slog"
	"sync/atomic"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// An Engine is a connection to one podman service. It is safe for concurrent
// use.
type Engine struct {
	service           *podman.Service
	options           ConnectOptions
	log               *slog.Logger
	owner             records.Owner
	records           *records.Store
	conmonUnreachable atomic.Bool // conmon's sockets are not accessible, or direct attach is turned off
	same              samePaths
	refused           refusedLimits
	refusedPorts      atomic.Bool // the runtime cannot set lowPorts
	info              atomic.Pointer[Info]
	shares            atomic.Bool // services that lcitool starts share the engine's store
}

// Address returns the service's URL without a password.
func (e *Engine) Address() string { return redact.URLs(e.service.URL()) }

// Local reports whether the service sees the files of this machine under the
// same paths. If not, files are copied to it.
func (e *Engine) Local() bool { return e.service.Local() }

// Source says why this address was chosen, for example "CONTAINER_HOST".
func (e *Engine) Source() string { return e.service.Source() }

// Version returns the API version of podman, for example "4.3.1".
func (e *Engine) Version() string { return e.service.Version() }

// Private reports whether lcitool has started the service, in this process or an
// earlier one.
func (e *Engine) Private() bool { return e.service.Private() != nil }
