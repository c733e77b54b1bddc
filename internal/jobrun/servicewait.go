// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	serviceTimeout = 30 * time.Second // for a service to listen on an exposed port
	// serviceNoPort is how long GitLab Runner waits for a service without an
	// exposed port.
	serviceNoPort = 10 * time.Second
	servicePause  = 200 * time.Millisecond
)

// A serviceWait waits until the services of a job are ready.
type serviceWait struct {
	job      Container
	services []*service
	before   []int             // ports that something listened on before
	known    map[string][2]int // connections of before, see localConnections
	local    []int             // ports that listen on 127.0.0.1 only
	apart    bool              // the services' names do not stand for 127.0.0.1
	output   io.Writer         // for the last lines of services that are not up
	warn     func(string)
}

// wait returns when each service listens, has ended or has timed out. As in
// GitLab Runner, the job runs in any case.
func (w *serviceWait) wait(ctx context.Context) {
	started := time.Now()
	for pending := w.services; len(pending) > 0 && ctx.Err() == nil; {
		ports, err := w.listening(ctx)
		if err != nil {
			return // the job's container has ended; running the script returns the error
		}
		elapsed := time.Since(started)
		pending = slices.DeleteFunc(slices.Clone(pending), func(s *service) bool {
			return w.ended(ctx, s) || w.up(s, ports) || w.late(s, elapsed)
		})
		select {
		case <-ctx.Done():
		case <-time.After(servicePause):
		}
	}
}

// up reports whether a service listens. A port that no service exposes can
// belong to any service without exposed ports, so there must be one such port
// for each of them.
func (w *serviceWait) up(s *service, listening []int) bool {
	if len(s.ports) > 0 {
		return slices.ContainsFunc(s.ports, func(port int) bool { return slices.Contains(listening, port) })
	}
	exposed := slices.Clone(w.before)
	silent := 0
	for _, other := range w.services {
		exposed = append(exposed, other.ports...)
		if len(other.ports) == 0 {
			silent++
		}
	}
	found := slices.DeleteFunc(slices.Clone(listening), func(port int) bool { return slices.Contains(exposed, port) })
	return len(found) >= silent
}

// ended reports whether a service has ended, and warns if so.
func (w *serviceWait) ended(ctx context.Context, s *service) bool {
	code, exited, err := s.container.Exited(ctx)
	if err != nil || !exited {
		return false
	}
	s.drained()
	w.warn(fmt.Sprintf("service %q has ended with status %d before the job began; the job runs without it", s.name(), code))
	s.showLast(w.output)
	return true
}

// late reports whether a service has timed out, and warns if it has exposed
// ports.
func (w *serviceWait) late(s *service, elapsed time.Duration) bool {
	if len(s.ports) == 0 {
		return elapsed >= serviceNoPort
	}
	if elapsed < serviceTimeout {
		return false
	}
	problem := fmt.Sprintf("does not listen on port %s after %v", portList(s.ports), serviceTimeout)
	if i := slices.IndexFunc(s.ports, func(port int) bool { return slices.Contains(w.local, port) }); i >= 0 {
		problem = fmt.Sprintf("listens on port %d of localhost only, where jobs on GitLab cannot reach it", s.ports[i])
	}
	w.warn(fmt.Sprintf("service %q %s; the job runs all the same", s.name(), problem))
	s.showLast(w.output)
	return true
}

func portList(ports []int) string {
	var list []string
	for _, port := range ports {
		list = append(list, strconv.Itoa(port))
	}
	return strings.Join(list, ", ")
}

// listening returns the TCP ports that listen for connections from elsewhere in the
// network of a job and its services: on GitLab, a job is another machine.
func (w *serviceWait) listening(ctx context.Context) ([]int, error) {
	text, err := w.files(ctx, fileTCP, fileTCP6)
	open, local := listeningPorts(text[fileTCP] + text[fileTCP6])
	w.local = local
	return open, err
}
