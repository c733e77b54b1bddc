// SPDX-License-Identifier: GPL-2.0-or-later

package bisect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// An End is how a search ended.
type End string

// The ends. Good and bad are images, or commits.
const (
	GoodFails   End = "good-fails"   // the good one is not good
	BadPasses   End = "bad-passes"   // the bad one is not bad
	GoodUnknown End = "good-unknown" // as found or undivided, but nothing was seen to pass
	AllPass     End = "all-pass"     // all updates together are good
	NoneFails   End = "none-fails"   // no set of updates that could be judged is bad
	Unclear     End = "unclear"      // trials contradict each other
	Undivided   End = "undivided"    // the culprits could not be tried apart
	FoundThese  End = "found-these"  // the culprits are known
)

// A Log is a file with the steps of a search, so that a search that was
// interrupted goes on where it was.
type Log[T any] struct {
	File  string
	Steps []T
}

// maxFile bounds the file of a search, in bytes.
const maxFile = 16 << 20

// Load reads the steps of an interrupted search, if there was one.
func (l *Log[T]) Load() error {
	data, err := safefs.ReadFile(l.File, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		if err = json.Unmarshal(data, &l.Steps); err != nil {
			err = fmt.Errorf("%s: %w", l.File, err)
		}
	}
	if err != nil {
		return diag.WithHint(fmt.Errorf("cannot go on with the search: %w", err), "remove the file to start the search again: "+l.File)
	}
	return nil
}

// Add appends a step.
func (l *Log[T]) Add(step T) error {
	l.Steps = append(l.Steps, step)
	data, err := json.MarshalIndent(l.Steps, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(l.File), 0o700)
	}
	if err == nil {
		err = renameio.WriteFile(l.File, append(data, '\n'), 0o600, renameio.WithTempDir(filepath.Dir(l.File)))
	}
	if err != nil {
		return fmt.Errorf("cannot keep the steps of the search: %w", err)
	}
	return nil
}

// Forget removes the file of a search that has ended.
func (l *Log[T]) Forget() error {
	if err := os.Remove(l.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
