// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/httpcache"
)

// ErrNotFound says that the mirror answered and has no such file.
var ErrNotFound = errors.New("no such file on the mirror")

var (
	errSilent  = errors.New("the mirror sends nothing")
	errTooSlow = errors.New("the mirror takes too long")
)

// newHTTPClient returns the client of all requests. It leaves compressed bodies
// as they are.
func newHTTPClient(o Options) *http.Client {
	if o.Transport != nil {
		return httpcache.NewClient(o.Transport)
	}
	return httpcache.NewClient(httpcache.NewTransport(httpcache.ClientOptions{
		ConnectTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, PerHost: o.Parallel, Verbatim: true,
	}))
}

// parseURL accepts the addresses that a mirror may have.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("bad mirror address: %w", err)
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return nil, fmt.Errorf("mirror address %q names no host", u.Redacted())
		}
	case "file":
		if u.Host != "" && u.Host != "localhost" {
			return nil, fmt.Errorf("mirror address %q: a file is on this host", u.Redacted())
		}
	default:
		return nil, fmt.Errorf("mirror address %q is none of http, https, file", u.Redacted())
	}
	return u, nil
}

// redacted is raw without its password, for messages.
func redacted(raw string) string {
	if u, err := url.Parse(raw); err == nil {
		return u.Redacted()
	}
	return "address"
}

// join appends a path to a mirror's address.
func join(base string, parts ...string) string {
	return strings.TrimRight(base, "/") + "/" + strings.Join(parts, "/")
}

// A response is the metadata of an answer.
type response struct {
	notModified bool
	httpcache.Validators
}

// A request is a file to be fetched.
type request struct {
	url   string
	shown string     // URL in progress messages; empty means url
	limit int64      // bytes it may have
	known *cacheMeta // the cached version, for a conditional request; nil if there is none
}

// get fetches a file into w.
func (c *Client) get(ctx context.Context, f request, w io.Writer) (response, error) {
	u, err := parseURL(f.url)
	if err != nil {
		return response{}, err
	}
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return response{}, fmt.Errorf("cannot fetch %s: %w", u.Redacted(), context.Cause(ctx))
	}
	defer c.slots.Release(1)
	p := &progressWriter{client: c, state: Progress{URL: redacted(cmp.Or(f.shown, f.url)), Total: -1}, w: w}
	defer p.end()
	var r response
	if u.Scheme == "file" {
		err = copyFile(ctx, u.Path, f.limit, p)
	} else {
		r, err = c.request(ctx, u, f, p)
	}
	if err != nil {
		return response{}, fmt.Errorf("cannot fetch %s: %w", u.Redacted(), diag.Cause(err))
	}
	return r, nil
}

// copyFile reads a file:// mirror's file.
func copyFile(ctx context.Context, name string, limit int64, w *progressWriter) error {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // opening a FIFO would block
		return errors.New("not a file")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w.state.Total = info.Size()
	return httpcache.Copy(ctx, w, f, info.Size(), limit, nil)
}

// request makes one request, bounded in time as a whole and between bytes.
func (c *Client) request(ctx context.Context, u *url.URL, f request, w *progressWriter) (response, error) {
	ctx, stop := context.WithTimeoutCause(ctx, c.opts.Timeout, errTooSlow)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.opts.IdleTimeout, func() { cancel(errSilent) })
	defer watchdog.Stop()

	var known httpcache.Validators
	if f.known != nil {
		known = httpcache.Validators{ETag: f.known.ETag, LastModified: f.known.LastModified}
	}
	req, err := httpcache.NewRequest(ctx, u.String(), known)
	if err != nil {
		return response{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return response{}, cause
		}
		return response{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		if f.known == nil {
			return response{}, errors.New("answered that nothing changed, unasked")
		}
		return response{notModified: true}, nil
	case http.StatusNotFound, http.StatusGone:
		return response{}, ErrNotFound
	default:
		return response{}, fmt.Errorf("status %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	w.state.Total = resp.ContentLength
	alive := func() { watchdog.Reset(c.opts.IdleTimeout) }
	err = httpcache.Copy(ctx, w, resp.Body, resp.ContentLength, f.limit, alive)
	return response{Validators: httpcache.ValidatorsOf(resp)}, err
}

// A progressWriter counts bytes and calls Options.Progress.
type progressWriter struct {
	client *Client
	w      io.Writer
	state  Progress
}

func (p *progressWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.state.Done += int64(n)
	p.client.report(p.state)
	return n, err
}

func (p *progressWriter) end() {
	p.state.Ended = true
	p.client.report(p.state)
}

func (c *Client) report(p Progress) {
	if c.opts.Progress == nil {
		return
	}
	c.progress.Lock()
	defer c.progress.Unlock()
	c.opts.Progress(p)
}
