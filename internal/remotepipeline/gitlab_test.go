// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// marker is the token of these tests, which must never appear in output.
const marker = "glpat-marker-5f2d9c"

// A gitLab answers as GitLab's documented API (v4), for one project. It uses the clock of
// the test's bubble.
type gitLab struct {
	pushed   string        // file that a push makes
	delay    time.Duration // between a push and its pipeline
	none     bool          // pushes make no pipeline
	ref      string        // of the pipeline, "" for the branch's
	commit   string
	branch   string
	status   string // of the pipeline, "" for what its jobs say
	jobs     []*fakeJob
	children map[int64][]*fakeJob // by the bridge's id
	foreign  bool                 // the child pipelines are of another project
	yaml     string               // errors in the file
	lint     string               // answer to a dry run
	perPage  int

	override http.HandlerFunc // asked first; answers nothing by leaving the header alone

	mu        sync.Mutex
	t         *testing.T
	begun     time.Time
	cancelled time.Time
	requests  []string
	created   string // body of a request for a pipeline
}

// A phase is the status of a job from a moment on.
type phase struct {
	at     time.Duration
	status string
}

type fakeJob struct {
	id      int64
	name    string
	stage   string
	phases  []phase // since the pipeline's beginning, or since it was played
	reason  string
	allow   bool
	log     string
	archive []byte
	expired bool
	junit   bool
	bridge  bool
	played  time.Time
	from    time.Duration // it is there from then on
	until   time.Duration // and no longer than this; 0 for always
}

func (g *gitLab) elapsed() time.Duration {
	if g.begun.IsZero() {
		return 0
	}
	return time.Since(g.begun)
}

func (g *gitLab) now(j *fakeJob) (status string, started bool) {
	since := g.elapsed()
	if j.phases[0].status == "manual" {
		if j.played.IsZero() {
			return "manual", false
		}
		since = time.Since(j.played) + j.phases[1].at
	}
	for _, p := range j.phases {
		if p.at <= since {
			status = p.status
			started = started || status == "running" || status == "failed" || status == "success"
		}
	}
	if !g.cancelled.IsZero() && (status == "running" || status == "pending" || status == "created") {
		status = "canceled"
	}
	return status, started
}

func (g *gitLab) pipelineStatus(jobs []*fakeJob) string {
	if g.status != "" {
		return g.status
	}
	result, manual := "success", false
	for _, j := range g.present(jobs) {
		switch status, _ := g.now(j); {
		case status == "failed" && !j.allow:
			result = "failed"
		case status == "canceled":
			result = "canceled"
		case status == "manual" && !j.allow:
			manual = true
		case status == "created" || status == "pending" || status == "running":
			return "running"
		}
	}
	if manual && result == "success" {
		return "manual"
	}
	return result
}

func (g *gitLab) present(jobs []*fakeJob) []*fakeJob {
	var there []*fakeJob
	for _, j := range jobs {
		if e := g.elapsed(); j.from <= e && (j.until == 0 || e < j.until) {
			there = append(there, j)
		}
	}
	return there
}

const pipelineID = 4711

