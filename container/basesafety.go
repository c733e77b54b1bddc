// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/containers/podman/v4/pkg/bindings/system"

	"gitlab.com/lcitool/lcitool/container/internal/buildrisk"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxImageConfig limits the size of an image configuration, in bytes. Real ones
// are far smaller.
const maxImageConfig = 16 << 20

// safeBases checks the Dockerfile together with its base images, whose variables
// change the meaning of instructions and whose ONBUILD instructions the builder
// runs first. It pulls missing base images before the check. The returned policy
// makes the builder use the images that were checked.
func (e *Engine) safeBases(ctx context.Context, o BuildOptions) (PullPolicy, error) {
	policy := PullMissing
	if o.Pull == PullNever {
		policy = PullNever
	}
	f, err := buildrisk.Parse(o.Dockerfile, o.Args, nil)
	if err != nil {
		return policy, fmt.Errorf("cannot build image %s: %s: %w", o.Tag, o.file(), err)
	}
	bases, hidden := map[string]buildrisk.Base{}, []string{}
	for _, from := range f.Froms() {
		image, err := e.pullFrom(ctx, o, from)
		if err != nil {
			return policy, err
		}
		base, seen, err := e.base(ctx, image)
		if err != nil {
			return policy, err
		}
		if old, twice := bases[from.Image]; twice { // for two platforms
			base.OnBuild = append(old.OnBuild, base.OnBuild...)
			base.Env = append(old.Env, base.Env...)
		}
		if bases[from.Image] = base; !seen {
			hidden = append(hidden, from.Image)
		}
	}
	if err := e.safe(ctx, o, bases); err != nil || len(hidden) == 0 || o.AllowUnsafe {
		return policy, err
	}
	if known := buildrisk.Known(e.buildah(ctx)); len(known) > 0 {
		for _, image := range hidden {
			say(o.Log, fmt.Sprintf("warning: cannot see from here whether base image %s has ONBUILD instructions, which this podman lets reach its machine (%s)", image, known[0]))
		}
	}
	return policy, nil
}

// pullFrom returns the image that a stage starts from, and pulls it if needed.
// If the policy forbids it, the builder reports the missing image.
func (e *Engine) pullFrom(ctx context.Context, o BuildOptions, from buildrisk.From) (Image, error) {
	image, err := e.Inspect(ctx, from.Image)
	if err != nil && !errors.Is(err, ErrNoImage) {
		return Image{}, err
	}
	there := err == nil && RunsOn(image, from.Platform)
	if there && o.Pull != PullAlways && o.Pull != PullNewer || o.Pull == PullNever {
		return image, nil
	}
	pulled, err := e.PullPlatform(ctx, from.Image, from.Platform, o.Log)
	switch {
	case err == nil || ctx.Err() != nil:
		return pulled, err
	case there && o.Pull == PullNewer:
		say(o.Log, "warning: "+err.Error()+"; the one that is here is used")
		return image, nil
	}
	return Image{}, &BuildError{Tag: o.Tag, Base: from.Image, BaseMissing: true, Text: err.Error()}
}

// base returns what an image adds to a build. The API does not return ONBUILD,
// so it is read from the store; seen is false if it cannot be read.
func (e *Engine) base(ctx context.Context, image Image) (b buildrisk.Base, seen bool, err error) {
	b = buildrisk.Base{Env: image.Env, WorkDir: image.workDir}
	if image.ID == "" { // not there
		return b, true, nil
	}
	if !e.service.Local() {
		return b, false, nil
	}
	c, err := e.service.Conn(ctx)
	if err != nil {
		return b, false, err
	}
	defer podman.CloseIdle(c)
	info, err := system.Info(c, nil)
	if err != nil {
		return b, false, engineError("ask podman about itself", err)
	}
	if info.Store == nil || !filepath.IsAbs(info.Store.GraphRoot) {
		return b, false, nil
	}
	b.OnBuild, err = onBuild(filepath.Join(info.Store.GraphRoot, info.Store.GraphDriverName+"-images"), image.ID)
	return b, err == nil, nil
}

// onBuild reads the ONBUILD instructions of an image from the directory of a
// store's images. The file name of the configuration is derived from its digest.
func onBuild(store, id string) ([]string, error) {
	name := "=" + base64.StdEncoding.EncodeToString([]byte("sha256:"+id))
	data, err := safefs.ReadFile(filepath.Join(store, id, name), maxImageConfig)
	if err != nil {
		return nil, err
	}
	var config struct {
		Config struct {
			OnBuild []string `json:"OnBuild"`
		} `json:"config"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, err
	}
	return config.Config.OnBuild, nil
}
