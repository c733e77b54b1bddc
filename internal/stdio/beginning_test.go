// SPDX-License-Identifier: GPL-2.0-or-later

package stdio_test

import (
	"fmt"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

func TestBeginning(t *testing.T) {
	t.Parallel()
	b := stdio.NewBeginning(5)
	for i, want := range []string{"abc", "abcab", "abcab"} {
		if n, err := fmt.Fprint(b, "abc"); n != 3 || err != nil {
			t.Errorf("write %d: %d, %v", i, n, err)
		}
		if b.String() != want || b.Full() != (len(want) == 5) {
			t.Errorf("write %d: %q, full %t", i, b, b.Full())
		}
	}
}
