// SPDX-License-Identifier: GPL-2.0-or-later

// Package bootstrap builds base images from a distribution's package mirror.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// stopLimit is how long mmdebstrap may take to clean up after an interrupt.
const stopLimit = 2 * time.Minute

// localSource matches a line of sources.list whose packages are local files.
var localSource = lazyregexp.New(`^deb(-src)?\s+(\[[^\]]*\]\s+)?(file|copy):`)

var suiteName = lazyregexp.New(`^[a-z][a-z0-9-]*$`)

// Options describe a base image to build from a package mirror.
type Options struct {
	Reference string   // name that Dockerfiles start FROM
	Distro    string   // debian or ubuntu; others are refused
	Suite     string   // bookworm, trixie, sid, jammy …
	Sources   []string // lines of the image's sources.list, the first one naming the mirror
	Offline   bool     // fail instead of sending network requests; local Sources (file:) are permitted
	Force     bool     // rebuild it even if it exists; images based on it are then built again as a whole
	Arch      Arch     // the zero value is this machine's architecture
	TempDir   string   // empty means /var/tmp; needs about 200 MB for a minute
	Log       io.Writer
}

// An Arch is an architecture with its names in several systems.
type Arch struct {
	Kernel string // "aarch64"
	Debian string // "arm64"
	Go     string // "arm64"
}

// A Result is a base image that exists under its reference.
type Result struct {
	ID      string // 64 hex digits
	Existed bool   // it was there and nothing was done
}

// An Engine stores images. *container.Engine implements it.
type Engine interface {
	Inspect(ctx context.Context, reference string) (api.Image, error)
	LockImage(ctx context.Context, reference string) (unlock func(), err error)
	TempDirIn(ctx context.Context, parent, kind string) (dir string, remove func(), err error)
	Import(ctx context.Context, o api.ImportOptions, layer io.Reader) (id string, err error)
}

// Image builds a distribution's minimal base image with mmdebstrap and names it
// o.Reference. It needs no registry. The image's sources.list is o.Sources. An
// existing image is not rebuilt, because each import has another ID and all
// images based on it would be built again.
func Image(ctx context.Context, e Engine, o Options) (Result, error) {
	if err := o.Check(); err != nil {
		return Result{}, err
	}
	unlock, err := e.LockImage(ctx, o.Reference)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	before, err := e.Inspect(ctx, api.WithTag(o.Reference))
	if err == nil && !o.Force {
		return Result{ID: before.ID, Existed: true}, nil
	}
	if err != nil && !errors.Is(err, api.ErrNoImage) {
		return Result{}, err
	}
	if o.Offline && !o.local() {
		return Result{}, fmt.Errorf("cannot bootstrap %s: its packages would come from another machine, and no request may be sent", o.Reference)
	}
	parent := o.TempDir
	if parent == "" {
		parent = "/var/tmp"
	}
	dir, remove, err := e.TempDirIn(ctx, parent, "bootstrap")
	if err != nil {
		return Result{}, err
	}
	defer remove()
	layer := filepath.Join(dir, "layer.tar")
	if err := o.mmdebstrap(ctx, dir, layer); err != nil {
		return Result{}, err
	}
	id, err := importLayer(ctx, e, o, layer)
	return Result{ID: id}, err
}

// local reports whether all packages are local files.
func (o Options) local() bool {
	for _, source := range o.Sources {
		if !localSource.MatchString(source) {
			return false
		}
	}
	return true
}

func importLayer(ctx context.Context, e Engine, o Options, layer string) (string, error) {
	file, err := os.Open(layer)
	if err != nil {
		return "", err
	}
	defer file.Close()
	labels := map[string]string{api.LabelSuite: o.Suite, api.LabelDate: time.Now().UTC().Format(time.DateOnly)}
	return e.Import(ctx, api.ImportOptions{Reference: o.Reference, Command: "/bin/bash", Labels: labels, Arch: o.Arch.Go}, file)
}

// Check returns an error for an image that cannot be built anywhere.
func (o Options) Check() error {
	if err := o.check(); err != nil {
		return fmt.Errorf("cannot bootstrap %s: %w", o.Reference, err)
	}
	return nil
}

// Supports reports whether the base image of a target, for example debian-13, can
// be made from the mirror of its distribution.
func Supports(target string) bool {
	distro, _, _ := strings.Cut(target, "-")
	return distro == "debian" || distro == "ubuntu"
}

// check returns an error for options that mmdebstrap does not support or would
// misinterpret.
func (o Options) check() error {
	switch {
	case !Supports(o.Distro):
		return fmt.Errorf("only Debian and Ubuntu releases can be made from a package mirror, not %s; pull the image where a registry can be reached", o.Distro)
	case !suiteName.MatchString(o.Suite):
		return fmt.Errorf("%q is not a suite", o.Suite)
	case o.Arch != Arch{} && (o.Arch.Debian == "" || o.Arch.Go == ""):
		return fmt.Errorf("%s has no architecture %s", o.Distro, o.Arch.Kernel)
	case o.Reference == "":
		return errors.New("no reference")
	case len(o.Sources) == 0:
		return errors.New("no package sources are known for it: name a mirror")
	}
	for _, line := range o.Sources {
		if !strings.HasPrefix(line, "deb ") || strings.ContainsAny(line, "\r\n") {
			return fmt.Errorf("%q is not a line of package sources", line)
		}
	}
	return nil
}
