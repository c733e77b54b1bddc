// SPDX-License-Identifier: GPL-2.0-or-later

package workspace

import (
	"errors"

	"gitlab.com/lcitool/lcitool/manifests"
)

// A ManifestError is anything that goes wrong with a manifest.
type ManifestError struct {
	Err        error
	NotWriting bool // it is about a check or a first manifest
}

func (e *ManifestError) Error() string { return e.Err.Error() }

func (e *ManifestError) Unwrap() error { return e.Err }

// Prefix is what the original has before the error.
func (e *ManifestError) Prefix() string {
	if e.NotWriting || errors.Is(e.Err, manifests.ErrUnfinished) {
		return "Manifest error: "
	}
	return "Manifest error: Failed to generate configuration: "
}

// ManifestErrors marks all errors that err joins as ones about a manifest.
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
