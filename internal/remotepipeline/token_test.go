// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (t *token) sent() string {
	h := http.Header{}
	t.apply(h)
	for name := range h {
		return name + ": " + h.Get(name)
	}
	return ""
}

func TestTokens(t *testing.T) {
	const glab = `
host: gitlab.com
hosts:
    gitlab.com:
        token: !!null glpat-of-glab
        api_host: gitlab.com
    gitlab.example.org:
        token: oauth-of-glab
        is_oauth2: "true"
    ssh.example.org:
        api_host: api.example.org:8443
        job_token: job-of-glab
    ring.example.org:
        use_keyring: "true"
        token:
`
	cases := []struct {
		name, server string
		env          map[string]string
		glab         string
		git          string // a credential helper's answer
		remote       string
		host         string // --host
		want         string
		source       string
		wantErr      string
	}{
		{name: "of gitlab.com", server: "https://gitlab.com", env: map[string]string{"GITLAB_TOKEN": "t1"}, want: "Private-Token: t1", source: "GITLAB_TOKEN"},
		{name: "the other name", server: "https://gitlab.com", env: map[string]string{"GITLAB_ACCESS_TOKEN": "t2"}, want: "Private-Token: t2"},
		{name: "of a host by variable", server: "https://gitlab.example.org", want: "Private-Token: t1",
			env: map[string]string{"GITLAB_TOKEN": "t1", "GITLAB_HOST": "gitlab.example.org"}},
		{name: "of a host by option", server: "https://gitlab.example.org", host: "gitlab.example.org", want: "Private-Token: t1",
			env: map[string]string{"GITLAB_TOKEN": "t1", "GITLAB_HOST": "gitlab.com"}},
		{name: "not for another host", server: "https://evil.example.org", env: map[string]string{"GITLAB_TOKEN": "t1"},
			wantErr: "the one in GITLAB_TOKEN is for another server"},
		{name: "not for another port", server: "https://gitlab.com:8443", env: map[string]string{"GITLAB_TOKEN": "t1"},
			wantErr: "the one in GITLAB_TOKEN is for another server"},
		{name: "of a job", server: "https://gitlab.example.org", want: "Job-Token: j1",
			env: map[string]string{"CI_JOB_TOKEN": "j1", "CI_SERVER_URL": "https://gitlab.example.org"}},
		{name: "of a job elsewhere", server: "https://gitlab.com", wantErr: "there is no token for gitlab.com",
			env: map[string]string{"CI_JOB_TOKEN": "j1", "CI_SERVER_URL": "https://gitlab.example.org"}},
		{name: "of glab", server: "https://gitlab.com", glab: glab, want: "Private-Token: glpat-of-glab", source: "glab's settings"},
		{name: "of glab with OAuth", server: "https://gitlab.example.org", glab: glab, want: "Authorization: Bearer oauth-of-glab"},
		{name: "of glab by the API's host", server: "https://api.example.org:8443", glab: glab, want: "Job-Token: job-of-glab"},
		{name: "of glab elsewhere", server: "https://evil.example.org", glab: glab, wantErr: "there is no token for evil.example.org"},
		{name: "of glab in a keyring", server: "https://ring.example.org", glab: glab, wantErr: "keyring"},
		{name: "of glab, not readable", server: "https://gitlab.com", glab: "hosts: [token: glpat-of-glab", wantErr: "cannot read glab's settings"},
		{name: "of glab, odd", server: "https://gitlab.com", glab: "hosts: [1, 2]", wantErr: "there is no token"},
		{name: "of glab, empty", server: "https://gitlab.com", glab: "\n", wantErr: "cannot read glab's settings"},
		{name: "of git", server: "https://gitlab.com", git: "username=oauth2\npassword=of-git\n", want: "Authorization: Bearer of-git", source: "git's credentials"},
		{name: "of the remote", server: "https://gitlab.com", remote: "https://me:of-remote@gitlab.com/a/b.git", want: "Authorization: Bearer of-remote"},
		{name: "of a remote elsewhere", server: "https://gitlab.com", remote: "https://me:of-remote@evil.example.org/a/b.git", wantErr: "there is no token"},
		{name: "the environment wins", server: "https://gitlab.com", env: map[string]string{"GITLAB_TOKEN": "t1"}, glab: glab, want: "Private-Token: t1"},
		{name: "none", server: "https://gitlab.com", wantErr: "there is no token for gitlab.com: set GITLAB_TOKEN"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			home := t.TempDir()
			env := map[string]string{"HOME": home}
			for k, v := range c.env {
				env[k] = v
			}
			if c.glab != "" {
				write(t, filepath.Join(home, ".config/glab-cli/config.yml"), c.glab, 0o600)
			}
			if c.git != "" {
				helper := filepath.Join(home, "helper")
				write(t, helper, "#!/bin/sh\n[ \"$1\" = get ] && cat <<END\n"+c.git+"END\n", 0o755)
				git(t, w.options.Directory, "config", "--global", "credential.helper", helper) // the user's: that of a repository does not count
			}
			if c.remote != "" {
				git(t, w.options.Directory, "remote", "set-url", "origin", c.remote)
			}
			o := &Options{Host: c.host, Getenv: func(name string) string { return env[name] }}
			checkout, err := openCheckout(t.Context(), w.options.Directory, "")
			if err != nil {
				t.Fatal(err)
			}
			server, err := url.Parse(c.server)
			if err != nil {
				t.Fatal(err)
			}
			got, err := findToken(t.Context(), server, o, checkout)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) || strings.Contains(err.Error(), "of-glab") {
					t.Errorf("got %v, %v, want %q", got, err, c.wantErr)
				}
				return
			}
			if err != nil || got.sent() != c.want || c.source != "" && got.source != c.source {
				t.Fatalf("got %v, %v", got, err)
			}
			_, secret, _ := strings.Cut(c.want, ": ")
			secret = strings.TrimPrefix(secret, "Bearer ")
			if text := fmt.Sprintf("%v %+v %#v %s", got, got, *got, got.hide.Text("x"+secret+"y")); strings.Contains(text, secret) {
				t.Errorf("printed as %s", text)
			}
		})
	}
}

