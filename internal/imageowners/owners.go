// SPDX-License-Identifier: GPL-2.0-or-later

// Package imageowners asks images for their packages.
package imageowners

import (
	"context"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

//go:embed owners.sh
var script string

//go:embed packages.sh
var packagesScript string

const (
	limit     = 2 * time.Minute
	mostBytes = 64 << 10
	mostList  = 2 << 20          // bytes of a list of packages, as of /packages.txt
	workload  = "lcitool-owners" // name of the container
)

// An Engine runs a command in an image.
type Engine interface {
	Run(context.Context, api.RunOptions) (api.RunResult, error)
}

// Add adds to two jobs the packages that contain what their first failing line
// mentions, and the list of packages to a job whose record has none. It connects
// to the engine only for these. Images that cannot be searched give a warning.
func Add(ctx context.Context, connect func() (Engine, error), warnf func(about, format string, args ...any), left, right *jobdiff.Input) error {
	mentions := jobdiff.Mentions(jobdiff.FailingLine(left, right))
	if len(mentions) == 0 && len(left.Job.Packages) > 0 && len(right.Job.Packages) > 0 {
		return nil
	}
	e, err := connect()
	if err != nil {
		return err
	}
	for _, in := range []*jobdiff.Input{left, right} {
		if in.Job.ImageID == "" {
			continue
		}
		if len(in.Job.Packages) == 0 {
			addPackages(ctx, e, in)
		}
		if len(mentions) > 0 {
			if in.Owners, err = Find(ctx, e, in.Job.ImageID, mentions); err != nil && ctx.Err() == nil {
				warnf(in.Job.Name, "%v", err)
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// addPackages lists the packages of a job's image. The record stays as it is.
func addPackages(ctx context.Context, e Engine, in *jobdiff.Input) {
	list, err := List(ctx, e, in.Job.ImageID)
	job := *in.Job
	job.Packages = list
	in.Job, in.ListError = &job, err
}

// List asks the package manager of an image for the installed packages. It
// returns lines as in /packages.txt.
func List(ctx context.Context, e Engine, image string) ([]string, error) {
	cannot := func(err error) error { return fmt.Errorf("cannot ask image %.12s for its packages: %w", image, err) }
	out := stdio.NewBeginning(mostList)
	_, err := e.Run(ctx, api.RunOptions{
		ContainerOptions: api.ContainerOptions{Image: image, Name: workload, Network: api.NetworkNone},
		Command:          []string{"sh", "-c", packagesScript}, Stdout: out, Timeout: limit,
	})
	text, whole := strings.CutSuffix(out.String(), "# end\n")
	exit, exited := errors.AsType[*api.ExitError](err)
	switch {
	case exited && exit.Code == 127:
		return nil, cannot(errors.New("it has no shell, or none of dpkg-query, rpm and apk"))
	case exited:
		return nil, cannot(fmt.Errorf("its package manager exited with status %d", exit.Code))
	case err != nil:
		return nil, cannot(err)
	case !whole:
		return nil, cannot(errors.New("the list is too long"))
	}
	list := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	if slices.Sort(list); len(list) == 0 {
		return nil, cannot(errors.New("its package manager knows none"))
	}
	return list, nil
}

// Find returns the packages of an image that have what mentions name. It runs a
// script in a container of the image, without a network.
func Find(ctx context.Context, e Engine, image string, mentions []jobdiff.Mention) ([]jobdiff.Owner, error) {
	command := []string{"sh", "-c", script, "sh"}
	for _, m := range mentions {
		command = append(command, string(m.Kind), m.Name)
	}
	out := stdio.NewBeginning(mostBytes)
	_, err := e.Run(ctx, api.RunOptions{
		ContainerOptions: api.ContainerOptions{Image: image, Name: workload, Network: api.NetworkNone},
		Command:          command, Stdout: out, Timeout: limit,
	})
	if err != nil {
		return nil, fmt.Errorf("cannot ask image %s which packages have its files: %w", image, err)
	}
	return parse(out.String(), mentions), nil
}

// parse reads what the script printed. The image is untrusted: lines that
// the script does not print are ignored.
func parse(text string, mentions []jobdiff.Mention) []jobdiff.Owner {
	var all []jobdiff.Owner
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 || fields[1] == "" {
			continue
		}
		i, err := strconv.Atoi(fields[0])
		if err != nil || i < 0 || i >= len(mentions) {
			continue
		}
		o := jobdiff.Owner{Mention: mentions[i], Package: fields[1], Path: fields[2]}
		if !slices.ContainsFunc(all, func(other jobdiff.Owner) bool { return other.Mention == o.Mention && other.Package == o.Package }) {
			all = append(all, o)
		}
	}
	return all
}
