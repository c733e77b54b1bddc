// SPDX-License-Identifier: GPL-2.0-or-later

package httpcache

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Retry reports whether an idempotent request should be repeated: the server is
// overloaded, broken or unreachable. response is nil with an error.
func Retry(response *http.Response, err error) bool {
	if err != nil {
		return !final(err)
	}
	code := response.StatusCode
	return code == http.StatusTooManyRequests || code == 0 || code >= 500 && code != http.StatusNotImplemented
}

// final reports whether an error is permanent: the URL is wrong, or the
// server's certificate is.
func final(err error) bool {
	var (
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		request   *url.Error
	)
	if errors.As(err, &cert) || errors.As(err, &authority) {
		return true
	}
	if !errors.As(err, &request) {
		return false
	}
	text := request.Err.Error() // net/http has no types for these
	return strings.Contains(text, "unsupported protocol scheme") || strings.Contains(text, "invalid header") || strings.HasSuffix(text, " redirects")
}

// Pause is how long to wait before a request is made again: what the server asks
// for, else low, doubled after each attempt, high at most. The first attempt
// is 0.
func Pause(low, high time.Duration, attempt int, response *http.Response) time.Duration {
	if response != nil && (response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable) {
		if pause, ok := retryAfter(response.Header.Get("Retry-After"), time.Now()); ok {
			return pause
		}
	}
	pause := float64(low) * math.Pow(2, float64(attempt))
	if pause > float64(high) {
		return high
	}
	return time.Duration(pause)
}

// retryAfter reads seconds or a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second, seconds >= 0
	}
	date, err := http.ParseTime(value)
	return max(0, date.Sub(now)), err == nil
}