// Artifacts and logs may be on another server, which must not get the token.
func TestTokenStaysWithItsServer(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	w.gitLab.jobs[0].archive = zipped(t, entry{"file", 0o644, "x"})
	archive := w.gitLab.jobs[0].archive
	elsewhere := 0
	w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "127.0.0.1:9999":
			elsewhere++
			if strings.Contains(fmt.Sprint(r.Header, r.URL), marker) || r.Header.Get("Referer") != "" {
				t.Errorf("the other server was sent %v", r.Header)
			}
			if r.URL.Path == "/storage" && elsewhere == 1 { // and back, and there again
				http.Redirect(rw, r, address+"/back/artifacts", http.StatusFound)
				return
			}
			_, _ = rw.Write(archive)
		case r.URL.Path == "/back/artifacts":
			if r.Header.Get(personalToken) != marker {
				t.Errorf("its own server was sent %v", r.Header)
			}
			http.Redirect(rw, r, "http://127.0.0.1:9999/again?signature=secret", http.StatusFound)
		case strings.HasSuffix(r.URL.Path, "/artifacts"):
			http.Redirect(rw, r, "http://127.0.0.1:9999/storage?signature=secret", http.StatusFound)
		}
	}
	result, err := w.run(t)
	if err != nil || elsewhere != 2 || result.Jobs[0].Artifacts == "" {
		t.Fatalf("got %+v, %v, %d requests elsewhere", result, err, elsewhere)
	}
	if strings.Contains(w.said.String(), "signature") {
		t.Errorf("said %s", w.said.String())
	}
}

// A server may not make us ask services of this machine, which trust those who
// can reach them.
func TestRedirectsToThisMachine(t *testing.T) {
	for _, c := range []struct {
		server, to string
		refused    bool
	}{
		{"https://gitlab.example.org", "http://127.0.0.1:9999/x", true},
		{"https://gitlab.example.org", "http://localhost/x", true},
		{"https://gitlab.example.org", "http://[::1]:80/x", true},
		{"https://gitlab.example.org", "https://storage.example.org/x", false},
		{"https://localhost", "http://localhost:9000/x", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:9000/x", false},
	} {
		server, err := url.Parse(c.server)
		if err != nil {
			t.Fatal(err)
		}
		g := &authTransport{server: server}
		first := httptest.NewRequest(http.MethodGet, c.server+"/api/v4/projects/1/jobs/1/artifacts", nil)
		err = g.redirect(httptest.NewRequest(http.MethodGet, c.to, nil), []*http.Request{first})
		if errors.Is(err, errRefused) != c.refused {
			t.Errorf("%s to %s: %v", c.server, c.to, err)
		}
	}
}

func TestRequestsWithAnEffectAreNotRepeated(t *testing.T) {
	w := newWorld(t, manual(1, "a"))
	w.options.Jobs = []string{"a"}
	plays := 0
	w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/play") {
			if plays++; plays == 1 { // done, but the answer is lost
				w.gitLab.jobs[0].played = time.Now()
				goesAway(rw, r)
			}
		}
	}
	result, err := w.run(t)
	if err != nil || states(result) != "a passed" || plays > 2 {
		t.Errorf("got %+v, %v, played %d times", result, err, plays)
	}
}

func TestPlayRefused(t *testing.T) {
	w := newWorld(t, manual(1, "a"))
	w.options.Jobs = []string{"a"}
	w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/play") {
			answer(rw, http.StatusForbidden, map[string]any{"message": "403 Forbidden"})
		}
	}
	if _, err := w.run(t); err == nil || !strings.Contains(err.Error(), `cannot start job "a": 403 Forbidden`) {
		t.Errorf("error %v", err)
	}
}

// A password in the remote's address is not in any output, even if git quotes the address.
func TestPasswordInTheRemote(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	git(t, w.options.Directory, "remote", "set-url", "origin", "http://me:"+marker+"@127.0.0.1:1/group/name.git")
	if _, err := w.run(t); err == nil || !strings.Contains(err.Error(), "cannot push topic to origin") {
		t.Errorf("error %v", err)
	}
}

func TestGlabSettingsAreBounded(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(file, []byte("# "+strings.Repeat("x", maxSettings)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSettings(file); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v", err)
	}
	env := map[string]string{"GLAB_CONFIG_DIR": filepath.Dir(file), "XDG_CONFIG_HOME": "/x"}
	w.options.Getenv = func(name string) string { return env[name] }
	if got := glabFiles(&w.options); len(got) != 1 || got[0] != file {
		t.Errorf("got %v", got)
	}
}
