// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// serve returns a client of a server below a path, which repeats a request twice.
func serve(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL + "/below")
	if err != nil {
		t.Fatal(err)
	}
	c := New(base, "group/na.me")
	c.HTTP, c.Retries = server.Client(), 2
	c.Retry = func(_ context.Context, r *http.Response, err error) (bool, error) {
		return err != nil || r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests, nil
	}
	c.Pause = func(time.Duration, time.Duration, int, *http.Response) time.Duration { return 0 }
	return c
}

// TestRequests: the method, the path, the query and the body of each request.
func TestRequests(t *testing.T) {
	const project = "/below/api/v4/projects/group%2Fna%2Eme"
	ignore := func(_ any, err error) error { return err }
	cases := []struct {
		do   func(context.Context, *Client) error
		want string
	}{
		{func(ctx context.Context, c *Client) error { return ignore(c.Pipelines(ctx, "0123")) }, "GET " + project + "/pipelines?per_page=100&sha=0123"},
		{func(ctx context.Context, c *Client) error { return ignore(c.Pipeline(ctx, 5)) }, "GET " + project + "/pipelines/5"},
		{func(ctx context.Context, c *Client) error { return ignore(c.Lint(ctx, "0123", "a b")) }, "GET " + project + "/ci/lint?content_ref=0123&dry_run=true&dry_run_ref=a+b"},
		{func(ctx context.Context, c *Client) error { return ignore(c.TestReport(ctx, 5)) }, "GET " + project + "/pipelines/5/test_report"},
		{func(ctx context.Context, c *Client) error { return c.Download(ctx, io.Discard, Log(6)) }, "GET " + project + "/jobs/6/trace"},
		{func(ctx context.Context, c *Client) error { return c.Download(ctx, io.Discard, Archive(6)) }, "GET " + project + "/jobs/6/artifacts"},
		{func(ctx context.Context, c *Client) error { return ignore(c.CreatePipeline(ctx, "main", nil)) }, "POST " + project + `/pipeline {"ref":"main"}`},
		{func(ctx context.Context, c *Client) error {
			return ignore(c.CreatePipeline(ctx, "main", []Variable{{"A", "1"}}))
		}, "POST " + project + `/pipeline {"ref":"main","variables":[{"key":"A","value":"1"}]}`},
		{func(ctx context.Context, c *Client) error { return c.CancelPipeline(ctx, 5) }, "POST " + project + "/pipelines/5/cancel {}"},
		{func(ctx context.Context, c *Client) error { return c.PlayJob(ctx, 6) }, "POST " + project + "/jobs/6/play {}"},
	}
	for _, tc := range cases {
		var got string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = strings.TrimSpace(r.Method + " " + r.RequestURI + " " + string(body))
			if body := r.Header.Get("Content-Type"); (r.Method == http.MethodPost) != (body == "application/json") {
				t.Errorf("%s: Content-Type %q", got, body)
			}
			if strings.HasSuffix(r.URL.Path, "/pipelines") {
				fmt.Fprint(w, "[]")
				return
			}
			fmt.Fprint(w, "{}")
		})
		if err := tc.do(t.Context(), c); err != nil || got != tc.want {
			t.Errorf("request %q, %v, want %q", got, err, tc.want)
		}
	}
}

// TestRepetition: a request is sent again after a failure if that cannot do harm.
func TestRepetition(t *testing.T) {
	reads := func(ctx context.Context, c *Client) error { _, err := c.Pipeline(ctx, 1); return err }
	cancels := func(ctx context.Context, c *Client) error { return c.CancelPipeline(ctx, 1) }
	plays := func(ctx context.Context, c *Client) error { return c.PlayJob(ctx, 1) }
	creates := func(ctx context.Context, c *Client) error { _, err := c.CreatePipeline(ctx, "r", nil); return err }
	const lost = 0 // the connection ends without an answer
	cases := []struct {
		name   string
		do     func(context.Context, *Client) error
		status int
		want   int // requests
	}{
		{"read", reads, http.StatusBadGateway, 3}, {"read", reads, http.StatusTooManyRequests, 3}, {"read", reads, lost, 3}, {"read", reads, http.StatusNotFound, 1},
		{"cancel", cancels, http.StatusBadGateway, 3}, {"cancel", cancels, lost, 3},
		{"play", plays, http.StatusTooManyRequests, 3}, {"play", plays, http.StatusBadGateway, 1}, {"play", plays, lost, 1},
		{"create", creates, http.StatusTooManyRequests, 3}, {"create", creates, http.StatusBadGateway, 1}, {"create", creates, lost, 1},
	}
	for _, tc := range cases {
		n := 0
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if n++; tc.status == lost {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(tc.status)
		})
		err := tc.do(t.Context(), c)
		var status *StatusError
		if err == nil || errors.As(err, &status) != (tc.status != lost) || status != nil && status.Status != tc.status {
			t.Errorf("%s, %d: error %v", tc.name, tc.status, err)
		}
		if n != tc.want {
			t.Errorf("%s, %d: %d requests, want %d", tc.name, tc.status, n, tc.want)
		}
	}
}

