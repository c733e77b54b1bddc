// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"io"
	"testing"
)

// TestEngine is the tests' podman, for tests of packages that import this one.
type TestEngine struct {
	*Engine
	Dir string // for what is temporary
}

// NewTestEngine also fails a test that leaves something behind.
func NewTestEngine(t *testing.T) TestEngine {
	t.Helper()
	e := engine(t)
	nothingLeft(t, e)
	return TestEngine{e, here.dir + "/tmp"}
}

func (e TestEngine) RemoveLater(t *testing.T, tag string) {
	t.Helper()
	removeLater(t, e.Engine, tag)
}

// OnWord returns a writer that calls do when word was written.
func OnWord(word string, do func()) io.Writer { return &trigger{word: word, do: do} }
