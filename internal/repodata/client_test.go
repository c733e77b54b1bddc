// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"context"
	"errors"
	"testing"
)

// TestOnceOutlivesItsFirstCaller: a caller that gives up does not cancel others that wait
// for the same document.
func TestOnceOutlivesItsFirstCaller(t *testing.T) {
	c := &Client{documents: map[string]*pendingDocument{}}
	ctx, cancel := context.WithCancel(t.Context())
	fetching, waits := make(chan struct{}), make(chan error, 1)
	go func() {
		<-fetching
		_, err := c.once(t.Context(), "u", func() (document, error) { return document{}, nil })
		waits <- err
	}()
	_, err := c.once(ctx, "u", func() (document, error) {
		close(fetching)
		cancel()
		return document{}, context.Cause(ctx)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the first caller: %v", err)
	}
	if err := <-waits; err != nil {
		t.Errorf("the second caller: %v", err)
	}
}
