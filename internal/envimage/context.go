// SPDX-License-Identifier: GPL-2.0-or-later

package envimage

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/dockerfile"
	"gitlab.com/lcitool/lcitool/internal/buildcontext"
)

// AddContext adds the files that the Dockerfile copies to the build, from dir
// below tree. tracked returns the files of the tree to include, nil for all; it
// is called only if the Dockerfile copies files.
func (i *Image) AddContext(tree, dir string, tracked func() ([]string, error)) error {
	sources, err := dockerfile.Sources(i.Build.Dockerfile, i.Build.Args)
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
	i.Build.Context = api.BuildContext{Write: c.Write, Digest: c.Digest}
	i.Build.Delta = nil // it does not cover copied files
	return nil
}
