// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Import creates an image from a tar stream of a file system and returns its ID.
func (e *Engine) Import(ctx context.Context, o api.ImportOptions, layer io.Reader) (string, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer podman.CloseIdle(c)
	changes := []string{fmt.Sprintf("CMD [%q]", o.Command)}
	for _, name := range slices.Sorted(maps.Keys(o.Labels)) {
		changes = append(changes, "LABEL "+name+"="+o.Labels[name])
	}
	options := new(images.ImportOptions).WithReference(api.WithTag(o.Reference)).WithChanges(changes)
	if o.Arch != "" {
		options.WithOS("linux").WithArchitecture(o.Arch)
	}
	report, err := images.Import(c, layer, options)
	if err != nil {
		return "", engineError("import image "+o.Reference, err)
	}
	return strings.TrimPrefix(report.Id, "sha256:"), nil
}
