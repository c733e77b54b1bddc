// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"fmt"
	"net/http"
	"testing"
)

// TestFollowKeepsTheOrder: lines of both streams arrive in the order of the log, because who reads
// it again counts them.
func TestFollowKeepsTheOrder(t *testing.T) {
	const lines = 2000
	c := &Container{engine: serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for n := range lines {
			text := fmt.Sprintf("%04d\n", n)
			fmt.Fprintf(w, "%c\x00\x00\x00\x00\x00\x00%c%s", 1+n*n/3%2, len(text), text)
		}
	}))}
	n := 0
	err := c.Follow(t.Context(), func(line string) {
		if line != fmt.Sprintf("%04d", n) {
			t.Errorf("line %d is %q", n, line)
		}
		n++
	})
	if err != nil || n != lines {
		t.Errorf("%d lines, %v", n, err)
	}
}
