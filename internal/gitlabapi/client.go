// SPDX-License-Identifier: GPL-2.0-or-later

// Package gitlabapi sends the requests about one project to GitLab's REST API.
package gitlabapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A Client sends requests about one project. It adds no token: HTTP must do that.
type Client struct {
	HTTP *http.Client

	// Retry and Pause decide whether and when a request is repeated. One that would
	// have an effect twice is repeated only if the server did not begin with it,
	// because there were too many.
	Retry retryablehttp.CheckRetry
	Pause retryablehttp.Backoff

	// Retries limits the repetitions of a request, and PauseMin and PauseMax are
	// passed to Pause.
	Retries            int
	PauseMin, PauseMax time.Duration

	project string // URL of the project in the API
}

// New returns a client for a project, "GROUP/NAME", of a server. The server's URL
// has the path below which GitLab is, without a slash at the end.
func New(server *url.URL, project string) *Client {
	// A dot could be taken for the beginning of a format, as in "name.json".
	id := strings.ReplaceAll(url.PathEscape(project), ".", "%2E")
	return &Client{project: server.String() + "/api/v4/projects/" + id}
}

// A StatusError is an answer of the server other than success.
type StatusError struct {
	Status  int    // of HTTP
	Message string // what the server said, or ""
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Download writes the response for a path below the project to w.
func (c *Client) Download(ctx context.Context, w io.Writer, path string) error {
	return c.send(ctx, http.MethodGet, path, nil, c.Retry, func(response *http.Response) error {
		_, err := io.Copy(w, response.Body)
		return err
	})
}

// get reads the JSON value of a path below the project into value.
func (c *Client) get(ctx context.Context, path string, query url.Values, value any) (header http.Header, err error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	err = c.send(ctx, http.MethodGet, path, nil, c.Retry, func(response *http.Response) error {
		header = response.Header
		return json.NewDecoder(response.Body).Decode(value)
	})
	return header, err
}

// post sends content as JSON. It reads the answer into value, unless that is nil.
func (c *Client) post(ctx context.Context, path string, content, value any, retry retryablehttp.CheckRetry) error {
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return c.send(ctx, http.MethodPost, path, body, retry, func(response *http.Response) error {
		if value == nil {
			return nil
		}
		return json.NewDecoder(response.Body).Decode(value)
	})
}

// tooMany reports whether the server did not even begin with a request.
func tooMany(ctx context.Context, response *http.Response, err error) (bool, error) {
	return ctx.Err() == nil && err == nil && response.StatusCode == http.StatusTooManyRequests, nil
}

// ErrTooLong says that a list has more than 100 pages of 100 items.
var ErrTooLong = fmt.Errorf("the list has more than %d items", maxPages*pageSize)

const (
	pageSize = 100 // GitLab permits no more items on a page
	maxPages = 100
)

// jobs returns the jobs on all pages of a list. After an error there are no more.
func (c *Client) jobs(ctx context.Context, path string) iter.Seq2[*Job, error] {
	return func(yield func(*Job, error) bool) {
		page := 1
		for range maxPages {
			var jobs []*Job
			header, err := c.get(ctx, path, url.Values{"per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(page)}}, &jobs)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, j := range jobs {
				if j != nil && !yield(j, nil) {
					return
				}
			}
			next, _ := strconv.Atoi(header.Get("X-Next-Page")) // empty on the last page
			if next <= page {
				return
			}
			page = next
		}
		yield(nil, ErrTooLong)
	}
}

// send sends a request and calls read with a response that has a status of success.
func (c *Client) send(ctx context.Context, method, path string, body []byte, retry retryablehttp.CheckRetry, read func(*http.Response) error) error {
	request, err := retryablehttp.NewRequestWithContext(ctx, method, c.project+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "lcitool")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	sender := retryablehttp.Client{
		HTTPClient: c.HTTP, CheckRetry: retry, Backoff: c.Pause, ErrorHandler: retryablehttp.PassthroughErrorHandler,
		RetryMax: c.Retries, RetryWaitMin: c.PauseMin, RetryWaitMax: c.PauseMax,
	}
	response, err := sender.Do(request)
	if response != nil {
		defer response.Body.Close()
	}
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return statusError(response)
	}
	if err := read(response); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body) // so that the connection can be used again
	return nil
}

// maxMessage limits what is read of an answer other than success, in bytes. Nested JSON
// takes time that grows with the square of its length.
const maxMessage = 64 << 10

func statusError(response *http.Response) error {
	e := &StatusError{Status: response.StatusCode}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxMessage))
	if err != nil {
		return errors.Join(e, err)
	}
	data = bytes.TrimSpace(data)
	var said any
	switch {
	case len(data) == 0:
	case json.Unmarshal(data, &said) == nil:
		e.Message = message(said)
	default: // HTML of a proxy, or cut
		e.Message = string(data)
	}
	// GitLab often says the status again: "403 Forbidden", "404 Project Not Found".
	e.Message = strings.TrimPrefix(e.Message, fmt.Sprintf("%d ", e.Status))
	if e.Message == http.StatusText(e.Status) {
		e.Message = ""
	}
	return e
}
