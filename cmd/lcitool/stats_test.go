// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

func TestSuiteNeedsLinux(t *testing.T) {
	if err := needLinux("linux"); err != nil {
		t.Error(err)
	}
	err := needLinux("darwin")
	if err == nil || !strings.Contains(err.Error(), "this one is for darwin") || diag.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
}
