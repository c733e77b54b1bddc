// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// errRefused is wrapped by errors about forbidden redirects. The request is not
// repeated.
var errRefused = errors.New("refused")

// errTooLarge reports a response that exceeds its size limit.
var errTooLarge = errors.New("larger than allowed")

// errSlow reports a response that takes too long.
var errSlow = errors.New("the server does not go on")

// Limits of one attempt of a request.
const (
	answerTimeout   = time.Minute // an answer of the API
	downloadTimeout = 2 * time.Hour
	stallTimeout    = time.Minute // until the next bytes
	maxAnswer       = 16 << 20    // bytes of an answer of the API
	maxReport       = 64 << 20    // bytes of a pipeline's test report
	maxValues       = 500_000     // JSON values in a test report, which take more memory than its text
	maxRedirects    = 5
)

// An authTransport adds the token to requests to its server, and never to
// requests to other servers, not even after a redirect. It limits the size and
// duration of responses.
type authTransport struct {
	next   http.RoundTripper
	server *url.URL
	token  *token
	limits Limits
	log    *slog.Logger
}

func (g *authTransport) httpClient() *http.Client {
	return &http.Client{Transport: g, CheckRedirect: g.redirect}
}

// limit returns the maximum size and duration of a response.
func (g *authTransport) limit(path string) (int64, time.Duration) {
	switch {
	case strings.HasSuffix(path, "/trace"):
		return g.limits.Log, downloadTimeout
	case strings.HasSuffix(path, "/artifacts"):
		return g.limits.Archive, downloadTimeout
	case strings.HasSuffix(path, "/test_report"):
		return maxReport, answerTimeout
	}
	return maxAnswer, answerTimeout
}

// isDownload reports whether GitLab may redirect an API path to object storage.
func isDownload(path string) bool {
	return strings.HasSuffix(path, "/trace") || strings.HasSuffix(path, "/artifacts")
}

// redirect decides whether to follow a redirect. Only logs and artifacts may be
// on another server.
func (g *authTransport) redirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d redirects", errRefused, maxRedirects)
	case first.Method != http.MethodGet:
		return fmt.Errorf("%w: the project has moved, name where it is now with --project", errRefused)
	case !private(r.URL), r.URL.Scheme == "http" && !g.onThisMachine():
		return fmt.Errorf("%w: the server sends us on to plain http at %s", errRefused, r.URL.Host)
	case !sameOrigin(r.URL, g.server) && !isDownload(first.URL.Path):
		return fmt.Errorf("%w: the server sends us on to %s", errRefused, r.URL.Host)
	}
	return nil
}

// onThisMachine reports whether the server has a loopback address. No other
// server may make us ask a service of this machine.
func (g *authTransport) onThisMachine() bool {
	return private(&url.URL{Scheme: "http", Host: g.server.Host})
}

func (g *authTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !private(r.URL) {
		return nil, fmt.Errorf("%w: plain http to %s", errRefused, r.URL.Host)
	}
	origin := r
	for origin.Response != nil && origin.Response.Request != nil {
		origin = origin.Response.Request // the response that redirected
	}
	bytes, timeout := g.limit(origin.URL.Path)
	ctx, cancel := context.WithCancelCause(r.Context())
	whole := time.AfterFunc(timeout, func() { cancel(errSlow) })
	stalled := time.AfterFunc(stallTimeout, func() { cancel(errSlow) })
	stop := func() { whole.Stop(); stalled.Stop(); cancel(nil) }
	r = r.Clone(ctx)
	for _, header := range []string{personalToken, jobToken, bearer, "Referer"} {
		r.Header.Del(header)
	}
	if sameOrigin(r.URL, g.server) {
		g.token.apply(r.Header)
	}
	response, err := g.next.RoundTrip(r)
	if err != nil {
		if ctx.Err() != nil && errors.Is(context.Cause(ctx), errSlow) {
			err = errSlow
		}
		stop()
		g.log.Debug("request", "method", r.Method, "host", r.URL.Host, "path", r.URL.Path, "err", g.token.hide.Text(err.Error()))
		return nil, err
	}
	g.log.Debug("request", "method", r.Method, "host", r.URL.Host, "path", r.URL.Path, "status", response.StatusCode)
	download := isDownload(origin.URL.Path) && response.StatusCode < http.StatusBadRequest
	if response.StatusCode >= http.StatusBadRequest {
		bytes = maxAnswer
	}
	response.Body = &boundedBody{body: response.Body, ctx: ctx, left: bytes, stalled: stalled, stop: stop}
	if !download {
		response.Body = &valueCounter{ReadCloser: response.Body, left: maxValues}
	}
	return response, nil
}

// A valueCounter fails when a JSON response has too many values. Decoded, "{}"
// takes a thousand times the memory of its text.
type valueCounter struct {
	io.ReadCloser
	left     int
	inString bool
	escaped  bool
}

func (c *valueCounter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	for _, b := range p[:n] {
		switch {
		case c.escaped:
			c.escaped = false
		case b == '\\':
			c.escaped = c.inString
		case b == '"':
			c.inString = !c.inString
		case !c.inString && (b == '{' || b == '[' || b == ','): // each value except the first follows one of these
			c.left--
		}
	}
	if c.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// A boundedBody limits the size of a response body and the time without data.
type boundedBody struct {
	body    io.ReadCloser
	ctx     context.Context
	left    int64
	stalled *time.Timer
	stop    func()
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 { // one extra byte shows that there is more
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.stalled.Reset(stallTimeout)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		return n - 1, errTooLarge
	case err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(b.ctx), errSlow):
		return n, errSlow
	}
	return n, err
}

func (b *boundedBody) Close() error {
	b.stop()
	return b.body.Close()
}
