// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A token is what GitLab knows its user by. What it is stays within its
// functions, so that no way of printing it tells.
type token struct {
	source string              // where it is from, for people
	apply  func(h http.Header) // adds it to a request
	hide   *redact.Redactor    // takes it out of a text
}

// newToken wraps a secret that goes into a header.
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

// The headers in which GitLab takes a token.
const (
	personalToken = "Private-Token"
	jobToken      = "Job-Token"
	bearer        = "Authorization" // any kind but a job's
)

// findToken looks for a token for a server: in the environment, with glab,
// with git. checkout is where git is asked.
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

// environmentToken gives the token in the environment, if it is for the
// server: nobody else is to see it. If it is not, doubt says so.
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
