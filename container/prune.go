// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
)

// PruneOptions says how far Prune goes.
type PruneOptions struct {
	DryRun bool // only list
}

// A Leftover is something that a dead run left behind.
type Leftover struct {
	Kind string `json:"kind"` // container, volume, image or directory
	Name string `json:"name"` // name, ID or path
	Run  string `json:"run"`  // run that made it; empty when unknown
}

// Prune removes containers, volumes, images and temporary directories of runs
// whose process is gone. Nothing of a live run is touched. The list is what
// was removed, or would be; an error names what could not be.
func (e *Engine) Prune(ctx context.Context, o PruneOptions) ([]Leftover, error) {
	return nil, errors.ErrUnsupported
}
