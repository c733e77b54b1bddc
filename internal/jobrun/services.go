// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

const (
	serviceLines = 10               // of a service's log shown in a warning
	serviceDrain = 10 * time.Second // wait for the last lines of a service's log
	maxPorts     = 20               // ports checked per service, as in GitLab Runner
)

// A service is a container that runs beside a job's container and shares its
// network, as with GitLab Runner's Kubernetes executor.
type service struct {
	gitlabci.Image
	aliases   []string // at least one
	reference string
	image     api.Image
	ports     []int // TCP ports; it is ready when it listens on one of them; nil if unknown

	container Container
	cancel    context.CancelFunc // stops reading its log
	read      chan struct{}      // closed when its log has been read

	mu   sync.Mutex
	last []string // last lines of its log
}

func (s *service) name() string { return s.aliases[len(s.aliases)-1] }

func (r *Runner) prepareServices(ctx context.Context, j *Job, log io.Writer) error {
	j.services = j.planServices(func(what string) { r.warn(j, what) })
	for _, s := range j.services {
		s.reference = gitlabci.WithoutProxy(s.Name)
		var err error
		if policies := pullPolicies(&s.Image); len(policies) > 0 {
			_, err = r.byPolicy(ctx, j, s.reference, s.Platform, policies, log)
		} else {
			_, err = r.pulled(ctx, s.reference, s.Platform, false, log)
		}
		if err != nil {
			return fmt.Errorf("service %q: %w", s.name(), err)
		}
		image, err := r.Engine.Inspect(ctx, s.reference)
		if err != nil {
			return fmt.Errorf("service %q: %w", s.name(), err)
		}
		s.image = image
	}
	return nil
}

// startServices starts the services of a job and waits until they are ready. The
// caller must call stop before it removes the job's container.
func (r *Runner) startServices(ctx context.Context, j *Job, c Container, env []string, to scheduler.Streams) (stop func(), err error) {
	w := &serviceWait{job: c, services: j.services, output: orDiscard(to.Stderr), warn: func(what string) { r.warn(j, what) }}
	stop = func() {
		w.tellLocal(ctx)
		r.stopServices(ctx, j)
	}
	if len(j.services) == 0 {
		return stop, nil
	}
	if err := w.look(ctx, j.aliases()); err != nil {
		return stop, nil //nolint:nilerr // the job's container has ended, as its script will say
	}
	debug, _ := strconv.ParseBool(value(env, "CI_DEBUG_SERVICES"))
	for _, s := range j.services {
		if err := r.startService(ctx, j, s, c, env); err != nil {
			err = fmt.Errorf("service %q: %w", s.name(), err)
			if refused := (refusedError{}); errors.As(err, &refused) {
				err = refusedError{err}
			}
			return stop, err
		}
		live := io.Discard
		if debug {
			live = orDiscard(to.Stdout)
		}
		r.readLog(ctx, j, s, live)
	}
	w.wait(ctx)
	return stop, nil
}

func (r *Runner) startService(ctx context.Context, j *Job, s *service, c Container, env []string) (err error) {
	o := api.StartOptions{
		ContainerOptions: api.ContainerOptions{
			Image: s.reference, Env: j.serviceEnv(s, env), Name: "lcitool-service", User: cmp.Or(s.User, s.image.User),
			Memory: r.Limits.Memory, CPUs: r.Limits.CPUs,
			Labels: map[string]string{LabelJob: label(j.Name), LabelProject: label(r.Project)},
		},
		Join: c.Name(),
	}
	o.CapAdd = capabilities(o.User)
	o.Session = api.Session{AsImage: true, Own: true, Command: s.Command, Unset: enginesOwn(s.image.Env)}
	switch none := len(s.Entrypoint) == 1 && s.Entrypoint[0] == ""; {
	case none && len(s.Command) == 0: // the image's command goes with its entrypoint
		return refusedf("no program to run: entrypoint is [\"\"], command is missing")
	case none:
		o.Session.Entrypoint = []string{}
	case len(s.Entrypoint) > 0:
		o.Session.Entrypoint = s.Entrypoint
	}
	if s.ports, err = s.checkedPorts(o.Env); err != nil {
		return err
	}
	s.container, err = r.Engine.Start(ctx, o)
	return err
}

// checkedPorts returns the ports on which a service with variables env listens when
// it is ready. As in GitLab Runner, HEALTHCHECK_TCP_PORT can be in any letter
// case and can come from the image.
func (s *service) checkedPorts(env []string) ([]int, error) {
	for _, v := range slices.Concat(env, s.image.Env) {
		name, value, _ := strings.Cut(v, "=")
		if !strings.EqualFold(name, "HEALTHCHECK_TCP_PORT") {
			continue
		}
		port, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return nil, refusedf("%s=%q is not a TCP port", name, value)
		}
		return []int{int(port)}, nil
	}
	return s.image.Ports[:min(len(s.image.Ports), maxPorts)], nil
}

// serviceEnv returns the variables of a service. Variables that a user gives to
// the pipeline, and those of dotenv reports, apply only if the service's own
// variables refer to them.
func (j *Job) serviceEnv(s *service, env []string) []string {
	all := map[string]string{}
	set(all, env)
	for v := range j.Variables.All() {
		if v.From == gitlabci.FromEvent || v.From == gitlabci.FromDotenv {
			delete(all, v.Name)
		}
		if v.From != gitlabci.FromDotenv || j.withoutDotenv == nil {
			continue
		}
		if overridden, ok := j.withoutDotenv.Get(v.Name); ok {
			all[v.Name] = overridden.Value
		}
	}
	given := map[string]string{}
	set(given, j.Env)
	for name := range given {
		delete(all, name)
	}
	for name, value := range s.Variables {
		all[name] = value
	}
	return sorted(all)
}

// readLog stores the log of a service until the container ends.
func (r *Runner) readLog(ctx context.Context, j *Job, s *service, live io.Writer) {
	var file io.WriteCloser
	if r.ServiceLog != nil {
		var err error
		if file, err = r.ServiceLog(j.Name, s.name()); err != nil {
			r.warn(j, err.Error())
			file = nil
		}
	}
	s.read = make(chan struct{})
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(s.read)
		err := s.container.Follow(ctx, func(line string) {
			s.keep(line)
			fmt.Fprintf(live, "[service:%s] %s\n", s.name(), line)
			if file != nil {
				fmt.Fprintln(file, line)
			}
		})
		if file != nil {
			err = errors.Join(err, file.Close())
		}
		if err != nil && ctx.Err() == nil {
			r.warn(j, fmt.Sprintf("service %q: cannot keep its log: %v", s.name(), err))
		}
	}()
}

func (s *service) keep(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last = append(s.last, line); len(s.last) > serviceLines {
		s.last = slices.Delete(s.last, 0, 1)
	}
}

// drained waits until the log of a service that has ended was read, at most
// serviceDrain.
func (s *service) drained() {
	select {
	case <-s.read:
	case <-time.After(serviceDrain):
	}
}

func (s *service) showLast(to io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.last {
		fmt.Fprintf(to, "[service:%s] %s\n", s.name(), line)
	}
}

// stopServices stops and removes the services of a job, even after ctx has
// ended.
func (r *Runner) stopServices(ctx context.Context, j *Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wrapUp)
	defer cancel()
	for _, s := range j.services {
		if s.container == nil {
			continue
		}
		if s.read != nil {
			if err := s.container.Kill(ctx); err == nil {
				s.drained()
			}
			s.cancel()
			<-s.read
		}
		if err := s.container.Remove(ctx); err != nil {
			r.warn(j, err.Error())
		}
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
