// SPDX-License-Identifier: GPL-2.0-or-later

package diag

import "errors"

// A HintError is an error with a hint. The hint is not part of the error's text,
// because it is printed on its own line.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return e.Err.Error() }

func (e *HintError) Unwrap() error { return e.Err }

// WithHint adds a hint to err. It returns err itself if hint is "".
func WithHint(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return &HintError{Err: err, Hint: hint}
}

// Hint returns the hint of err, or "".
func Hint(err error) string {
	if e, ok := errors.AsType[*HintError](err); ok {
		return e.Hint
	}
	return ""
}
