// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration && nightly

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestRealServices uses Debian's PostgreSQL and Redis, in images that start like the
// official ones.
func TestRealServices(t *testing.T) {
	room := newEngineRoom(t)
	t.Run("scripts", func(t *testing.T) { testscript.Run(t, engineParams(t, room, "testdata/realservices")) })
}
