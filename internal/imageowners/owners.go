// SPDX-License-Identifier: GPL-2.0-or-later

// Package imageowners finds the packages of files in an image.
package imageowners

import (
	"context"
	_ "embed" // for the script
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

const (
	limit     = 2 * time.Minute
	mostBytes = 64 << 10
	workload  = "lcitool-owners" // name of the container
)

// An Engine runs a command in an image.
type Engine interface {
	Run(context.Context, api.RunOptions) (api.RunResult, error)
}

// Add adds to two jobs the packages that contain what their first failing line
// mentions. It connects to the engine only if the line mentions something. Images
// that cannot be searched give a warning.
func Add(ctx context.Context, connect func() (Engine, error), warnf func(about, format string, args ...any), left, right *jobdiff.Input) error {
	mentions := jobdiff.Mentions(jobdiff.FailingLine(left, right))
	if len(mentions) == 0 {
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
		in.Owners, err = Find(ctx, e, in.Job.ImageID, mentions)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			warnf(in.Job.Name, "%v", err)
		}
	}
	return nil
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
