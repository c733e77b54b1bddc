// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A token authenticates the user to GitLab. The secret is only in its functions,
// so that printing a token does not reveal it.
type token struct {
	source string              // where it is from, for people
	apply  func(h http.Header) // adds it to a request
	hide   *redact.Redactor    // takes it out of a text
}

// newToken wraps a secret that is sent in a header.
func newToken(source, header, secret string) *token {
	value := secret
	if header == "Authorization" {
		value = "Bearer " + secret
	}
	return &token{
		source: source,
		apply:  func(h http.Header) { h.Set(header, value) },
		hide:   redact.Token(secret),
	}
}

// Headers for GitLab tokens.
const (
	personalToken = "Private-Token"
	jobToken      = "Job-Token"
	bearer        = "Authorization" // any kind but a job's
)

// findToken looks for a token for a server: in the environment, in glab's
// configuration, then with git credential.
func findToken(ctx context.Context, server *url.URL, o *Options, c *checkout) (*token, error) {
	t, doubt := environmentToken(server, o)
	if t != nil {
		return t, nil
	}
	t, err := glabToken(server, o)
	if t != nil {
		return t, nil
	}
	if t := c.credential(ctx, server); t != nil {
		return t, nil
	}
	missing := fmt.Errorf("there is no token for %s: set GITLAB_TOKEN, log in with glab, or let git remember one", server.Host)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (%w)", missing, err)
	case doubt != "":
		return nil, fmt.Errorf("%w (%s)", missing, doubt)
	}
	return nil, missing
}

// environmentToken returns the token in the environment, if it is for the
// server; other servers must not see it. Otherwise doubt says why it was not
// used.
func environmentToken(server *url.URL, o *Options) (t *token, doubt string) {
	for _, name := range []string{"GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"} {
		secret := o.getenv(name)
		if secret == "" {
			continue
		}
		owner := firstOf(o.Host, o.getenv("GITLAB_HOST"), o.getenv("CI_SERVER_URL"), "gitlab.com")
		if known, err := parseServer(owner); err == nil && sameOrigin(known, server) {
			return newToken(name, personalToken, secret), ""
		}
		doubt = fmt.Sprintf("the one in %s is for another server, unless GITLAB_HOST or --host names this one", name)
	}
	if secret := o.getenv("CI_JOB_TOKEN"); secret != "" {
		if known, err := parseServer(o.getenv("CI_SERVER_URL")); err == nil && sameOrigin(known, server) {
			return newToken("CI_JOB_TOKEN", jobToken, secret), ""
		}
	}
	return nil, doubt
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
