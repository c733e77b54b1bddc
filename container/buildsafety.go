// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/containers/podman/v4/pkg/bindings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/buildrisk"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// safe returns an UnsafeError for a Dockerfile that could access lcitool's data
// or this machine. It applies to all Dockerfiles; those that lcitool renders
// always pass. bases are the base images by name, nil before they are known.
func (e *Engine) safe(ctx context.Context, o api.BuildOptions, bases map[string]buildrisk.Base) error {
	f, err := buildrisk.Parse(o.Dockerfile, o.Args, bases)
	if err != nil {
		return fmt.Errorf("cannot build image %s: %s: %w", o.Tag, dockerfileName(o), err)
	}
	if problems := f.Refused(); len(problems) > 0 {
		return unsafeError(o, problems, "")
	}
	if o.AllowUnsafe || !f.Risky() {
		return nil
	}
	if problems := f.Unsafe(e.buildah(ctx)); len(problems) > 0 {
		return unsafeError(o, problems, "a podman whose buildah has the fix may build it (lcitool doctor says what this one lacks); --allow-unsafe-build builds it here")
	}
	return nil
}

func dockerfileName(o api.BuildOptions) string { return cmp.Or(o.File, "Dockerfile") }

func unsafeError(o api.BuildOptions, problems []buildrisk.Problem, hint string) error {
	u := &api.UnsafeError{Tag: o.Tag, Hint: hint}
	for _, p := range problems {
		u.Problems = append(u.Problems, dockerfileName(o)+":"+p.String())
	}
	return u
}

// buildah returns the version of the service's builder, or "" if unknown. A podman that
// is asked about itself starts a dozen programs.
func (e *Engine) buildah(ctx context.Context) string {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return ""
	}
	defer podman.CloseIdle(c)
	if version := pingedBuildah(c); version != "" {
		return version
	}
	info, _ := e.Info(ctx) // without a version if that fails
	return info.Host.BuildahVersion
}

// pingedBuildah returns the version of the builder that the answer to a ping has.
func pingedBuildah(c context.Context) string {
	client, err := bindings.GetClient(c)
	if err != nil {
		return ""
	}
	response, err := client.DoRequest(c, nil, http.MethodGet, "/_ping", nil, nil)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	return response.Header.Get("Libpod-Buildah-Version")
}
