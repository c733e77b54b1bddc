// SPDX-License-Identifier: GPL-2.0-or-later

package api

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A Secret is a file for a workload. Its content appears neither in environment
// variables nor in the engine's description of the container.
type Secret struct {
	Name string // it is the file /run/secrets/Name: letters, digits, "_", "-", "." but not as the first
	Data []byte
}

// String returns only the name, so that logs do not contain the data.
func (s Secret) String() string { return "secret " + s.Name }

func (s Secret) GoString() string { return s.String() }

var secretName = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// Check returns an error if the name is not a valid file name.
func (s Secret) Check() error {
	if !secretName.MatchString(s.Name) {
		return fmt.Errorf("%q cannot be the name of a secret", s.Name)
	}
	return nil
}