func (g *gitLab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests = append(g.requests, r.Method+" "+r.URL.Path)
	if g.override != nil {
		answered := &recorder{ResponseWriter: w}
		g.override(answered, r)
		if answered.used {
			return
		}
	}
	if r.Header.Get(personalToken) != marker {
		answer(w, http.StatusUnauthorized, map[string]any{"message": "401 Unauthorized"})
		return
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v4/projects/group%2Fname/")
	if !ok {
		answer(w, http.StatusNotFound, map[string]any{"message": "404 Project Not Found"})
		return
	}
	g.serve(w, r, strings.Split(path, "/"))
}

func (g *gitLab) serve(w http.ResponseWriter, r *http.Request, path []string) {
	id := int64(0)
	if len(path) > 1 {
		id, _ = strconv.ParseInt(path[1], 10, 64)
	}
	switch route := r.Method + " " + path[0] + " " + strings.Join(path[min(2, len(path)):], " "); route {
	case "GET pipelines ":
		if len(path) == 1 {
			g.page(w, r, g.pipelines(r.URL.Query().Get("sha")))
			return
		}
		answer(w, http.StatusOK, g.pipeline(id))
	case "POST pipeline ":
		data := new(bytes.Buffer)
		_, _ = data.ReadFrom(r.Body)
		g.created, g.begun = data.String(), time.Now()
		answer(w, http.StatusCreated, g.pipeline(pipelineID))
	case "GET ci ", "GET ci lint":
		_, _ = w.Write([]byte(g.lint))
	case "GET pipelines jobs", "GET pipelines bridges":
		g.page(w, r, g.listed(id, path[2] == "bridges"))
	case "POST pipelines cancel":
		g.cancelled = time.Now()
		answer(w, http.StatusOK, g.pipeline(id))
	case "GET pipelines test_report":
		answer(w, http.StatusOK, map[string]any{"test_suites": []any{map[string]any{"name": "unit", "total_count": 2, "test_cases": []any{
			map[string]any{"status": "success", "name": "adds", "classname": "sums", "execution_time": 0.5},
			map[string]any{"status": "failed", "name": "divides", "classname": "sums", "stack_trace": "1/0 <&>"},
		}}}})
	case "GET jobs trace", "GET jobs artifacts", "POST jobs play":
		g.job(w, id, path[2])
	default:
		answer(w, http.StatusNotFound, map[string]any{"message": "404 Not Found"})
	}
}

// pipelines returns the one pipeline once it exists.
func (g *gitLab) pipelines(sha string) []any {
	if _, err := os.Stat(g.pushed); err == nil && g.begun.IsZero() && !g.none {
		g.begun = time.Now().Add(g.delay)
	}
	if g.begun.IsZero() || time.Now().Before(g.begun) || sha != g.commit {
		return []any{}
	}
	return []any{g.pipeline(pipelineID)}
}

func (g *gitLab) pipeline(id int64) map[string]any {
	ref := g.ref
	if ref == "" {
		ref = g.branch
	}
	jobs := g.jobs
	if id != pipelineID {
		jobs = g.children[id]
	}
	return map[string]any{
		"id": id, "project_id": 1, "sha": g.commit, "ref": ref, "status": g.pipelineStatus(jobs), "source": "push",
		"yaml_errors": g.yaml, "web_url": fmt.Sprintf("%s/group/name/-/pipelines/%d", address, id),
	}
}

func (g *gitLab) listed(id int64, bridges bool) []any {
	jobs := g.jobs
	if id != pipelineID {
		jobs = g.children[id]
	}
	all := []any{}
	for _, j := range g.present(jobs) {
		if j.bridge != bridges {
			continue
		}
		status, started := g.now(j)
		row := map[string]any{
			"id": j.id, "name": j.name, "stage": j.stage, "status": status, "allow_failure": j.allow, "duration": 1.5,
			"web_url": fmt.Sprintf("%s/group/name/-/jobs/%d", address, j.id), "artifacts": []any{},
		}
		if started {
			row["started_at"] = g.begun.Format(time.RFC3339)
		}
		if status == "failed" {
			row["failure_reason"] = j.reason
		}
		if j.archive != nil && (status == "success" || status == "failed") {
			row["artifacts_file"] = map[string]any{"filename": "artifacts.zip", "size": len(j.archive)}
		}
		if j.expired {
			row["artifacts_expire_at"] = g.begun.Add(-time.Hour).Format(time.RFC3339)
		}
		if j.junit {
			row["artifacts"] = []any{map[string]any{"file_type": "junit", "filename": "junit.xml.gz", "size": 1}}
		}
		if bridges {
			project := 1
			if g.foreign {
				project = 2
			}
			row["downstream_pipeline"] = map[string]any{
				"id": j.id, "project_id": project, "sha": g.commit, "ref": g.branch, "status": g.pipelineStatus(g.children[j.id]),
				"web_url": fmt.Sprintf("%s/other/-/pipelines/%d", address, j.id),
			}
		}
		all = append(all, row)
	}
	return all
}

func (g *gitLab) job(w http.ResponseWriter, id int64, what string) {
	for _, j := range g.all() {
		if j.id != id {
			continue
		}
		switch {
		case what == "trace":
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(j.log))
		case what == "artifacts" && j.archive != nil && !j.expired:
			_, _ = w.Write(j.archive)
		case what == "play" && j.phases[0].status == "manual" && j.played.IsZero():
			j.played = time.Now()
			answer(w, http.StatusOK, map[string]any{"id": id, "status": "pending"})
		case what == "play":
			answer(w, http.StatusBadRequest, map[string]any{"message": "400 Bad request - Unplayable Job"})
		default:
			answer(w, http.StatusNotFound, map[string]any{"message": "404 Not Found"})
		}
		return
	}
	answer(w, http.StatusNotFound, map[string]any{"message": "404 Not Found"})
}

func (g *gitLab) all() []*fakeJob {
	jobs := append([]*fakeJob{}, g.jobs...)
	for _, c := range g.children {
		jobs = append(jobs, c...)
	}
	return jobs
}

func (g *gitLab) page(w http.ResponseWriter, r *http.Request, all []any) {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	if g.perPage > 0 {
		size = g.perPage
	}
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	number = max(number, 1)
	from, to := min((number-1)*size, len(all)), min(number*size, len(all))
	w.Header().Set("X-Per-Page", strconv.Itoa(size))
	w.Header().Set("X-Page", strconv.Itoa(number))
	w.Header().Set("X-Total", strconv.Itoa(len(all)))
	w.Header().Set("X-Next-Page", "")
	if to < len(all) {
		w.Header().Set("X-Next-Page", strconv.Itoa(number+1))
	}
	answer(w, http.StatusOK, all[from:to])
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// A recorder knows whether a response was written.
type recorder struct {
	http.ResponseWriter
	used bool
}

func (r *recorder) WriteHeader(status int) { r.used = true; r.ResponseWriter.WriteHeader(status) }

func (r *recorder) Write(p []byte) (int, error) { r.used = true; return r.ResponseWriter.Write(p) }

const address = "http://127.0.0.1:8080"

// serveInMemory serves over pipes instead of a network, which synctest's bubble needs, and
// returns the transport.
func serveInMemory(t *testing.T, h http.Handler) http.RoundTripper {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case l.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-served
	})
	return transport
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

type entry struct {
	name string
	mode fs.FileMode
	text string
}

func zipped(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode)
		to, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
