// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

// from makes the server answer like this for a time after its pipeline began; until 0 means
// always.
func from(w *world, after, until time.Duration, do http.HandlerFunc) {
	w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
		e := w.gitLab.elapsed()
		if !w.gitLab.begun.IsZero() && e >= after && (until == 0 || e < until) {
			do(rw, r)
		}
	}
}

func status500(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusInternalServerError, map[string]any{"message": "500 for " + r.Header.Get(personalToken)})
}

func goesAway(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestServerIsAwayForAWhile(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"status 500":      status500,
		"status 502":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"lost connection": goesAway,
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"id": 4711, `))
		},
		"slow down": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			answer(w, http.StatusTooManyRequests, map[string]any{"message": "429 Too Many Requests"})
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	for name, do := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"))
			from(w, 65*time.Second, 200*time.Second, do)
			result, err := w.run(t)
			if err != nil || states(result) != "a passed" || result.Jobs[0].Log == "" {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

func TestServerIsAwayForGood(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	from(w, 65*time.Second, 0, status500)
	var took time.Duration
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		result, err := w.inBubble(t, context.Background())
		took = time.Since(begun)
		w.keepsSecret(t, result, err)
		if err == nil || !strings.Contains(err.Error(), "500 Internal Server Error") || !strings.Contains(err.Error(), "the pipeline goes on: "+address) {
			t.Errorf("error %v", err)
		}
		if got := states(result); got != "a engine error" || result.OK() {
			t.Errorf("got %s", got)
		}
	})
	if took < 5*time.Minute || took > 15*time.Minute {
		t.Errorf("took %s", took)
	}
	if !strings.Contains(w.linesOf(""), "trying on for 5m0s") {
		t.Errorf("said %q", w.linesOf(""))
	}
}

func TestRetryAfter(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	var asked []time.Duration
	from(w, 10*time.Second, 100*time.Second, func(rw http.ResponseWriter, _ *http.Request) {
		asked = append(asked, w.gitLab.elapsed())
		rw.Header().Set("Retry-After", "45")
		answer(rw, http.StatusTooManyRequests, map[string]any{"message": "429 Too Many Requests"})
	})
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 2 || asked[1]-asked[0] < 45*time.Second {
		t.Errorf("asked at %v", asked)
	}
}

// The interval between requests grows while nothing changes.
func TestPollingAdapts(t *testing.T) {
	w := newWorld(t, &fakeJob{id: 1, name: "a", phases: []phase{{0, "pending"}, {time.Hour, "success"}}})
	if _, err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if n := len(w.gitLab.requests); n < 3*300 || n > 3*400 {
		t.Errorf("%d requests in an hour", n)
	}
}

func TestRefusals(t *testing.T) {
	cases := []struct {
		name string
		do   http.HandlerFunc
		want []string
	}{
		{"bad token", func(w http.ResponseWriter, r *http.Request) {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token", "error_description": "no " + r.Header.Get(personalToken)})
		}, []string{"401 Unauthorized", "GITLAB_TOKEN is not valid", "nothing is pushed", redact.Hidden}},
		{"missing rights", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusForbidden, map[string]any{"message": "403 Forbidden"})
		}, []string{"403 Forbidden", `needs the scope "api"`, "nothing is pushed"}},
		{"no project", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusNotFound, map[string]any{"message": "404 Project Not Found"})
		}, []string{"404 Not Found", "either there is no " + address + "/group/name"}},
		{"not GitLab", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "<html>%s</html>", r.Header.Get(personalToken))
		}, []string{"none of GitLab's API"}},
		{"steering", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusForbidden, map[string]any{"message": "\x1b[2Jno\x07" + strings.Repeat("x", 10000)})
		}, []string{": no", "…"}},
		{"an endless answer", func(w http.ResponseWriter, _ *http.Request) {
			for range maxAnswer>>20 + 2 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, []string{"cannot look for pipelines"}},
		{"many small values", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "[%s{}]", strings.Repeat("{},", maxValues))
		}, []string{"cannot look for pipelines", "larger than allowed"}},
		{"sent on elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example.org/api", http.StatusFound)
		}, []string{"sends us on to elsewhere.example.org"}},
		{"sent on in the clear", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example.org/api", http.StatusFound)
		}, []string{"plain http at elsewhere.example.org"}},
		{"sent round in circles", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
		}, []string{"more than 5 redirects"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"))
			w.gitLab.override = c.do
			_, err := w.run(t)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
			if err != nil && (len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x1b\x07")) {
				t.Errorf("error of %d bytes: %q", len(err.Error()), err)
			}
			if got := git(t, w.bare, "branch", "--list"); got != "" {
				t.Errorf("pushed %s", got)
			}
		})
	}
}

// An error for one job is noted in its result, and the others continue.
func TestFilesThatCannotBeHad(t *testing.T) {
	archive := zipped(t, entry{"file", 0o644, "x"})
	cases := []struct {
		name, path string
		do         http.HandlerFunc
		want       string
	}{
		{"no log", "/trace", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "no log: "},
		{"no right to artifacts", "/artifacts", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "403 Forbidden"},
		{"no archive", "/artifacts", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "cannot read the archive"},
		{"a damaged archive", "/artifacts", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive[:len(archive)/2]) }, "cannot read the archive"},
		{"artifacts in the clear", "/artifacts", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://storage.example.org/a.zip?signature=secret", http.StatusFound)
		}, "plain http at storage.example.org"},
		{"artifacts lost in the middle", "/artifacts", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("PK"))
		}, "unexpected EOF"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"))
			w.gitLab.jobs[0].archive = archive
			w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, c.path) {
					c.do(rw, r)
				}
			}
			result, err := w.run(t)
			if err != nil || states(result) != "a passed" {
				t.Fatalf("got %+v, %v", result, err)
			}
			notes := strings.Join(result.Jobs[0].Notes, "\n")
			if !strings.Contains(notes, c.want) || strings.Contains(notes, "signature") {
				t.Errorf("notes %q, want %q", notes, c.want)
			}
		})
	}
}

func TestInterruptCancelsThePipeline(t *testing.T) {
	interrupt := errors.New("interrupt")
	cases := []struct {
		name      string
		after     time.Duration
		change    func(*world)
		cancelled bool
		want      string
	}{
		{name: "at work", after: 80 * time.Second, cancelled: true, want: "pipeline 4711 is cancelled"},
		{name: "before it is seen", after: time.Second, cancelled: true, want: "pipeline 4711 is cancelled",
			change: func(w *world) { w.gitLab.delay = time.Second }},
		{name: "before it is there", after: time.Second, want: "GitLab may still make a pipeline",
			change: func(w *world) { w.gitLab.delay = time.Minute }},
		{name: "that is not ours", after: 80 * time.Second, want: "pipeline 4711 goes on",
			change: func(w *world) { w.options.NoPush = true }},
		{name: "without rights", after: 80 * time.Second, want: "cannot cancel pipeline 4711: 403 Forbidden",
			change: func(w *world) {
				w.gitLab.override = func(rw http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/cancel") {
						answer(rw, http.StatusForbidden, map[string]any{"message": "403 Forbidden"})
					}
				}
			}},
		{name: "while the server is away", after: 80 * time.Second, want: "cannot cancel pipeline 4711",
			change: func(w *world) { from(w, 70*time.Second, 0, goesAway) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, ends(1, "a", "running"))
			if c.change != nil {
				c.change(w)
			}
			if w.options.NoPush {
				git(t, w.options.Directory, "push", "-q", "origin", "topic")
			}
			var err error
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(context.Background())
				stop := time.AfterFunc(c.after, func() { cancel(interrupt) })
				defer stop.Stop()
				begun := time.Now()
				var result *Result
				result, err = w.inBubble(t, ctx)
				if took := time.Since(begun); took > c.after+cancelTimeout+time.Second {
					t.Errorf("took %s", took)
				}
				if result != nil && (states(result) != "a stopped" || result.OK()) {
					t.Errorf("got %s", states(result))
				}
				w.keepsSecret(t, result, err)
			})
			if !errors.Is(err, interrupt) || w.gitLab.cancelled.IsZero() == c.cancelled || !strings.Contains(w.linesOf(""), c.want) {
				t.Errorf("error %v, cancelled %v, said %q", err, w.gitLab.cancelled, w.linesOf(""))
			}
		})
	}
}

func TestTimeoutCancelsThePipeline(t *testing.T) {
	w := newWorld(t, ends(1, "a", "running"))
	w.options.Timeout = 10 * time.Minute
	result, err := w.run(t)
	if !errors.Is(err, ErrTimeout) || w.gitLab.cancelled.IsZero() || result.Status != "canceled" {
		t.Errorf("got %+v, %v", result, err)
	}
}
