// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"gitlab.com/lcitool/lcitool/internal/httpcache"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A client sends requests about one project to GitLab's API.
type client struct {
	api   *gitlab.Client
	place Place
	token *token
	hide  *redact.Redactor // takes all secrets out of a text
}

// Attempts for one request, and the limit of the pause between them.
const (
	retries  = 4
	maxPause = 2 * time.Minute // that a server may ask for
)

func newClient(place Place, t *token, o *Options) (*client, error) {
	next := o.Transport
	if next == nil {
		next = ownTransport()
	}
	g := &authTransport{next: next, server: place.Server, token: t, limits: o.Limits, log: o.Log}
	api, err := gitlab.NewAuthSourceClient(gitlab.Unauthenticated{}, // authTransport adds the token
		gitlab.WithURLWarningLogger(slog.New(slog.DiscardHandler)),
		gitlab.WithBaseURL(place.Server.String()),
		gitlab.WithHTTPClient(g.httpClient()),
		gitlab.WithCustomRetry(again),
		gitlab.WithCustomRetryMax(retries),
		gitlab.WithCustomRetryWaitMinMax(o.PollMin/2, o.PollMax/2),
		gitlab.WithCustomBackoff(pause),
		gitlab.WithUserAgent("lcitool"),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot use %s: %s", place.Server.Host, t.hide.Text(err.Error()))
	}
	return &client{api: api, place: place, token: t, hide: t.hide}, nil
}

// ownTransport returns a transport that shares no connections.
func ownTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	return t.Clone()
}

// again reports whether to repeat a request. Requests that may have had an
// effect are not repeated.
func again(ctx context.Context, response *http.Response, err error) (bool, error) {
	if errors.Is(err, errRefused) || errors.Is(err, errTooLarge) {
		return false, nil
	}
	if response != nil && response.Request != nil && response.Request.Method != http.MethodGet {
		return response.StatusCode == http.StatusTooManyRequests, nil
	}
	return ctx.Err() == nil && httpcache.Retry(response, err), ctx.Err()
}

// once disables the repetition of a request that may have had an effect although
// its answer was lost.
func once() gitlab.RequestOptionFunc {
	return gitlab.WithRequestRetry(func(ctx context.Context, response *http.Response, err error) (bool, error) {
		return ctx.Err() == nil && err == nil && response.StatusCode == http.StatusTooManyRequests, nil
	})
}

// pause returns the time to wait before a request is repeated: what the server
// asks for, within bounds.
func pause(low, high time.Duration, attempt int, response *http.Response) time.Duration {
	return min(httpcache.Pause(low, high, attempt, response), max(maxPause, high))
}

// download writes the response for a path below the project to w.
func (c *client) download(ctx context.Context, w io.Writer, format string, args ...any) error {
	path := "projects/" + gitlab.PathEscape(c.place.Project) + fmt.Sprintf(format, args...)
	request, err := c.api.NewRequest(http.MethodGet, path, nil, []gitlab.RequestOptionFunc{gitlab.WithContext(ctx)})
	if err != nil {
		return err
	}
	_, err = c.api.Do(request, w)
	return err
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

// requestError converts an error of the GitLab library. It does not wrap err,
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
	var answer *gitlab.ErrorResponse
	var address *url.Error
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, gitlab.ErrNotFound): // the library returns it without details
		f.answered(http.StatusNotFound, "")
	case errors.As(err, &answer) && answer.Response != nil:
		f.answered(answer.Response.StatusCode, answer.Message)
	case errors.As(err, &syntax):
		f.Text = "the answer is none of GitLab's API"
	case errors.As(err, &address):
		f.Text = address.Err.Error() // the URL may be signed
	}
	f.final = errors.Is(err, errRefused) || errors.Is(err, errTooLarge)
	f.advice = c.advice(f.Status)
	f.Text = plain(c.hide.Text(strings.Join(strings.Fields(f.Text), " ")))
	if len(f.Text) > maxSaid {
		f.Text = strings.ToValidUTF8(f.Text[:maxSaid], "") + "…"
	}
	return f
}

// answered sets the status and the message of the server.
func (f *RequestError) answered(status int, said string) {
	f.Status = status
	f.Text = fmt.Sprintf("%d %s", status, http.StatusText(status))
	if said = strings.TrimPrefix(said, "failed to parse unknown error format: "); said != "" {
		f.Text += ": " + said
	}
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
