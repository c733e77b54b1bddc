// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// originFile has the origin of a job. It is in the container, because it has the
// values of variables.
const originFile = stateDir + "/origin"

// passedFile exists in a container in which a continued job has passed.
const passedFile = stateDir + "/passed"

// maxOrigin limits the size of originFile, in bytes.
const maxOrigin = 64 << 20

// An origin is what a job in a container was started with. Resume compares it with
// what the job is now.
type origin struct {
	Image     imageOrigin
	Ran       []string          // commands that ran before the first one of the latest attempt
	Commands  []string          // of the latest attempt
	First     int               // index in Commands of its first one
	Env       []string          // NAME=VALUE, sorted
	Masked    []string          // texts of variables that were masked
	Artifacts map[string]string // stamps of the artifacts that it got, by job
}

// An imageOrigin is the image of a container and how a job uses it.
type imageOrigin struct {
	Reference  string
	ID         string
	Built      string // digest of the Dockerfiles, "" for an image that lcitool does not build
	User       string
	Platform   string
	Entrypoint []string
}

func (j *Job) imageOrigin() imageOrigin {
	o := imageOrigin{Reference: j.Image.Reference, ID: j.imageID}
	if j.Image.Build != nil {
		sum := sha256.New()
		fmt.Fprintf(sum, "%q", j.Image.Build.Build.Dockerfile)
		for _, more := range j.Image.Builds {
			fmt.Fprintf(sum, "%q", more.Build.Dockerfile)
		}
		o.Built = fmt.Sprintf("%x", sum.Sum(nil))
	}
	if own := j.Job.Image; own != nil {
		o.User, o.Platform, o.Entrypoint = own.User, own.Platform, own.Entrypoint
	}
	return o
}

// newOrigin returns the origin of a job that is about to start with variables env.
func (r *Runner) newOrigin(j *Job, env []string) origin {
	return origin{Image: j.imageOrigin(), Commands: j.commands(), Env: env, Masked: r.maskedIn(env), Artifacts: r.artifactStamps(j)}
}

// maskedIn returns the texts in variables and their files that are masked.
func (r *Runner) maskedIn(env []string) []string {
	var all []string
	for _, v := range env {
		_, text, _ := strings.Cut(v, "=")
		all = append(all, r.Secrets.Found(text)...)
	}
	for _, data := range r.Files {
		all = append(all, r.Secrets.Found(string(data))...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *Runner) artifactStamps(j *Job) map[string]string {
	stamps := map[string]string{}
	for _, from := range j.ArtifactsFrom {
		if r.Artifacts != nil {
			stamps[from.Name] = r.Artifacts.Stamp(from.Name)
		}
	}
	return stamps
}

func (o origin) text() string {
	data, _ := json.Marshal(o) // strings always have a form
	return string(data)
}

func readOrigin(ctx context.Context, c Container) (o origin, err error) {
	text, err := readFile(ctx, c, originFile, maxOrigin)
	if err == nil {
		err = json.Unmarshal([]byte(text), &o)
	}
	if err != nil {
		return o, fmt.Errorf("cannot tell what the job was started with: %w", err)
	}
	return o, nil
}

// checkImage fails if the container of a job does not have the image that the job
// has now.
func (r *Runner) checkImage(ctx context.Context, j *Job, was imageOrigin) error {
	now := j.imageOrigin()
	if slices.Contains(j.Image.Alternatives, was.Reference) {
		now.Reference = was.Reference
	}
	image, err := r.Engine.Inspect(ctx, now.Reference)
	moved := err == nil && image.ID != was.ID // an image that is gone is not another one
	switch {
	case now.Reference != was.Reference:
		return fmt.Errorf("its image is %s now, and its kept container has %s", now.Reference, was.Reference)
	case now.Built != was.Built:
		return fmt.Errorf("the Dockerfile of image %s has changed since the job failed", now.Reference)
	case moved:
		return fmt.Errorf("image %s is not the one of its kept container any more", now.Reference)
	case now.User != was.User, now.Platform != was.Platform, !slices.Equal(now.Entrypoint, was.Entrypoint):
		return errors.New("the user, the platform or the entrypoint of its image has changed since the job failed")
	}
	return nil
}

// changedVariables returns the names of the variables of the pipeline and the
// user whose values are not those of the script, except for those of added. Names
// are sorted.
func (o origin) changedVariables(j *Job, env, added []string) []string {
	names := map[string]bool{}
	for v := range j.Variables.All() {
		names[v.Name] = v.From != gitlabci.FromGitLab
	}
	for _, v := range slices.Concat(j.Env, o.Env) {
		name, _, _ := strings.Cut(v, "=")
		_, there := lookup(env, name)
		names[name] = names[name] || !there || value(j.Env, name) != ""
	}
	maps.DeleteFunc(names, func(name string, own bool) bool {
		was, set := lookup(o.Env, name)
		is, isSet := lookup(env, name)
		_, given := lookup(added, name)
		return !own || given || was == is && set == isSet
	})
	return slices.Sorted(maps.Keys(names))
}

// at returns the origin of an attempt that continues at a position with further
// variables.
func (o origin) at(p position, commands, masked, added []string) origin {
	o.Ran, o.Commands, o.First = p.ran, commands, p.at-1
	o.Masked = slices.Compact(slices.Sorted(slices.Values(append(masked, o.Masked...))))
	env := map[string]string{}
	set(env, o.Env)
	set(env, added)
	o.Env = sorted(env)
	return o
}

// A stateEntry is a file of the state directory.
type stateEntry struct {
	name string
	mode int64
	text string
}

// putState puts files into the state directory of a container.
func putState(ctx context.Context, c Container, files []stateEntry) error {
	var archive strings.Builder
	w := tar.NewWriter(&archive)
	var errs []error
	for _, f := range files {
		errs = append(errs, w.WriteHeader(&tar.Header{Name: f.name, Typeflag: tar.TypeReg, Mode: f.mode, Size: int64(len(f.text)), ModTime: began()}))
		_, err := io.WriteString(w, f.text)
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		return err
	}
	return c.Put(ctx, stateDir, strings.NewReader(archive.String()))
}
