// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"
	"testing"
)

// TestMessagesGoThroughTheDisplay: while a display is shown it has the
// messages, and stderr stays what it is.
func TestMessagesGoThroughTheDisplay(t *testing.T) {
	var stderr, outer, inner strings.Builder
	a := &app{stderr: &stderr, getenv: func(string) string { return "" }, debug: true}
	redirect := a.console().Redirect
	log := a.log()
	a.infof("one")
	restoreOuter := redirect(&outer)
	a.infof("two")
	restoreInner := redirect(&inner)
	a.infof("three")
	log.Debug("four")
	restoreInner()
	a.infof("five")
	restoreOuter()
	a.infof("six")
	if stderr.String() != "one\nsix\n" || outer.String() != "two\nfive\n" {
		t.Errorf("stderr %q, outer %q", stderr.String(), outer.String())
	}
	if text := inner.String(); !strings.HasPrefix(text, "three\n") || !strings.Contains(text, "msg=four") {
		t.Errorf("inner %q", text)
	}
}
