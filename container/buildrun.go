// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/containers/buildah/define"
	"github.com/containers/image/v5/types"
	"github.com/containers/podman/v4/pkg/bindings/images"
	"github.com/containers/podman/v4/pkg/domain/entities"
	"github.com/opencontainers/runtime-spec/specs-go"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// An order is one build request.
type order struct {
	api.BuildOptions
	record records.Record
	text   []byte // the Dockerfile as it is sent
	flat   bool   // all in one layer, and nothing from the cache
}

// build runs one build and returns the ID of the image, which has no name yet.
func (e *Engine) build(ctx context.Context, o order) (string, error) {
	service, dir, remove, err := e.buildService(ctx)
	if err != nil {
		return "", err
	}
	defer remove()
	builder := e
	if service != nil {
		defer service.Stop()
		if err := linkCache(dir, o.CacheDir); err != nil {
			return "", err
		}
		builder = e.at(service)
	}
	request := filepath.Join(dir, "context")
	if err := os.Mkdir(request, 0o700); err != nil {
		return "", err
	}
	if err := o.writeContext(request); err != nil {
		return "", err
	}
	asked := builder.buildLimits()
	id, err := builder.request(ctx, o, request)
	for ctx.Err() == nil && builder.lowerLimits(asked, err) {
		asked = builder.buildLimits()
		id, err = builder.request(ctx, o, request)
	}
	if err != nil && service != nil && (ctx.Err() != nil || service.Ended(ctx)) {
		service.Stop()
		e.removeWorkers(ctx, dir, o.record)
	}
	if err != nil {
		return "", err
	}
	return e.verify(ctx, o, id) // the build's own service may have ended after the image was complete
}

// writeContext writes the build context to dir. The context may itself contain a
// file called Dockerfile.
func (o order) writeContext(dir string) error {
	if o.Context.Write != nil {
		if err := o.Context.Write(dir); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, o.recipeName()), o.text, 0o600)
}

func (o order) recipeName() string {
	if o.Context.Write != nil {
		return "lcitool.Dockerfile"
	}
	return "Dockerfile"
}

// request sends the build request and reads the response to its end. It returns
// the last ID of the output, which a step may have printed. When ctx ends, it
// stops a private service before it closes the request; otherwise containers
// would be left behind.
func (e *Engine) request(ctx context.Context, o order, dir string) (string, error) {
	open, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	c, err := e.service.Conn(open)
	if err != nil {
		return "", err
	}
	defer podman.CloseIdle(c)
	over, stopped := make(chan struct{}), make(chan struct{})
	watched := &buildSteps{dir: filepath.Dir(dir)}
	go watched.watch(over)
	go func() {
		defer close(stopped)
		select {
		case <-over:
			return
		case <-ctx.Done():
		}
		if e.service.Private() != nil {
			watched.stop()
			e.service.Private().Stop()
		}
		giveUp()
	}()
	log := newBuildLog(o.Log)
	_, err = buildImage(c, filepath.Join(dir, o.recipeName()), e.buildOptions(o, dir, log))
	log.flush()
	close(over)
	<-stopped
	if ctx.Err() != nil {
		return "", e.cancelled(ctx, o.BuildOptions, log)
	}
	if err != nil {
		return "", buildError(o.BuildOptions, log, err)
	}
	return log.id, nil
}

func buildImage(c context.Context, dockerfile string, o entities.BuildOptions) (*entities.BuildReport, error) {
	return images.Build(c, []string{dockerfile}, o)
}

func (e *Engine) cancelled(ctx context.Context, o api.BuildOptions, log *buildLog) error {
	err := context.Cause(ctx)
	if e.service.Private() == nil {
		err = &StillRunningError{Step: log.step, Steps: log.steps, URL: e.service.URL(), Err: err}
	}
	return fmt.Errorf("cannot build image %s: %w", o.Tag, err)
}

