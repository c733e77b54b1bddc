// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
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
	first := func(jobs iter.Seq2[*Job, error]) (err error) {
		for _, err = range jobs {
			break
		}
		return err
	}
	cases := []struct {
		do   func(context.Context, *Client) error
		want string
	}{
		{func(ctx context.Context, c *Client) error { return ignore(c.Pipelines(ctx, "0123")) }, "GET " + project + "/pipelines?per_page=100&sha=0123"},
		{func(ctx context.Context, c *Client) error { return ignore(c.Pipeline(ctx, 5)) }, "GET " + project + "/pipelines/5"},
		{func(ctx context.Context, c *Client) error { return first(c.Jobs(ctx, 5)) }, "GET " + project + "/pipelines/5/jobs?page=1&per_page=100"},
		{func(ctx context.Context, c *Client) error { return first(c.TriggerJobs(ctx, 5)) }, "GET " + project + "/pipelines/5/bridges?page=1&per_page=100"},
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
			if accept, agent := r.Header.Get("Accept"), r.Header.Get("User-Agent"); accept != "application/json" || agent != "lcitool" {
				t.Errorf("%s: Accept %q, User-Agent %q", got, accept, agent)
			}
			if slices.Contains([]string{"pipelines", "jobs", "bridges"}, path.Base(r.URL.Path)) {
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
		{"read", reads, http.StatusBadGateway, 3}, {"read", reads, http.StatusTooManyRequests, 3}, {"read", reads, lost, 3}, {"read", reads, http.StatusNotFound, 1}, {"read", reads, http.StatusMultipleChoices, 1},
		{"cancel", cancels, http.StatusBadGateway, 3}, {"cancel", cancels, lost, 3},
		{"play", plays, http.StatusTooManyRequests, 3}, {"play", plays, http.StatusBadGateway, 1}, {"play", plays, lost, 1},
		{"create", creates, http.StatusTooManyRequests, 3}, {"create", creates, http.StatusBadGateway, 1}, {"create", creates, lost, 1},
	}
	for _, tc := range cases {
		var requests atomic.Int32
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if requests.Add(1); tc.status == lost {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(tc.status)
		})
		pauses := 0
		c.PauseMin, c.PauseMax = time.Hour, 2*time.Hour
		c.Pause = func(low, high time.Duration, _ int, _ *http.Response) time.Duration {
			if pauses++; low != time.Hour || high != 2*time.Hour {
				t.Errorf("a pause from %s to %s", low, high)
			}
			return 0
		}
		err := tc.do(t.Context(), c)
		var status *StatusError
		if err == nil || errors.As(err, &status) != (tc.status != lost) || status != nil && status.Status != tc.status {
			t.Errorf("%s, %d: error %v", tc.name, tc.status, err)
		}
		if n := int(requests.Load()); n != tc.want || pauses != n-1 {
			t.Errorf("%s, %d: %d requests and %d pauses, want %d requests", tc.name, tc.status, n, pauses, tc.want)
		}
	}
}

// TestConnectionIsUsedAgain: what follows an answer is read.
func TestConnectionIsUsedAgain(t *testing.T) {
	remotes := map[string]bool{}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		remotes[r.RemoteAddr] = true
		fmt.Fprint(w, "{}"+strings.Repeat(" ", 1<<20))
	})
	for range 3 {
		if _, err := c.Pipeline(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if len(remotes) != 1 {
		t.Errorf("%d connections, want 1", len(remotes))
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

// TestAttributes has jobs and a pipeline as in GitLab's documentation.
func TestAttributes(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/jobs") {
			fmt.Fprint(w, `[{"id": 8, "name": "n", "stage": "test", "status": "failed", "failure_reason": "script_failure", "allow_failure": true,
				"started_at": "2015-12-24T17:54:27.722Z", "duration": 0.465, "web_url": "https://host.example/8", "tag_list": ["a"],
				"artifacts_file": {"filename": "artifacts.zip", "size": 1000}, "artifacts": [{"file_type": "junit", "size": 1, "file_format": "gzip"}],
				"artifacts_expire_at": "2016-01-23T17:54:27Z", "pipeline": {"id": 6}, "runner": null}]`)
			return
		}
		fmt.Fprint(w, `{"id": 46, "iid": 11, "project_id": 1, "status": "success", "ref": "main", "sha": "a91957", "web_url": "https://host.example/46",
			"yaml_errors": "wrong", "user": {"id": 1}}`)
	})
	started, expires := time.Date(2015, 12, 24, 17, 54, 27, 722e6, time.UTC), time.Date(2016, 1, 23, 17, 54, 27, 0, time.UTC)
	want := Job{
		ID: 8, Name: "n", Stage: "test", Status: "failed", FailureReason: "script_failure", AllowFailure: true, StartedAt: &started, Duration: 0.465,
		WebURL: "https://host.example/8", ArtifactsExpireAt: &expires,
	}
	want.ArtifactsFile.Filename = "artifacts.zip"
	want.Artifacts = append(want.Artifacts, struct {
		FileType string `json:"file_type"`
	}{"junit"})
	for j, err := range c.Jobs(t.Context(), 6) {
		if err != nil || !reflect.DeepEqual(*j, want) {
			t.Errorf("job %+v, %v, want %+v", j, err, want)
		}
	}
	p, err := c.Pipeline(t.Context(), 46)
	if want := (Pipeline{46, 1, "success", "main", "a91957", "https://host.example/46", "wrong"}); err != nil || *p != want {
		t.Errorf("pipeline %+v, %v, want %+v", p, err, want)
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

// TestStatusErrorOfCutAnswer: the status is known although the message is not.
func TestStatusErrorOfCutAnswer(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, "cut")
	})
	err := c.PlayJob(t.Context(), 1)
	var status *StatusError
	if !errors.As(err, &status) || status.Status != http.StatusConflict || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// TestLongStatusError: only the beginning of a long message is read.
func TestLongStatusError(t *testing.T) {
	for _, body := range []string{
		strings.Repeat("x", maxMessage+1),
		strings.Repeat(`{"a":`, 9000) + `"` + strings.Repeat("x", 15<<20) + `"` + strings.Repeat("}", 9000),
	} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, body)
		})
		_, err := c.Pipeline(t.Context(), 1)
		var status *StatusError
		if !errors.As(err, &status) || status.Message != body[:maxMessage] {
			t.Errorf("%.20q of %d bytes: a message of %d", body, len(body), len(fmt.Sprint(err)))
		}
	}
}
