// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A Place is where a project is on a GitLab server.
type Place struct {
	Server  *url.URL // scheme, host with its port, and the path that GitLab lives below, without a slash at the end
	Project string   // "group/subgroup/name"
}

// String is the project's address.
func (p Place) String() string { return p.Server.String() + "/" + p.Project }

// plainScheme matches git's short form for ssh: "user@host:path".
var plainScheme = lazyregexp.New(`^(?:[^\s@:/]+@)?(\[[0-9A-Fa-f:.]+\]|[^\s@:/\[\]]+):([^\s]*)$`)

// ParseRemote takes the address of a git remote apart: https, http, ssh or
// user@host:path. Of what a program uses to log in nothing stays. An address
// without a server, such as a directory, is an error.
func ParseRemote(address string) (Place, error) {
	if scheme, _, ok := strings.Cut(address, "://"); !ok {
		if m := plainScheme.FindStringSubmatch(address); m != nil {
			return newPlace("https", m[1], m[2])
		}
	} else if u, err := url.Parse(address); err == nil && u.Opaque == "" && u.RawQuery == "" && u.Fragment == "" {
		switch scheme {
		case "https", "http":
			return newPlace(scheme, u.Host, u.Path)
		case "ssh", "git+ssh", "ssh+git":
			host := u.Hostname() // the port is that of ssh
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			return newPlace("https", host, u.Path)
		}
	}
	return Place{}, errors.New("the remote's address names no GitLab server") // it may hold a password: not quoted
}

func newPlace(scheme, host, project string) (Place, error) {
	server, err := parseServer(scheme + "://" + host)
	if err != nil {
		return Place{}, err
	}
	project, err = parseProject(project)
	return Place{Server: server, Project: project}, err
}

// parseProject checks a project's path and takes off what git adds to it.
func parseProject(text string) (string, error) {
	project := strings.TrimSuffix(strings.Trim(text, "/"), ".git")
	if !strings.Contains(project, "/") || path.Clean(project) != project || strings.HasPrefix(project, "../") {
		return "", fmt.Errorf("%q is no project: expected GROUP/NAME", text)
	}
	for _, r := range project {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`\?#%`, r) {
			return "", fmt.Errorf("%q is no project: %q cannot be in its path", text, r)
		}
	}
	return project, nil
}

// parseServer reads the name or address of a server. Plain http is only for
// this machine itself, since tokens go there.
func parseServer(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("the server's address cannot be read") // it may hold a password: not quoted
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("server %q: expected https", u.Host)
	case u.Hostname() == "" || strings.ContainsAny(u.Host, " \t\\%") || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is no server", u.Host)
	}
	server := &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: strings.TrimRight(path.Clean("/"+u.Path), "/")}
	if !private(server) {
		return nil, fmt.Errorf("server %q: no token goes over plain http; name the server's https address with --host", u.Host)
	}
	return server, nil
}

// private reports whether nobody on the way to a server can read along.
func private(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// sameOrigin reports whether what is meant for one address may go to another.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

// locate says where the project of a remote is. What is asked for by name
// wins, then what the remote's address says; the environment fills in what an
// address does not tell: the port of a server reached by ssh, the path it
// lives below, or the server itself.
func locate(address string, o *Options) (Place, error) {
	place, err := ParseRemote(address)
	server := o.Host
	for _, name := range []string{"GITLAB_HOST", "CI_SERVER_URL"} {
		if server != "" {
			break
		}
		known, bad := parseServer(o.getenv(name))
		if o.getenv(name) != "" && bad == nil && (err != nil || known.Hostname() == place.Server.Hostname()) {
			server = known.String()
		}
	}
	if server != "" {
		known, bad := parseServer(server)
		if bad != nil {
			return Place{}, bad
		}
		place.Server = known
		if below, ok := strings.CutPrefix("/"+place.Project, known.Path+"/"); ok && strings.Contains(below, "/") {
			place.Project = below
		}
	}
	if o.Project != "" {
		if place.Project, err = parseProject(o.Project); err != nil {
			return Place{}, err
		}
	}
	switch {
	case place.Server == nil:
		return Place{}, fmt.Errorf("%w; name it with --host", err)
	case place.Project == "":
		return Place{}, fmt.Errorf("%w; name the project with --project", err)
	}
	return place, nil
}
