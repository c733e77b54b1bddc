// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"slices"
)

// Containerized returns the targets for which Dockerfiles can be written. The
// error joins those of targets that cannot be read.
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
