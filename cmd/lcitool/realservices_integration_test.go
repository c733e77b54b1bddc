// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration && nightly

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestRealServices has jobs use Debian's PostgreSQL and Redis, in images that do at
// their start what the official ones do.
func TestRealServices(t *testing.T) {
	room := newEngineRoom(t)
	t.Run("scripts", func(t *testing.T) { testscript.Run(t, engineParams(t, room, "testdata/realservices")) })
}
