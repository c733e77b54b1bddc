// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A Place is a project on a GitLab server.
type Place struct {
	Server  *url.URL // scheme, host with its port, and the path that GitLab lives below, without a slash at the end
	Project string   // "group/subgroup/name"
}

// String returns the project's URL.
func (p Place) String() string { return p.Server.String() + "/" + p.Project }

// plainScheme matches the short form of ssh URLs: "user@host:path".
var plainScheme = lazyregexp.New(`^(?:[^\s@:/]+@)?(\[[0-9A-Fa-f:.]+\]|[^\s@:/\[\]]+):([^\s]*)$`)

// ParseRemote parses the URL of a git remote: https, http, ssh or
// user@host:path. It drops user names and passwords. A URL without a server,
// such as a directory, is an error.
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
			host := u.Hostname() // the port belongs to ssh
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			return newPlace("https", host, u.Path)
		}
	}
	return Place{}, errors.New("the remote's address names no GitLab server") // the URL may contain a password, so it is not quoted
}

func newPlace(scheme, host, project string) (Place, error) {
	server, err := parseServer(scheme + "://" + host)
	if err != nil {
		return Place{}, err
	}
	project, err = parseProject(project)
	return Place{Server: server, Project: project}, err
}

// parseProject validates a project's path and removes the suffix .git.
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

// parseServer parses the name or URL of a server. It permits http only for
// loopback addresses, because tokens are sent to the server.
func parseServer(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("the server's address cannot be read") // the URL may contain a password, so it is not quoted
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

// private reports whether a connection to the server cannot be read by others:
// https or a loopback address.
func private(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// sameOrigin reports whether two URLs have the same scheme, host and port.
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

// refused returns the error for a claim that no git remote confirms.
func (c Claim) refused() error {
	return diag.WithHint(fmt.Errorf("%s: project: no git remote of this checkout is that of %q, and the settings of a project cannot choose where your token is used", c.Origin, c.Project),
		`name the project with --project or in your own settings`)
}

// checkClaim returns an error for a claim that no remote of the checkout
// confirms. The project of the remote that is pushed to is used in any case.
func (s *session) checkClaim(ctx context.Context) error {
	claim := s.o.Claim
	if s.o.Project != "" || claim.Project == "" {
		return nil
	}
	claimed, err := parseProject(claim.Project)
	if err != nil {
		return claim.refused()
	}
	if strings.EqualFold(claimed, s.place.Project) {
		return nil
	}
	for _, address := range s.checkout.addresses(ctx) {
		if place, err := locate(address, &Options{Getenv: s.o.Getenv, Host: s.o.Host}); err == nil && strings.EqualFold(claimed, place.Project) {
			s.infof("%s: project: %s is not used with --remote, because %s is the project of remote %s", claim.Origin, claimed, s.place.Project, s.checkout.remote)
			return nil
		}
	}
	return claim.refused()
}

// locate returns the place of a remote's project. Options override the remote's
// URL. The environment adds what the URL does not contain: the https port of a
// server used over ssh, the path of GitLab on the server, or the server itself.
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
	case place.Project == "" && o.Claim.Project != "":
		return Place{}, o.Claim.refused()
	case place.Project == "":
		return Place{}, fmt.Errorf("%w; name the project with --project", err)
	}
	return place, nil
}
