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

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

const maxKeptFile = 1 << 20

// keepTree marks a scratch directory as used by a kept container. The file
// scratch.KeptFile in it lists these containers, one per line: engine address,
// tab, container name. A container must be removed before the directory is.
func keepTree(dir, engine, name string) error {
	path := filepath.Join(dir, scratch.KeptFile)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(file, "%s\t%s\n", engine, name)
		err = errors.Join(err, file.Close(), os.Chtimes(path, time.Time{}, time.Now().Add(api.KeptAge+24*time.Hour)))
	}
	if err != nil {
		return fmt.Errorf("cannot keep the tree of container %s: %w", name, err)
	}
	return nil
}

// A KeptEngine lists the kept containers of a podman service.
type KeptEngine interface {
	Kept(ctx context.Context) ([]api.KeptContainer, error)
	Address() string
}

// SweepKept releases the trees in parent whose kept containers no longer exist.
// The next sweep of scratch directories removes them.
func SweepKept(ctx context.Context, engine KeptEngine, parent string) error {
	files := append(scratch.Kept(parent), checkout.CacheIn(parent).Kept()...)
	if len(files) == 0 {
		return nil
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

// goneFrom reports whether none of the listed containers exists. Containers of
// another engine count as existing.
func goneFrom(engine string, listed, there []string) bool {
	return !slices.ContainsFunc(listed, func(entry string) bool {
		return !strings.HasPrefix(entry, engine+"\t") || slices.Contains(there, entry)
	})
}
