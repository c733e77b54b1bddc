// SPDX-License-Identifier: GPL-2.0-or-later

// Package imageupdates makes images with some of the package updates that
// another image has.
//
// Read lists the packages of an image, Compare finds the updates between two
// images, and FindMissing the versions that no mirror has. Builder.Build makes
// an image with a set of updates; Comparison.Applied says which it really has.
package imageupdates

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

//go:embed packages.sh
var packagesScript string

const (
	readLimit = 5 * time.Minute
	maxOutput = 32 << 20 // bytes of a script's output
	// workload is the prefix of the names of containers.
	workload = "lcitool-updates"

	// Limits on what the script of an untrusted image lists.
	maxPackages = 50_000
	maxVersions = 100 // of one package
)

// A Manager is a package manager that can install a given version of a package.
type Manager string

// Package managers.
const (
	Apt Manager = "apt"
	Dnf Manager = "dnf"
)

// An Image is an image with a list of its packages.
type Image struct {
	Reference string // as the user gives it
	ID        string
	User      string // of its commands, "" for root
	Manager   Manager
	Arch      string // as the package manager calls it

	packages map[string]pkg // by name, with ":arch" if that is not the image's own
}

type pkg struct{ version, source string }

// Engine is the part of *container.Engine that makes and asks images.
type Engine interface {
	Run(context.Context, api.RunOptions) (api.RunResult, error)
	Build(context.Context, api.BuildOptions) (api.BuildResult, error)
	Remove(context.Context, api.RemoveOptions) error
}

// Read lists the packages of an image that exists.
func Read(ctx context.Context, e Engine, reference string, i api.Image) (*Image, error) {
	out, _, err := run(ctx, e, api.RunOptions{
		ContainerOptions: api.ContainerOptions{Image: i.ID, Network: api.NetworkNone},
		Command:          []string{"sh", "-c", packagesScript}, Timeout: readLimit,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list the packages of image %s: %w", reference, err)
	}
	image := &Image{Reference: reference, ID: i.ID, User: i.User}
	if err := image.parse(out); err != nil {
		return nil, fmt.Errorf("cannot list the packages of image %s: %w", reference, err)
	}
	return image, nil
}

// run runs a script in a container and returns its output.
func run(ctx context.Context, e Engine, o api.RunOptions) (stdout, stderr string, err error) {
	out, messages := stdio.NewBeginning(maxOutput), stdio.NewBeginning(maxOutput)
	o.Name, o.Stdout, o.Stderr = workload, out, messages
	_, err = e.Run(ctx, o)
	if exit, ok := errors.AsType[*api.ExitError](err); ok {
		// Wrapped, it would be the status of a job for the caller.
		err = fmt.Errorf("the commands in it exited with status %d", exit.Code)
		if line := lastLine(messages.String()); line != "" {
			err = fmt.Errorf("%w: %s", err, line)
		}
	}
	if err == nil && out.Full() {
		err = errors.New("the output is too long")
	}
	return out.String(), messages.String(), err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return termtext.Line(lines[len(lines)-1])
}

// Names and versions as Debian's policy and rpm allow them. Names of either begin
// with a character that no option begins with.
var (
	nameText    = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*$`)
	versionText = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9.+:~^_-]*$`)
	archText    = lazyregexp.New(`^[a-z0-9_-]+$`)
	sourceRPM   = lazyregexp.New(`^(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm$`)
)

// parse reads the output of the script. The image may be anybody's.
func (i *Image) parse(text string) error {
	i.packages = map[string]pkg{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(fields) == 2 && fields[0] == "manager":
			i.Manager = Manager(fields[1])
		case len(fields) == 2 && fields[0] == "arch":
			i.Arch = fields[1]
		case len(fields) == 5 && fields[0] == "installed":
			if err := i.add(fields[1], fields[2], fields[3], fields[4]); err != nil {
				return err
			}
		}
	}
	switch {
	case i.Manager == "":
		return errors.New("it has neither apt nor dnf")
	case i.Manager != Apt && i.Manager != Dnf:
		return fmt.Errorf("its package manager is %.20q; only apt and dnf can install a given version", string(i.Manager))
	case len(i.packages) == 0:
		return errors.New("it has none")
	}
	return nil
}

func (i *Image) add(name, version, arch, source string) error {
	if name == "gpg-pubkey" { // a key that rpm has imported
		return nil
	}
	if !nameText.MatchString(name) || !versionText.MatchString(version) || !archText.MatchString(arch) {
		return fmt.Errorf("%.80q, version %.80q for %.20q, is no package", name, version, arch)
	}
	if m := sourceRPM.FindStringSubmatch(source); m != nil {
		source = m[1]
	}
	if !nameText.MatchString(source) {
		source = name
	}
	if arch != i.Arch && arch != "all" && arch != "noarch" {
		name += ":" + arch
	}
	if other, ok := i.packages[name]; ok { // kernels, for example
		versions := append(strings.Split(other.version, severalVersions), version)
		if len(versions) > maxVersions {
			return fmt.Errorf("%.80q is installed in more than %d versions", name, maxVersions)
		}
		slices.Sort(versions)
		version = strings.Join(versions, severalVersions)
	}
	if i.packages[name] = (pkg{version, source}); len(i.packages) > maxPackages {
		return fmt.Errorf("it has more than %d", maxPackages)
	}
	return nil
}

// severalVersions separates the versions of a package that is installed more than
// once.
const severalVersions = ", "
