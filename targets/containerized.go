// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"slices"
)

// Containerized keeps the targets that a Dockerfile can be written for. The
// error joins those of the targets that cannot be read.
func Containerized(catalogue *Catalogue, names []string) ([]string, error) {
	var kept []string
	var errs []error
	for _, name := range names {
		release, err := catalogue.Release(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if slices.Contains([]string{"apk", "deb", "rpm"}, release.Packaging.Format) {
			kept = append(kept, name)
		}
	}
	return kept, errors.Join(errs...)
}
