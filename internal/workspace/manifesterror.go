// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"errors"

	"gitlab.com/lcitool/lcitool/manifests"
)

// A ManifestError is an error about a manifest.
type ManifestError struct {
	Err        error
	NotWriting bool // it is about a check or a first manifest
}

func (e *ManifestError) Error() string { return e.Err.Error() }

func (e *ManifestError) Unwrap() error { return e.Err }

// Prefix returns the text that the original lcitool prints before the error.
func (e *ManifestError) Prefix() string {
	if e.NotWriting || errors.Is(e.Err, manifests.ErrUnfinished) {
		return "Manifest error: "
	}
	return "Manifest error: Failed to generate configuration: "
}

// ManifestErrors wraps all errors that err joins in ManifestErrors.
func ManifestErrors(err error, notWriting bool) error {
	if err == nil {
		return nil
	}
	var errs []error
	for _, e := range Separate(err) {
		errs = append(errs, &ManifestError{e, notWriting})
	}
	return errors.Join(errs...)
}
