// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/imageupdates"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// ImageBisectOptions are the options of BisectImages.
type ImageBisectOptions struct {
	Job       string
	Good, Bad string   // images, or recorded jobs that ran in them, as jobdiff.Chooser has it
	Command   string   // in place of the job's script, "" for that
	Settings  []string // what else decides how the job runs; a search with others starts from the beginning
	StateDir  string   // for the state of an interrupted search
	Messages  Messages
	Local     LocalOptions
	Network   api.Network // of builds
	Offline   bool

	Step func(line string) error // called with a line about each image tested
}

// BisectImages searches for the package updates with which a job fails. p is the
// plan of the job; all images are tried with the same tree.
func BisectImages(ctx context.Context, p *Plan, o ImageBisectOptions) (_ *ImageBisection, err error) {
	b := &imageBisect{ImageBisectOptions: o, plan: p}
	if err := b.checkJob(); err != nil {
		return nil, err
	}
	if b.comparison, err = b.compare(ctx); err != nil {
		return nil, err
	}
	if err := b.open(); err != nil {
		return nil, err
	}
	if err := b.findMissing(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.removeImage(ctx)) }()
	b.search.Updates, b.search.Try = b.comparison.Names(), b.try
	found, err := b.search.Run(ctx)
	if err != nil {
		return nil, err
	}
	return b.result(found), b.search.Forget()
}

type imageBisect struct {
	ImageBisectOptions
	plan       *Plan
	comparison *imageupdates.Comparison
	builder    imageupdates.Builder
	search     bisect.UpdateSearch
}

// checkJob fails if there is no such job, or if it does not run in an image.
func (b *imageBisect) checkJob() error {
	j, err := b.plan.exactly(b.Job)
	if err == nil && (j.Trigger || j.Image.BuildOnly) {
		return fmt.Errorf("job %q runs no script in an image", b.Job)
	}
	return err
}

func (b *imageBisect) compare(ctx context.Context) (*imageupdates.Comparison, error) {
	good, err := b.read(ctx, b.Good)
	if err != nil {
		return nil, fmt.Errorf("--good: %w", err)
	}
	bad, err := b.read(ctx, b.Bad)
	if err != nil {
		return nil, fmt.Errorf("--bad: %w", err)
	}
	return imageupdates.Compare(good, bad)
}

// recorded matches texts that name a recorded job and no image.
var recorded = lazyregexp.New(`^\d{8}-[-\d]+:|@(?:passed|failed|previous)$`)

// read finds an image, which may be that of a recorded job, and lists its
// packages.
func (b *imageBisect) read(ctx context.Context, text string) (*imageupdates.Image, error) {
	var image api.Image
	err := api.ErrNoImage
	if !recorded.MatchString(text) {
		if image, err = b.Local.Engine.Inspect(ctx, text); err != nil && !errors.Is(err, api.ErrNoImage) {
			return nil, err
		}
	}
	if err != nil {
		if image, err = b.ofRecord(ctx, text); err != nil {
			return nil, err
		}
	}
	return imageupdates.Read(ctx, b.Local.Engine, text, image)
}

func (b *imageBisect) ofRecord(ctx context.Context, text string) (api.Image, error) {
	chooser := &jobdiff.Chooser{Store: b.Local.Store, Project: b.plan.source.Project}
	in, err := chooser.Find(text)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return api.Image{}, diag.WithHint(fmt.Errorf("there is no image %q, nor a recorded job of that name", text), "lcitool does not pull it: podman pull does")
	case err != nil:
		return api.Image{}, err
	case in.Job.ImageID == "":
		return api.Image{}, fmt.Errorf("the record of job %q in run %s has no image", in.Job.Name, in.Run.ID)
	}
	image, err := b.Local.Engine.Inspect(ctx, in.Job.ImageID)
	if errors.Is(err, api.ErrNoImage) {
		return image, diag.WithHint(fmt.Errorf("image %.12s, in which job %q ran in run %s, does not exist any more", in.Job.ImageID, in.Job.Name, in.Run.ID),
			"an image that a new one replaces is removed, unless podman tag gave it another name")
	}
	return image, err
}

