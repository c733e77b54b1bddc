// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

var registryPort = lazyregexp.New(`^([^/]*):[0-9]+(/|$)`)

// repository returns the name of an image without tag, digest and registry port.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return registryPort.ReplaceAllString(image, "$1$2")
}

// imageName matches the name of an image: its registry, then components in lower case.
var imageName = lazyregexp.New(`^((\[[0-9A-Fa-f:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)/)?[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$`)

// imageAliases returns the host names that GitLab Runner derives from a service's
// image, none if its name is not valid.
func imageAliases(image string) []string {
	name := repository(image)
	if !imageName.MatchString(name) {
		return nil
	}
	return slices.Compact([]string{strings.ReplaceAll(name, "/", "__"), strings.ReplaceAll(name, "/", "-")})
}

// hostName matches what can be a name in /etc/hosts. Other names end up in
// messages and in names of files.
var hostName = lazyregexp.New(`^[\p{L}\p{N}\p{M}._/@+~-]{1,253}$`)

func ownAliases(alias string) []string { return strings.Fields(strings.ReplaceAll(alias, ",", " ")) }

// runsEngine reports whether an image is a Docker-in-Docker image.
func runsEngine(image string) bool {
	image, _, _ = strings.Cut(image, "@")
	return strings.Contains(image[strings.LastIndexByte(image, '/')+1:], "dind")
}

// planServices returns the services of a job that are started, each with the
// host names that no earlier service uses. It calls warn for services that are
// not started.
func (j *Job) planServices(warn func(string)) []*service {
	taken := map[string]bool{}
	var list []*service
	for _, image := range j.Services {
		if runsEngine(image.Name) {
			warn(fmt.Sprintf("service %q is not started: there is no container engine in a job here; buildah and kaniko need none", image.Name))
			continue
		}
		s := &service{Image: image}
		own := ownAliases(image.Alias)
		for _, alias := range append(imageAliases(image.Name), own...) {
			switch {
			case strings.ContainsAny(alias, ":#") || slices.Contains(own, alias) && !hostName.MatchString(alias): // it would break the line in /etc/hosts
				warn(fmt.Sprintf("alias %q of service %q is not the name of a host", alias, image.Name))
			case !taken[alias]:
				taken[alias] = true
				s.aliases = append(s.aliases, alias)
			case slices.Contains(own, alias) && !slices.Contains(s.aliases, alias):
				warn(fmt.Sprintf("alias %q of service %q is left out: another service has it", alias, image.Name))
			}
		}
		if len(s.aliases) == 0 {
			warn(notStarted(image.Name))
			continue
		}
		list = append(list, s)
	}
	return list
}

func notStarted(image string) string {
	switch {
	case image == "":
		return "a service whose variables give it no name is not started"
	case len(imageAliases(image)) == 0: // GitLab Runner does not start it either, without a word
		return fmt.Sprintf("service %q is not started: this is not the name of an image", image)
	}
	return fmt.Sprintf("service %q is not started: another one has its name; an alias sets them apart", image)
}

// hosts returns the /etc/hosts entries, NAME:ADDRESS, for the job and its
// services.
func (j *Job) hosts() []string {
	var list []string
	for _, alias := range j.aliases() {
		list = append(list, alias+":127.0.0.1")
	}
	return list
}

// aliases returns the host names of the job's services. With a network per job,
// the job has one as well.
func (j *Job) aliases() []string {
	var list []string
	for _, s := range j.services {
		list = append(list, s.aliases...)
	}
	if j.ownNetwork && !slices.Contains(list, "build") {
		list = append(list, "build")
	}
	return list
}