// verify returns the whole ID of the image that a build has made. A step may print
// an ID as well, so it checks the image's label.
func (e *Engine) verify(ctx context.Context, o order, id string) (string, error) {
	c, done, err := e.service.Afterwards(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if id == "" {
		return "", &api.EngineError{Op: "build image " + o.Tag, Code: 125, Err: errors.New("the stream ended without an image")}
	}
	image, err := e.inspect(c, id)
	if err != nil {
		return "", &api.EngineError{Op: "build image " + o.Tag, Code: 125, Err: err}
	}
	if image.Labels[labelBuild] != o.record.Token {
		return "", &api.EngineError{Op: "build image " + o.Tag, Code: 125, Err: fmt.Errorf("image %s is not of this build", id)}
	}
	if !api.RunsOn(image, o.Platform) {
		return "", &api.EngineError{Op: "build image " + o.Tag, Code: 125, Err: fmt.Errorf("its base image %s is for %s, not for %s", baseImage(o.BuildOptions), image.Architecture, o.Platform)}
	}
	return image.ID, nil
}

func (e *Engine) buildOptions(o order, dir string, log *buildLog) entities.BuildOptions {
	b := define.BuildOptions{
		ContextDirectory: dir,
		Out:              log,
		// The bindings' zero values would turn off the cache and keep containers.
		Layers:                  !o.flat,
		OutputFormat:            define.OCIv1ImageManifest,
		RemoveIntermediateCtrs:  true,
		ForceRmIntermediateCtrs: true,
		NoCache:                 o.NoCache,
		PullPolicy:              pullPolicy(o.Pull),
		Args:                    o.Args,
		Annotations:             []string{annotationBuild + "=" + o.record.Token},
		CommonBuildOpts:         &define.CommonBuildOptions{Ulimit: ulimits(e.buildLimits()), HTTPProxy: true, Secrets: []string{buildSecret(o.record.Token)}},
	}
	network := define.NamespaceOption{Name: string(specs.NetworkNamespace)}
	switch { // if unset, the host's would be used
	case o.Offline || o.Network == api.NetworkNone:
		b.ConfigureNetwork = define.NetworkDisabled
	case o.Network == api.NetworkHost:
		b.ConfigureNetwork, network.Host = define.NetworkEnabled, true
	default:
		b.ConfigureNetwork = define.NetworkEnabled
	}
	b.NamespaceOptions = []define.NamespaceOption{network}
	if e.service.Private() == nil { // a service of another user has its own proxies
		b.CommonBuildOpts.HTTPProxy = false
		b.Args = proxies(e.options.Variable, o.Args)
	}
	if o.Platform != "" {
		system, arch, variant := api.SplitPlatform(o.Platform)
		b.Platforms = []struct{ OS, Arch, Variant string }{{system, arch, variant}}
	}
	if file := e.authFile(); file != "" {
		b.SystemContext = &types.SystemContext{AuthFilePath: file}
	}
	return entities.BuildOptions{BuildOptions: b}
}

func pullPolicy(p api.PullPolicy) define.PullPolicy {
	switch p {
	case api.PullAlways:
		return define.PullAlways
	case api.PullNever:
		return define.PullNever
	case api.PullNewer:
		return define.PullIfNewer
	}
	return define.PullIfMissing
}

// buildError converts an error of the builder to a BuildError, and other errors
// to an EngineError.
func buildError(o api.BuildOptions, log *buildLog, err error) error {
	if code(err) >= http.StatusBadRequest && log.step == 0 && !baseMissing(err.Error()) {
		return engineError("build image "+o.Tag, err)
	}
	failed := &api.BuildError{
		Tag: o.Tag, Step: log.step, Steps: log.steps, Instruction: log.instruction,
		Code: exitStatus(err.Error()), Base: baseImage(o), BaseMissing: baseMissing(err.Error()), Text: err.Error(),
	}
	if reason := log.refused(); reason != "" && failed.Code != 0 {
		failed.Code, failed.Text = 0, reason // the status is the builder's own
	}
	return failed
}