// TestPages: a list continues on the page that the server names, and ends.
func TestPages(t *testing.T) {
	pages := map[string]struct{ body, next string }{
		"1": {`[{"id": 1}, null, {"id": 2}]`, "3"},
		"3": {`[]`, "4"},
		"4": {`[{"id": 3, "downstream_pipeline": {"id": 9, "project_id": 8}}]`, ""},
	}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		page := pages[r.URL.Query().Get("page")]
		w.Header().Set("X-Next-Page", page.next)
		fmt.Fprint(w, page.body)
	})
	var ids []int64
	for j, err := range c.TriggerJobs(t.Context(), 7) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, j.ID)
		if p := j.DownstreamPipeline; (p != nil) != (j.ID == 3) || p != nil && (p.ID != 9 || p.ProjectID != 8) {
			t.Errorf("job %d started %+v", j.ID, p)
		}
	}
	if want := []int64{1, 2, 3}; !reflect.DeepEqual(ids, want) {
		t.Errorf("jobs %v, want %v", ids, want)
	}
	for _, err := range c.Jobs(t.Context(), 7) {
		if err != nil {
			t.Error(err)
		}
		break // must not panic
	}
}

func TestPagesWithoutEnd(t *testing.T) {
	n := 0
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.Header().Set("X-Next-Page", fmt.Sprint(n+1))
		fmt.Fprint(w, "[]")
	})
	var last error
	for _, err := range c.Jobs(t.Context(), 7) {
		last = err
	}
	if !errors.Is(last, ErrTooLong) || n != maxPages {
		t.Errorf("%v after %d pages", last, n)
	}
	c = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Next-Page", "1") // the same page again
		fmt.Fprint(w, `[{"id": 1}]`)
	})
	n = 0
	for _, err := range c.Jobs(t.Context(), 7) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d items of a list whose first page follows itself", n)
	}
}

// TestAnswers: an answer that is none of GitLab's is an error, a missing one is nil.
func TestAnswers(t *testing.T) {
	body := ""
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	body = "null"
	if p, err := c.Pipeline(t.Context(), 1); p != nil || err != nil {
		t.Errorf("null: %v, %v", p, err)
	}
	body = "<html>"
	var syntax *json.SyntaxError
	if _, err := c.Pipeline(t.Context(), 1); !errors.As(err, &syntax) {
		t.Errorf("HTML: %v", err)
	}
	for answer, want := range map[string][]string{
		`{"valid": true, "errors": []}`:            nil,
		`{"valid": true, "errors": ["a warning"]}`: nil,
		`{"valid": false, "errors": ["a", "b"]}`:   {"a", "b"},
	} {
		body = answer
		if got, err := c.Lint(t.Context(), "0", "b"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v", answer, got, err)
		}
	}
	body = `{"test_suites": [null, {"name": "job", "total_time": 1.5, "test_cases": [{"status": "failed", "name": "n", "classname": "c",
		"file": null, "execution_time": 0.5, "system_output": {"message": "m"}, "stack_trace": null}]}]}`
	suites, err := c.TestReport(t.Context(), 1)
	want := []*TestSuite{nil, {Name: "job", TotalTime: 1.5, TestCases: []*TestCase{
		{Status: "failed", Name: "n", Classname: "c", ExecutionTime: 0.5, SystemOutput: map[string]any{"message": "m"}}}}}
	if err != nil || !reflect.DeepEqual(suites, want) {
		t.Errorf("%+v, %v", suites, err)
	}
}

func TestStatusError(t *testing.T) {
	cases := []struct {
		status int
		body   string
		want   string
	}{
		{401, ``, "401 Unauthorized"},
		{403, `{"message": "403 Forbidden"}`, "403 Forbidden"},
		{404, `{"message": "404 Project Not Found"}`, "404 Not Found: Project Not Found"},
		{401, `{"error": "invalid_token", "error_description": "Token was revoked"}`, "401 Unauthorized: invalid_token; error_description: Token was revoked"},
		{400, `{"message": {"base": ["Reference not found", "No stages"]}}`, "400 Bad Request: base: Reference not found, No stages"},
		{400, `["a", 1, null]`, "400 Bad Request: a, 1, "},
		{400, `"text"`, "400 Bad Request: text"},
		{502, "<html>proxy</html>\n", "502 Bad Gateway: <html>proxy</html>"},
	}
	for _, tc := range cases {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			fmt.Fprint(w, tc.body)
		})
		_, err := c.Pipeline(t.Context(), 1)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%d %s: %v, want %q", tc.status, tc.body, err, tc.want)
		}
	}
}
