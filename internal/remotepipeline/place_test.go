// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"strings"
	"testing"
)

func TestAddressesOfRemotes(t *testing.T) {
	cases := []struct{ address, want, wantErr string }{
		{address: "https://gitlab.com/libvirt/libvirt.git", want: "https://gitlab.com/libvirt/libvirt"},
		{address: "https://gitlab.com/libvirt/libvirt", want: "https://gitlab.com/libvirt/libvirt"},
		{address: "https://gitlab.com/libvirt/libvirt/", want: "https://gitlab.com/libvirt/libvirt"},
		{address: "https://me:glpat-secret@GitLab.com/group/sub/name.git", want: "https://gitlab.com/group/sub/name"},
		{address: "https://gitlab.example.org:8443/group/name.git", want: "https://gitlab.example.org:8443/group/name"},
		{address: "http://127.0.0.1:8080/group/name", want: "http://127.0.0.1:8080/group/name"},
		{address: "http://[::1]:8080/group/name", want: "http://[::1]:8080/group/name"},
		{address: "http://localhost/group/name", want: "http://localhost/group/name"},
		{address: "ssh://git@gitlab.example.org:2222/group/name.git", want: "https://gitlab.example.org/group/name"},
		{address: "git+ssh://gitlab.example.org/group/name.git", want: "https://gitlab.example.org/group/name"},
		{address: "ssh://git@[2001:db8::1]:22/group/name", want: "https://[2001:db8::1]/group/name"},
		{address: "git@gitlab.com:group/name.git", want: "https://gitlab.com/group/name"},
		{address: "git@gitlab.com:/group/name.git", want: "https://gitlab.com/group/name"},
		{address: "gitlab.com:group/sub/name", want: "https://gitlab.com/group/sub/name"},
		{address: "git@[2001:db8::1]:group/name", want: "https://[2001:db8::1]/group/name"},
		{address: "", wantErr: "names no GitLab server"},
		{address: "/srv/git/name.git", wantErr: "names no GitLab server"},
		{address: "../name.git", wantErr: "names no GitLab server"},
		{address: "file:///srv/git/name.git", wantErr: "names no GitLab server"},
		{address: "git://gitlab.com/group/name", wantErr: "names no GitLab server"},
		{address: "https:///group/name", wantErr: "is no server"},
		{address: "https://gitlab.com/name", wantErr: "expected GROUP/NAME"},
		{address: "https://gitlab.com/", wantErr: "expected GROUP/NAME"},
		{address: "https://gitlab.com/group/../name", wantErr: "expected GROUP/NAME"},
		{address: "https://gitlab.com/../../name", wantErr: "expected GROUP/NAME"},
		{address: "https://gitlab.com/group/name?private_token=glpat-secret", wantErr: "names no GitLab server"},
		{address: "https://gitlab.com/group/a%3Fb", wantErr: "cannot be in its path"},
		{address: "https://gitlab.com:port/group/name", wantErr: "names no GitLab server"},
		{address: "http://gitlab.com/group/name", wantErr: "no token goes over plain http"},
		{address: "http://localhost.example.org/group/name", wantErr: "no token goes over plain http"},
		{address: "http://me:glpat-secret@gitlab.com/group/name", wantErr: "no token goes over plain http"},
		{address: "git@gitlab.com:", wantErr: "expected GROUP/NAME"},
	}
	for _, c := range cases {
		t.Run(c.address, func(t *testing.T) {
			place, err := ParseRemote(c.address)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) || strings.Contains(err.Error(), "glpat-secret") {
					t.Fatalf("got %v, error %v, want one with %q", place, err, c.wantErr)
				}
				return
			}
			if err != nil || place.String() != c.want {
				t.Errorf("got %v, %v, want %s", place, err, c.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	cases := []struct {
		name, address, project, host string
		env                          map[string]string
		want, wantErr                string
	}{
		{name: "of the remote", address: "git@gitlab.com:group/name.git", want: "https://gitlab.com/group/name"},
		{name: "the environment names another server", address: "git@gitlab.com:group/name.git",
			env: map[string]string{"GITLAB_HOST": "gitlab.example.org"}, want: "https://gitlab.com/group/name"},
		{name: "the environment knows the port", address: "git@gitlab.example.org:group/name.git",
			env: map[string]string{"CI_SERVER_URL": "https://gitlab.example.org:8443"}, want: "https://gitlab.example.org:8443/group/name"},
		{name: "below a path", address: "https://example.org/gitlab/group/name.git",
			env: map[string]string{"GITLAB_HOST": "https://example.org/gitlab/"}, want: "https://example.org/gitlab/group/name"},
		{name: "by name", address: "git@work:group/name.git", host: "gitlab.example.org", want: "https://gitlab.example.org/group/name"},
		{name: "a directory", address: "/srv/name.git", host: "http://127.0.0.1:1", project: "a/b", want: "http://127.0.0.1:1/a/b"},
		{name: "a directory and the environment", address: "/srv/name.git", project: "a/b",
			env: map[string]string{"CI_SERVER_URL": "https://gitlab.example.org"}, want: "https://gitlab.example.org/a/b"},
		{name: "a directory alone", address: "/srv/name.git", wantErr: "name it with --host"},
		{name: "a directory without project", address: "/srv/name.git", host: "gitlab.com", wantErr: "name the project with --project"},
		{name: "a bad project", address: "git@gitlab.com:group/name.git", project: "name", wantErr: "expected GROUP/NAME"},
		{name: "plain http", address: "git@gitlab.com:group/name.git", host: "http://gitlab.com", wantErr: "no token goes over plain http"},
		{name: "another protocol", address: "git@gitlab.com:group/name.git", host: "ftp://gitlab.com", wantErr: "expected https"},
		{name: "no address", address: "git@gitlab.com:group/name.git", host: "https://", wantErr: "is no server"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := &Options{Host: c.host, Project: c.project, Getenv: func(name string) string { return c.env[name] }}
			place, err := locate(c.address, o)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Fatalf("got %v, error %v, want one with %q", place, err, c.wantErr)
				}
				return
			}
			if err != nil || place.String() != c.want {
				t.Errorf("got %v, %v, want %s", place, err, c.want)
			}
		})
	}
}

// FuzzParseRemote: the text of a parsed address parses to the same, has no password, and
// never sends a token without TLS.
func FuzzParseRemote(f *testing.F) {
	for _, seed := range []string{
		"https://gitlab.com/group/name.git", "git@gitlab.com:group/name.git", "ssh://git@host:22/a/b",
		"https://user:hunter2@host/a/b", "http://127.0.0.1:1/a/b", "user:hunter2@host:a/b", "[::1]:a/b", "/a/b", "https://h/a/../b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		place, err := ParseRemote(address)
		if err != nil {
			return
		}
		if !private(place.Server) {
			t.Errorf("%q: a token would go to %s", address, place.Server)
		}
		if place.Server.User != nil || strings.Contains(place.Server.Host, "@") {
			t.Errorf("%q: the server is %q", address, place.Server.Host)
		}
		for _, part := range strings.Split(place.Project, "/") {
			if part == "" || part == "." || part == ".." {
				t.Errorf("%q: the project is %q", address, place.Project)
			}
		}
		again, err := ParseRemote(place.String() + ".git")
		if err != nil || again.Project != place.Project || !sameOrigin(again.Server, place.Server) {
			t.Errorf("%q gives %s, which gives %v, %v", address, place, again, err)
		}
	})
}
