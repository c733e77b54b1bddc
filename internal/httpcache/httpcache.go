// SPDX-License-Identifier: GPL-2.0-or-later

// Package httpcache makes conditional requests for files in a cache.
package httpcache

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const maxRedirects = 5

type ClientOptions struct {
	ConnectTimeout time.Duration  // includes the TLS handshake
	IdleTimeout    time.Duration  // of unused connections
	PerHost        int            // connections to a host that stay open, 0 for the usual number
	RootCAs        *x509.CertPool // nil for the system's
	Verbatim       bool           // ask for no compression and undo none
}

// NewTransport returns a transport that uses the proxies of the environment.
func NewTransport(o ClientOptions) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: o.ConnectTimeout}).DialContext,
		TLSHandshakeTimeout:    o.ConnectTimeout,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		IdleConnTimeout:        o.IdleTimeout,
		MaxIdleConnsPerHost:    o.PerHost,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     o.Verbatim,
		ForceAttemptHTTP2:      true,
	}
}

// NewClient returns a client that follows a few redirects, and none from https to
// anything else.
func NewClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}

// checkRedirect also removes the Referer, which has the parameters of the URL
// before: they may be secret, for example private_token.
func checkRedirect(req *http.Request, via []*http.Request) error {
	req.Header.Del("Referer")
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirected to %s, which is not https", req.URL.Redacted())
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// Validators identify the cached version of a file, in the words of the server;
// "" for those that it did not send.
type Validators struct{ ETag, LastModified string }

// ValidatorsOf returns the validators of a response.
func ValidatorsOf(response *http.Response) Validators {
	return Validators{ETag: response.Header.Get("ETag"), LastModified: response.Header.Get("Last-Modified")}
}

// NewRequest asks for a file. The answer to it has status 304 if the known
// version is the latest; the zero value stands for none.
func NewRequest(ctx context.Context, address string, known Validators) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "lcitool")
	req.Header.Set("Accept", "*/*")
	if known.ETag != "" {
		req.Header.Set("If-None-Match", known.ETag)
	}
	if known.LastModified != "" {
		req.Header.Set("If-Modified-Since", known.LastModified)
	}
	return req, nil
}

// Copy copies a file of at most limit bytes. size is the announced size, if
// positive. alive, if not nil, is called after each read. If the context ends,
// its cause is the error.
func Copy(ctx context.Context, w io.Writer, r io.Reader, size, limit int64, alive func()) error {
	if size > limit {
		return fmt.Errorf("%d bytes are announced, more than the %d allowed", size, limit)
	}
	buf := make([]byte, 64<<10)
	var done int64
	for {
		n, err := r.Read(buf)
		if alive != nil && n > 0 {
			alive()
		}
		done += int64(n)
		if done > limit {
			return fmt.Errorf("more than the %d bytes allowed", limit)
		}
		if _, failed := w.Write(buf[:n]); failed != nil {
			return failed
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err != nil {
			return err
		}
	}
}
