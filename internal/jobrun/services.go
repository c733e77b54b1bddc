// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// serviceWait is how long a job waits for the ports of its services, as the
// runner does.
const serviceWait = 30 * time.Second

// A service is a container beside that of a job.
type service struct {
	name  string
	ports []int
	c     *container.Container
}

// names are those under which a service answers: its aliases and what the
// runner makes of the image's name.
func serviceNames(s gitlabci.Image) []string {
	names := strings.FieldsFunc(s.Alias, func(r rune) bool { return r == ',' || r == ' ' })
	image, _, _ := strings.Cut(s.Name, "@")
	if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
		image = image[:at]
	}
	host, rest, ok := strings.Cut(image, "/")
	if name, _, port := strings.Cut(host, ":"); ok && port {
		image = name + "/" + rest
	}
	names = append(names, strings.ReplaceAll(image, "/", "__"))
	if dashes := strings.ReplaceAll(image, "/", "-"); dashes != names[len(names)-1] {
		names = append(names, dashes)
	}
	return names
}

// serviceHosts are the lines of /etc/hosts for the services of a job. They
// share its network, so all are on its own machine.
func (j *Job) serviceHosts() []string {
	var hosts []string
	for _, s := range j.Services {
		for _, name := range serviceNames(s) {
			hosts = append(hosts, name+":127.0.0.1")
		}
	}
	return hosts
}

// startServices starts the services of a job, whose container is up, and waits
// until their ports are open. Those that were started are returned with an error.
func (r *Runner) startServices(ctx context.Context, j *Job, c *container.Container, env []string, log io.Writer) ([]service, error) {
	var started []service
	for _, s := range j.Services {
		one, err := r.startService(ctx, j, c, s, env, log)
		if err != nil {
			return started, fmt.Errorf("service %s: %w", s.Name, err)
		}
		started = append(started, one)
	}
	for _, s := range started {
		r.awaitService(ctx, j, c, s)
	}
	return started, ctx.Err()
}

func (r *Runner) startService(ctx context.Context, j *Job, c *container.Container, s gitlabci.Image, env []string, log io.Writer) (service, error) {
	reference := gitlabci.WithoutProxy(s.Name)
	image, err := r.Engine.Inspect(ctx, reference)
	if errors.Is(err, container.ErrNoImage) {
		image, err = r.Engine.Pull(ctx, reference, log)
	}
	if err != nil {
		return service{}, err
	}
	all := map[string]string{}
	set(all, env)
	for name, text := range s.Variables {
		all[name] = os.Expand(text, func(name string) string { return value(env, name) })
	}
	user := image.User
	if s.User != "" {
		user = s.User
	}
	own, err := r.Engine.Start(ctx, container.RunOptions{
		Image: reference, User: user, Env: sorted(all), Name: "lcitool-service", NetworkOf: c.Name(),
		Memory: r.Limits.Memory, CPUs: r.Limits.CPUs,
		Session: container.Session{AsImage: true, Service: true, Command: s.Command, Entrypoint: s.Entrypoint},
		Labels:  map[string]string{LabelJob: label(j.Name), LabelProject: label(r.Project)},
	})
	return service{name: serviceNames(s)[0], ports: image.Ports, c: own}, err
}

// awaitPorts ends when something listens on each of its arguments, a port in
// hexadecimal. It uses nothing but the shell and sleep.
const awaitPorts = `for port; do
	until for file in /proc/net/tcp /proc/net/tcp6; do
		while read -r _ local _ state _; do
			case "$local $state" in *":$port 0A") exit 0;; esac
		done < $file
	done 2> /dev/null; false; do sleep 0.2; done
done`

// awaitService waits until the ports of a service are open. A job goes on
// without them, as there.
func (r *Runner) awaitService(ctx context.Context, j *Job, c *container.Container, s service) {
	for _, port := range s.ports {
		_, err := c.Exec(ctx, container.ExecOptions{
			Command: []string{"sh", "-c", awaitPorts, "sh", fmt.Sprintf("%04X", port)}, WorkDir: "/", Timeout: serviceWait, Grace: grace,
		})
		if err != nil && ctx.Err() == nil {
			r.warn(j, fmt.Sprintf("service %s: nothing listens on port %d: %v", s.name, port, err))
			return
		}
	}
}

// stopServices removes services. What they have written is shown if the job
// asks for it, or failed.
func (r *Runner) stopServices(ctx context.Context, services []service, show bool, to io.Writer) error {
	var errs []error
	for _, s := range services {
		if s.c == nil {
			continue
		}
		if show && to != nil {
			errs = append(errs, s.c.Written(ctx, "", func(line string) { fmt.Fprintf(to, "[service:%s] %s\n", s.name, line) }))
		}
		errs = append(errs, s.c.Remove(ctx))
	}
	return errors.Join(errs...)
}

// needsDocker reports whether a service is a Docker daemon of its own, which
// needs privileges that jobs do not have here.
func needsDocker(s gitlabci.Image) bool {
	name, tag, _ := strings.Cut(path.Base(s.Name), ":")
	return name == "docker" && strings.Contains(tag, "dind")
}
