// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

func (r *Runner) images(ctx context.Context, j *Job, s scheduler.Streams) (id string, built bool, err error) {
	id, built, err = r.image(ctx, j, s.Build)
	j.imageID = id
	if err == nil && r.DebugTools && !j.Image.BuildOnly {
		err = r.addDebugTools(ctx, j, id, s.Build)
	}
	if err == nil && !j.Image.BuildOnly {
		err = r.prepareServices(ctx, j, s.Build)
	}
	var result outcome.Result
	if err != nil {
		result.Unbuilt(ctx, err)
	}
	s.EndBuild(result.State)
	return id, built, err
}

func (r *Runner) image(ctx context.Context, j *Job, log io.Writer) (id string, built bool, err error) {
	if j.Image.Build != nil {
		result, err := j.Image.Build.Ensure(ctx, r.Engine, log)
		built = err == nil && !result.Cached
		for _, more := range j.Image.Builds {
			if err != nil {
				break
			}
			also, moreErr := more.Ensure(ctx, r.Engine, log)
			built, err = built || moreErr == nil && !also.Cached, moreErr
		}
		return result.ID, built, err
	}
	if j.Image.Local {
		id, err = r.local(ctx, j.Image.Reference)
		return id, false, err
	}
	if policies := pullPolicies(j.Job.Image); len(policies) > 0 && !j.Image.AlwaysPull {
		id, err = r.byPolicy(ctx, j, j.Image.Reference, j.platform(), policies, log)
		if err == nil || ctx.Err() != nil || !slices.ContainsFunc(policies, asks) {
			return id, false, err
		}
	} else if id, err = r.pulled(ctx, j.Image.Reference, j.platform(), j.Image.AlwaysPull, log); err == nil || ctx.Err() != nil {
		return id, false, err
	}
	for _, other := range j.Image.Alternatives {
		if id, otherErr := r.pulled(ctx, other, j.platform(), j.Image.AlwaysPull, log); otherErr == nil {
			r.warn(j, fmt.Sprintf("image %s cannot be pulled; using %s", j.Image.Reference, other))
			j.Image.Reference = other
			return id, false, nil
		}
	}
	return id, false, err
}

// local returns the ID of an image that is never pulled.
func (r *Runner) local(ctx context.Context, reference string) (string, error) {
	image, err := r.Engine.Inspect(ctx, reference)
	if errors.Is(err, api.ErrNoImage) {
		return "", diag.WithHint(fmt.Errorf("image %s is not here, and the project of its registry is not known", reference),
			"--project and --upstream-namespace name it, --image-prefix another registry")
	}
	return image.ID, err
}

// pullPolicies returns the pull_policy of a job or service. Without one, a local
// image is used if it exists and pulled otherwise.
func pullPolicies(image *gitlabci.Image) []string {
	if image == nil {
		return nil
	}
	return image.PullPolicy
}

// asks reports whether a pull policy may contact a registry.
func asks(policy string) bool { return policy != "never" }

// byPolicy returns the ID of an image by the first pull policy that succeeds, as
// GitLab Runner does. When offline, "always" uses the local image.
func (r *Runner) byPolicy(ctx context.Context, j *Job, reference, platform string, policies []string, log io.Writer) (id string, err error) {
	for i, policy := range policies {
		switch {
		case policy == "never":
			id, err = r.present(ctx, reference)
		case policy == "always" && r.Offline:
			if id, err = r.pulled(ctx, reference, platform, false, log); err == nil {
				r.warn(j, fmt.Sprintf("image %s is not pulled, although its pull_policy is always: --offline forbids it", reference))
			}
		default:
			id, err = r.pulled(ctx, reference, platform, policy == "always", log)
		}
		if err == nil || ctx.Err() != nil {
			return id, err
		}
		if i+1 < len(policies) {
			r.warn(j, fmt.Sprintf("pull_policy %s: %v; trying %s", policy, err, policies[i+1]))
		}
	}
	return id, err
}

// present returns the ID of an image with the pull policy "never".
func (r *Runner) present(ctx context.Context, reference string) (string, error) {
	image, err := r.Engine.Inspect(ctx, reference)
	if errors.Is(err, api.ErrNoImage) {
		return "", fmt.Errorf("image %s is not here, and its pull_policy is never", reference)
	}
	return image.ID, err
}

// pulled returns the ID of an image. It pulls the image if it does not exist
// locally for the platform, or if always is true.
func (r *Runner) pulled(ctx context.Context, reference, platform string, always bool, log io.Writer) (string, error) {
	if !always {
		image, err := r.Engine.Inspect(ctx, reference)
		if err == nil && api.RunsOn(image, platform) || err != nil && !errors.Is(err, api.ErrNoImage) {
			return image.ID, err
		}
	}
	if r.Offline && !strings.HasPrefix(reference, "localhost/") {
		return "", fmt.Errorf("image %s is not there%s, and --offline forbids to pull it", reference, forPlatform(platform))
	}
	image, err := r.Engine.PullPlatform(ctx, reference, platform, log)
	return image.ID, err
}

// platform returns image:docker:platform of the job, or "".
func (j *Job) platform() string {
	if j.Job.Image == nil {
		return ""
	}
	return j.Job.Image.Platform
}

func forPlatform(platform string) string {
	if platform == "" {
		return ""
	}
	return " for " + platform
}
