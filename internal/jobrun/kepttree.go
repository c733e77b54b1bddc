// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// keptFile lists the kept containers whose trees are in a directory of Scratch,
// a line each: the engine's address, a tab, the container's name.
const keptFile = "kept"

const maxKeptFile = 1 << 20

// keepTree lets a directory of Scratch stay for a container that was kept.
func keepTree(dir, engine, name string) error {
	file, err := os.OpenFile(filepath.Join(dir, keptFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot keep the tree of container %s: %w", name, err)
	}
	_, err = fmt.Fprintf(file, "%s\t%s\n", engine, name)
	return errors.Join(err, file.Close())
}

// keepsTree reports whether a directory of Scratch is there for a container,
// which no container is after its longest time.
func keepsTree(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, keptFile))
	return err == nil && time.Since(info.ModTime()) < container.KeptAge+24*time.Hour
}

// SweepKept removes the trees in parent of kept containers of an engine that
// are gone. The directories go with the next Sweep.
func SweepKept(ctx context.Context, engine *container.Engine, parent string) error {
	files, err := filepath.Glob(filepath.Join(parent, scratchPrefix+"*", keptFile))
	if err != nil || len(files) == 0 {
		return err
	}
	kept, err := engine.Kept(ctx)
	if err != nil {
		return err
	}
	var there []string
	for _, k := range kept {
		there = append(there, engine.Address()+"\t"+k.Name)
	}
	for _, file := range files {
		data, err := safefs.ReadFile(file, maxKeptFile)
		if err != nil {
			continue
		}
		if goneFrom(engine.Address(), nonEmptyLines(string(data)), there) {
			_ = os.Remove(file)
		}
	}
	return nil
}

// goneFrom reports whether none of the listed containers is there. Those of
// another engine count as there.
func goneFrom(engine string, listed, there []string) bool {
	return !slices.ContainsFunc(listed, func(entry string) bool {
		return !strings.HasPrefix(entry, engine+"\t") || slices.Contains(there, entry)
	})
}
