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
)

// importImage makes an image of one layer out of a tar stream of a file
// system, with a command and labels, and names it.
func importImage(c context.Context, layer io.Reader, reference, command string, labels map[string]string) (string, error) {
	changes := []string{fmt.Sprintf("CMD [%q]", command)}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		changes = append(changes, "LABEL "+name+"="+labels[name])
	}
	report, err := images.Import(c, layer, new(images.ImportOptions).WithReference(withTag(reference)).WithChanges(changes))
	if err != nil {
		return "", engineError("import image "+reference, err)
	}
	return strings.TrimPrefix(report.Id, "sha256:"), nil
}
