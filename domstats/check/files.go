// SPDX-License-Identifier: GPL-2.0-or-later

package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Files are where reports are written, "" for not at all.
type Files struct{ TAP, JUnit, JSON, HTML string }

// Write writes the reports that were asked for.
func (f Files) Write(ctx context.Context, r *report.Run) error {
	var errs []error
	for _, x := range []struct {
		path  string
		write func(io.Writer) error
	}{{f.TAP, r.WriteTAP}, {f.JUnit, r.WriteJUnit}, {f.JSON, r.WriteJSON}, {f.HTML, r.WriteHTML}} {
		if x.path != "" {
			errs = append(errs, WriteFile(ctx, x.path, x.write))
		}
	}
	return errors.Join(errs...)
}

// WriteFile replaces a report as a whole, or not at all. A device or an open file such
// as /dev/stdout is written in place.
func WriteFile(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	if open, err := safefs.OpenInPlace(ctx, path); err != nil {
		return fmt.Errorf("cannot write a report: %w", err)
	} else if open != nil {
		return errors.Join(write(open), open.Close())
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("cannot write a report: %w", err)
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := write(f); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return f.CloseAtomicallyReplace()
}
