// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
	"gitlab.com/lcitool/lcitool/internal/httpcache"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A client sends requests about one project to GitLab's API.
type client struct {
	api   *gitlabapi.Client
	place Place
	token *token
	hide  *redact.Redactor // takes all secrets out of a text
}

// Attempts for one request, and the limit of the pause between them.
const (
	retries  = 4
	maxPause = 2 * time.Minute // that a server may ask for
)

func newClient(place Place, t *token, o *Options) *client {
	next := o.Transport
	if next == nil {
		next = ownTransport()
	}
	g := &authTransport{next: next, server: place.Server, token: t, limits: o.Limits, log: o.Log}
	api := gitlabapi.New(place.Server, place.Project)
	api.HTTP = g.httpClient()
	api.Retry, api.Retries = again, retries
	api.Pause, api.PauseMin, api.PauseMax = pause, o.PollMin/2, o.PollMax/2
	return &client{api: api, place: place, token: t, hide: t.hide}
}

// ownTransport returns a transport that shares no connections.
func ownTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	return t.Clone()
}

// again reports whether to repeat a request.
func again(ctx context.Context, response *http.Response, err error) (bool, error) {
	if errors.Is(err, errRefused) || errors.Is(err, errTooLarge) {
		return false, nil
	}
	return ctx.Err() == nil && httpcache.Retry(response, err), ctx.Err()
}

// pause returns the time to wait before a request is repeated: what the server
// asks for, within bounds.
func pause(low, high time.Duration, attempt int, response *http.Response) time.Duration {
	return min(httpcache.Pause(low, high, attempt, response), max(maxPause, high))
}

// A RequestError is a request to GitLab that failed.
type RequestError struct {
	What   string // that could not be done: "list jobs"
	Status int    // of HTTP, 0 if there was no answer
	Text   string // what was said about it, without secrets
	advice string
	final  bool // do not repeat the request, whatever the status
}

func (f *RequestError) Error() string {
	text := "cannot " + f.What + ": " + f.Text
	if f.advice != "" {
		text += "; " + f.advice
	}
	return text
}

// passing reports whether a later attempt may succeed.
func (f *RequestError) passing() bool {
	return !f.final && (f.Status == 0 || f.Status == http.StatusTooManyRequests || f.Status >= http.StatusInternalServerError)
}

// maxSaid limits the length of a server's message.
const maxSaid = 300

// requestError converts an error of a request. It does not wrap err,
// because it may contain the request with its token. If ctx has ended, it wraps
// the cause.
func (c *client) requestError(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("cannot %s: %w", what, context.Cause(ctx))
	}
	f := &RequestError{What: what, Text: err.Error()}
	var answer *gitlabapi.StatusError
	var address *url.Error
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &answer):
		f.Status, f.Text = answer.Status, answer.Error()
	case errors.As(err, &syntax):
		f.Text = "the answer is none of GitLab's API"
	case errors.As(err, &address):
		f.Text = address.Err.Error() // the URL may be signed
	}
	f.final = errors.Is(err, errRefused) || errors.Is(err, errTooLarge) || errors.Is(err, gitlabapi.ErrTooLong)
	f.advice = c.advice(f.Status)
	f.Text = plain(c.hide.Text(strings.Join(strings.Fields(f.Text), " ")))
	if len(f.Text) > maxSaid {
		f.Text = strings.ToValidUTF8(f.Text[:maxSaid], "") + "…"
	}
	return f
}

func (c *client) advice(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return fmt.Sprintf("the token of %s is not valid at %s, or no longer", c.token.source, c.place.Server.Host)
	case http.StatusForbidden:
		return fmt.Sprintf("the token of %s may not do this: it needs the scope \"api\" and a developer's rights", c.token.source)
	case http.StatusNotFound:
		return fmt.Sprintf("either there is no %s, or the token of %s may not see it", c.place, c.token.source)
	}
	return ""
}

// passing reports whether a later attempt may succeed.
func passing(err error) bool {
	var f *RequestError
	return errors.As(err, &f) && f.passing()
}

// status returns the HTTP status of a failed request, or 0.
func status(err error) int {
	var f *RequestError
	if errors.As(err, &f) {
		return f.Status
	}
	return 0
}