// open opens the search, or resumes an interrupted one.
func (b *imageBisect) open() error {
	if b.StateDir == "" {
		return diag.WithHint(errors.New("no directory for the steps of the search"), "set HOME or XDG_STATE_HOME")
	}
	tree := ""
	if b.plan.source.snapshot != nil {
		tree = b.plan.source.snapshot.Commit
	}
	parts := append([]string{b.plan.source.Project, b.Job, tree, b.comparison.Good.ID, b.comparison.Bad.ID, b.Command}, slices.Concat(b.plan.env, b.Settings)...)
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(parts, "\x00"))))[:16]
	b.search.File = filepath.Join(b.StateDir, "bisect", key+".json")
	if err := b.search.Load(); err != nil {
		return diag.WithHint(err, "remove "+b.search.File)
	}
	if n := len(b.search.Steps); n > 0 {
		b.Messages.infof("continuing a search that was interrupted after %d images", n)
	}
	b.builder = imageupdates.Builder{
		Engine: b.Local.Engine, Comparison: b.comparison, Tag: "lcitool.bisect." + key, Network: b.Network, Offline: b.Offline,
	}
	return nil
}

// findMissing asks which updates can be made, and says which cannot.
func (b *imageBisect) findMissing(ctx context.Context) error {
	network := b.Network
	if b.Offline {
		network = api.NetworkNone
	}
	complaints, err := b.comparison.FindMissing(ctx, b.Local.Engine, network)
	if err != nil {
		return err
	}
	missing := b.comparison.Missing()
	if len(missing) > 0 {
		for _, line := range complaints {
			b.Messages.warnf("", "image %s: %s", b.comparison.Good.Reference, line)
		}
	}
	b.Messages.infof("%s between the images, %d cannot be made separately", plural(len(b.comparison.Updates), "update"), len(missing))
	for _, u := range missing {
		b.Messages.infof("cannot make the update of %s: %s", u.Name, strings.Join(u.Missing, "; "))
	}
	return nil
}

func (b *imageBisect) try(ctx context.Context, t *bisect.Trial, left int) error {
	b.Messages.infof("running %s in %s, about %d more", b.Job, b.describe(t), left)
	id := b.comparison.Good.ID
	switch t.Image {
	case bisect.BadImage:
		id = b.comparison.Bad.ID
	case "":
		var err error
		if id, err = b.make(ctx, t); err != nil {
			return err
		}
	}
	if t.Verdict == "" {
		p := b.planIn(id)
		var err error
		if t.Verdict, t.Why, err = judge(ctx, p, b.Job, b.Command, b.Local); err != nil {
			return err
		}
	}
	return b.Step(b.line(t))
}

// make makes the image of a trial, and notes what it really has. A set of updates
// that the package manager refuses is skipped.
func (b *imageBisect) make(ctx context.Context, t *bisect.Trial) (id string, err error) {
	id, err = b.builder.Build(ctx, t.Updates)
	if refused, ok := errors.AsType[*imageupdates.RefusedError](err); ok && ctx.Err() == nil {
		t.Verdict, t.Why = bisect.Skip, refused.Error()
		return "", nil
	}
	if err != nil {
		return "", err
	}
	image, err := imageupdates.Read(ctx, b.Local.Engine, b.builder.Tag, api.Image{ID: id})
	if err != nil {
		return "", err
	}
	also, other := b.comparison.Applied(image, t.Updates)
	t.Also, t.Other = append(t.Also, also...), append(t.Other, other...)
	return id, nil
}

func (b *imageBisect) planIn(id string) *Plan {
	p, chosen := *b.plan, *b.plan.Chosen
	chosen.Jobs = copyJobs(chosen.Jobs, func(of string) string { return of })
	for _, j := range chosen.Jobs {
		if j.Name == b.Job {
			j.Image = jobrun.Image{Reference: id, Local: true}
		}
	}
	p.Chosen = &chosen
	return &p
}

const removeLimit = time.Minute

// removeImage removes the image of the last trial, also after an interrupt.
func (b *imageBisect) removeImage(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeLimit)
	defer cancel()
	return b.builder.Remove(ctx)
}
