// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
)

// applyOwn sets the first process of a container to that of the image or of o.
func applyOwn(o api.Session, s *specgen.SpecGenerator) {
	s.Init = false
	switch {
	case o.Entrypoint == nil:
		s.Command = o.Command
	case len(o.Entrypoint) == 0: // the request would omit an empty list
		s.Entrypoint, s.Command = o.Command, nil
	default:
		s.Entrypoint, s.Command = o.Entrypoint, o.Command
	}
}

// Kill kills all processes of the container and does not remove it. It returns
// no error if the container is not running.
func (c *Container) Kill(ctx context.Context) error {
	conn, done, err := c.engine.service.Afterwards(ctx)
	if err != nil {
		return err
	}
	defer done()
	err = containers.Kill(conn, c.Name(), new(containers.KillOptions).WithSignal("KILL"))
	if status := code(err); err == nil || status == http.StatusConflict || status == http.StatusNotFound {
		return nil
	}
	return engineError("end container "+c.Name(), err)
}

// exposed returns the TCP ports of an image configuration's ExposedPorts.
func exposed(config map[string]struct{}) []int {
	var ports []int
	for text := range config {
		number, protocol, _ := strings.Cut(text, "/")
		if n, err := strconv.Atoi(number); err == nil && n > 0 && (protocol == "" || protocol == "tcp") {
			ports = append(ports, n)
		}
	}
	slices.Sort(ports)
	return ports
}

// joinedFirst sorts containers before those whose network they use.
func joinedFirst(list []leftover) {
	joined := func(l leftover) bool { return l.record.Extra[extraJoined] != "" }
	slices.SortStableFunc(list, func(a, b leftover) int {
		switch {
		case joined(a) == joined(b):
			return 0
		case joined(a):
			return -1
		}
		return 1
	})
}
