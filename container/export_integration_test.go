// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"io"
	"testing"
)

// TestEngine is the tests' own podman, for tests of packages that use this one.
type TestEngine struct {
	*Engine
	Dir string // for what is temporary
}

// NewTestEngine connects to it. A test that leaves something behind fails.
func NewTestEngine(t *testing.T) TestEngine {
	t.Helper()
	e := engine(t)
	nothingLeft(t, e)
	return TestEngine{e, here.dir + "/tmp"}
}

// RemoveLater removes an image when the test has ended.
func (e TestEngine) RemoveLater(t *testing.T, tag string) {
	t.Helper()
	removeLater(t, e.Engine, tag)
}

// OnWord calls do once word was written.
func OnWord(word string, do func()) io.Writer { return &trigger{word: word, do: do} }
