// SPDX-License-Identifier: GPL-2.0-or-later

package envimage

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/buildcontext"
)

// AddContext gives the build of an image the files that its Dockerfile copies,
// from a directory of a project's tree. tracked lists the files of the tree that
// count, nil for all; it is only called if the Dockerfile copies some.
func (i *Image) AddContext(tree, dir string, tracked func() ([]string, error)) error {
	sources, err := container.ContextSources(i.Build.Dockerfile, i.Build.Args)
	if err == nil && len(sources) == 0 {
		return nil
	}
	var names []string
	if err == nil {
		names, err = tracked()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", i.Build.File, err)
	}
	c, err := buildcontext.Read(tree, dir, sources, names)
	if err != nil {
		return fmt.Errorf("%s: %w", i.Build.File, err)
	}
	i.Build.Context = container.BuildContext{Write: c.Write, Digest: c.Digest}
	i.Build.Delta = nil // it says nothing of files
	return nil
}
