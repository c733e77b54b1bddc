// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"testing"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func TestOwnerOfNeedsAllLabels(t *testing.T) {
	self, err := records.Self()
	if err != nil {
		t.Fatal(err)
	}
	if back, ok := ownerOf(ownerLabels(self)); !ok || back != self {
		t.Errorf("%+v came back as %+v, %v", self, back, ok)
	}
	if records.HostProcesses().Dead(self) {
		t.Error("this process is dead")
	}
	for name := range ownerLabels(self) {
		labels := ownerLabels(self)
		delete(labels, name)
		if _, ok := ownerOf(labels); ok {
			t.Errorf("accepted without %s", name)
		}
	}
	if _, ok := ownerOf(nil); ok {
		t.Error("accepted nothing")
	}
}
