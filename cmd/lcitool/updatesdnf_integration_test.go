// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration && nightly

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestUpdatesOfDnf bisects package updates with Debian's dnf, in images whose only mirror is a
// directory of packages made by rpmbuild.
func TestUpdatesOfDnf(t *testing.T) {
	room := newEngineRoom(t)
	t.Run("scripts", func(t *testing.T) { testscript.Run(t, engineParams(t, room, "testdata/updatesdnf")) })
}
