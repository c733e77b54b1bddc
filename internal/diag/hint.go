// SPDX-License-Identifier: GPL-2.0-or-later

package diag

import "errors"

// A HintError is an error with advice on what to do about it. The advice is
// no part of the error's text: it belongs on a line of its own.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return e.Err.Error() }

func (e *HintError) Unwrap() error { return e.Err }

// WithHint adds advice to err; err itself comes back when there is none.
func WithHint(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return &HintError{Err: err, Hint: hint}
}

// Hint is the advice that err has, "" for none.
func Hint(err error) string {
	if e, ok := errors.AsType[*HintError](err); ok {
		return e.Hint
	}
	return ""
}
