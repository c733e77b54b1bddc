// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/httpcache"
)

// newClient returns the client for all requests.
func newClient(o Options) *http.Client {
	return httpcache.NewClient(httpcache.NewTransport(httpcache.ClientOptions{
		ConnectTimeout: o.ConnectTimeout, IdleTimeout: 10 * time.Second, RootCAs: o.RootCAs,
	}))
}

// get fetches a file. kept is the cached record, which is returned if the server
// says that the file is unchanged.
func (s *Source) get(ctx context.Context, ref Reference, kept record) (record, error) {
	failed := func(err error) (record, error) {
		if err := context.Cause(ctx); err != nil {
			return record{}, fmt.Errorf("cannot fetch %s: %w", ref.Location(), err)
		}
		return record{}, fmt.Errorf("cannot fetch %s: %w", ref.Location(), diag.Cause(err))
	}
	ctx, all := context.WithDeadlineCause(ctx, s.end(), &tooSlowError{s.opts.Total})
	defer all()
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout, &tooSlowError{s.opts.Timeout})
	defer cancel()
	var known httpcache.Validators
	if kept.data != nil {
		known = httpcache.Validators{ETag: kept.ETag, LastModified: kept.LastModified}
	}
	req, err := httpcache.NewRequest(ctx, ref.url.String(), known)
	if err != nil {
		return failed(err)
	}
	s.opts.Log.Debug("project file asked for", "url", ref.Location())
	resp, err := s.http.Do(req)
	if err != nil {
		return failed(err)
	}
	defer resp.Body.Close()
	s.opts.Log.Debug("project file answered", "url", ref.Location(), "status", resp.StatusCode)
	sent := httpcache.ValidatorsOf(resp)
	got := record{URL: ref.Location(), ETag: sent.ETag, LastModified: sent.LastModified, Fetched: time.Now().UTC()}
	switch {
	case resp.StatusCode == http.StatusNotModified && kept.data != nil:
		got.data = kept.data
		return got, nil
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return record{}, &StatusError{URL: ref.Location(), Code: resp.StatusCode}
	}
	got.data, err = readLimited(resp.Body, s.opts.MaxSize)
	if err == nil {
		err = ctx.Err() // if both time out at once, the response can look complete
	}
	if err != nil {
		return failed(err)
	}
	return got, nil
}

// end returns the time at which all requests end, however many hosts do not
// respond.
func (s *Source) end() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deadline.IsZero() {
		s.deadline = time.Now().Add(s.opts.Total)
	}
	return s.deadline
}

// readLimited reads at most limit bytes from r and fails if there are more.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &tooLargeError{limit}
	}
	return data, nil
}

type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	if e.limit%1024 != 0 {
		return fmt.Sprintf("larger than %d bytes", e.limit)
	}
	return fmt.Sprintf("larger than %d KiB", e.limit/1024)
}

type tooSlowError struct{ limit time.Duration }

func (e *tooSlowError) Error() string { return fmt.Sprintf("no whole answer within %v", e.limit) }

// away reports whether an error of get means that the server was not reached. It
// is false for an invalid response, and for a certificate error, because another
// server may have responded.
func away(err error) bool {
	var (
		alert   tls.AlertError
		header  tls.RecordHeaderError
		cert    *tls.CertificateVerificationError
		slow    *tooSlowError
		network net.Error
	)
	switch {
	case errors.As(err, &alert), errors.As(err, &header), errors.As(err, &cert):
		return false
	case errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &slow), errors.As(err, &network):
		return true
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
