// SPDX-License-Identifier: GPL-2.0-or-later

package httpcache

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestRedirects(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") }))
	defer plain.Close()
	var secure *httptest.Server
	secure = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/down": plain.URL, "/loop": "/loop", "/once": "/file", "/up": secure.URL + "/file"}[r.URL.Path]
		if to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	}))
	defer secure.Close()
	up := httptest.NewServer(http.RedirectHandler(secure.URL+"/down", http.StatusFound))
	defer up.Close()
	client := NewClient(secure.Client().Transport)
	for address, want := range map[string]string{
		secure.URL + "/file": "", secure.URL + "/once": "", plain.URL: "",
		secure.URL + "/down": "redirected to " + plain.URL + ", which is not https",
		up.URL:               "redirected to " + plain.URL + ", which is not https",
		secure.URL + "/loop": "more than 5 redirects",
	} {
		req, err := NewRequest(t.Context(), address, Validators{})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// TestSecretParametersStay: the parameters of a URL, such as private_token, do
// not reach the server that another one redirects to.
func TestSecretParametersStay(t *testing.T) {
	var sent []string
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Referer()+r.URL.String()+r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	first := httptest.NewTLSServer(http.RedirectHandler(elsewhere.URL+"/file", http.StatusFound))
	defer first.Close()
	req, err := NewRequest(t.Context(), strings.Replace(first.URL, "://", "://me:secret@", 1)+"/x?private_token=secret", Validators{})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := NewClient(first.Client().Transport).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(sent) != 1 || strings.Contains(sent[0], "secret") {
		t.Errorf("the other server was sent %q", sent)
	}
}

func TestValidators(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") == "x" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if _, asked := r.Header["If-None-Match"]; asked {
			t.Error("a validator that is not known is sent")
		}
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "x")
	}))
	defer server.Close()
	known := Validators{}
	for _, want := range []int{http.StatusOK, http.StatusNotModified} {
		req, err := NewRequest(t.Context(), server.URL, known)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("known %v: status %d, want %d", known, resp.StatusCode, want)
		}
		known = ValidatorsOf(resp)
	}
}

func TestCopy(t *testing.T) {
	stopped, stop := context.WithCancelCause(t.Context())
	cause := errors.New("silent")
	stop(cause)
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		ctx  context.Context
		from io.Reader
		size int64
		want string
	}{
		{"whole", t.Context(), strings.NewReader("12345"), -1, ""},
		{"in pieces", t.Context(), iotest.OneByteReader(strings.NewReader("12345")), 5, ""},
		{"too much", t.Context(), strings.NewReader("123456"), -1, "more than the 5 bytes allowed"},
		{"too much is announced", t.Context(), strings.NewReader("1"), 6, "6 bytes are announced, more than the 5 allowed"},
		{"cut off", t.Context(), io.MultiReader(strings.NewReader("1"), iotest.ErrReader(io.ErrUnexpectedEOF)), -1, io.ErrUnexpectedEOF.Error()},
		{"broken", t.Context(), iotest.ErrReader(broken), -1, "broken"},
		{"stopped", stopped, iotest.ErrReader(broken), -1, "silent"},
	} {
		var out strings.Builder
		alive := 0
		err := Copy(c.ctx, &out, c.from, c.size, 5, func() { alive++ })
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || c.want == "" && (out.String() != "12345" || alive == 0) {
			t.Errorf("%s: %q (%d pieces, error %q), want %q", c.name, out.String(), alive, got, c.want)
		}
	}
}

func TestRetry(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	loop := httptest.NewServer(http.RedirectHandler("/", http.StatusFound))
	defer loop.Close()
	for address, want := range map[string]bool{
		untrusted.URL: false, "gopher://example.org": false, loop.URL: false, gone.URL: true,
	} {
		req, err := NewRequest(t.Context(), address, Validators{})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := NewClient(&http.Transport{}).Do(req)
		if err == nil {
			_ = resp.Body.Close()
			t.Fatalf("%s answers", address)
		}
		if got := Retry(nil, err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
	for code, want := range map[int]bool{200: false, 404: false, 429: true, 500: true, 501: false, 503: true, 0: true} {
		if got := Retry(&http.Response{StatusCode: code}, nil); got != want {
			t.Errorf("status %d: %v, want %v", code, got, want)
		}
	}
}

func TestPause(t *testing.T) {
	answer := func(code int, after string) *http.Response {
		return &http.Response{StatusCode: code, Header: http.Header{"Retry-After": {after}}}
	}
	for _, c := range []struct {
		attempt  int
		response *http.Response
		want     time.Duration
	}{
		{0, nil, time.Second}, {1, nil, 2 * time.Second}, {3, nil, 8 * time.Second}, {4, nil, 10 * time.Second}, {5000, nil, 10 * time.Second},
		{0, answer(429, "45"), 45 * time.Second}, {0, answer(503, "0"), 0}, {0, answer(429, "-1"), time.Second},
		{0, answer(500, "45"), time.Second}, {0, answer(429, "soon"), time.Second}, {0, answer(429, "Fri, 31 Dec 1999 23:59:59 GMT"), 0},
	} {
		if got := Pause(time.Second, 10*time.Second, c.attempt, c.response); got != c.want {
			t.Errorf("attempt %d, %+v: %v, want %v", c.attempt, c.response, got, c.want)
		}
	}
	if got, ok := retryAfter("99999999999999999", time.Now()); !ok || got <= 0 {
		t.Errorf("a long time: %v, %v", got, ok)
	}
}
