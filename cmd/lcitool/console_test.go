// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func TestMessagesGoThroughTheDisplay(t *testing.T) {
	var stderr, outer, inner strings.Builder
	a := &app{Streams: stdio.Streams{Stderr: &stderr, Getenv: func(string) string { return "" }}, debug: true}
	redirect := a.Console().Redirect
	log := a.log()
	a.Infof("one")
	restoreOuter := redirect(&outer)
	a.Infof("two")
	restoreInner := redirect(&inner)
	a.Infof("three")
	log.Debug("four")
	restoreInner()
	a.Infof("five")
	restoreOuter()
	a.Infof("six")
	if stderr.String() != "one\nsix\n" || outer.String() != "two\nfive\n" {
		t.Errorf("stderr %q, outer %q", stderr.String(), outer.String())
	}
	if text := inner.String(); !strings.HasPrefix(text, "three\n") || !strings.Contains(text, "msg=four") {
		t.Errorf("inner %q", text)
	}
}
