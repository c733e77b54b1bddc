// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"
	"time"
)

// The cached copy is used only if the server was not reached: one with a wrong certificate
// may be an attacker.
func TestAway(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true},
		{&net.DNSError{Err: "no such host"}, true},
		{&tooSlowError{time.Second}, true},
		{io.ErrUnexpectedEOF, true},
		{io.EOF, true},
		{context.Canceled, false},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false},
		{&url.Error{Op: "Get", Err: &tls.CertificateVerificationError{Err: x509.HostnameError{}}}, false},
		{tls.AlertError(40), false},
		{tls.RecordHeaderError{Msg: "not TLS"}, false},
		{errors.New("anything else"), false},
		{&tooLargeError{1}, false},
	} {
		for _, err := range []error{c.err, fmt.Errorf("x: %w", c.err)} {
			if got := away(err); got != c.want {
				t.Errorf("%v: %v, want %v", err, got, c.want)
			}
		}
	}
}
