// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"bytes"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// cacheDir is where a cache of packages is mounted while a layer is made. It
// is not the packaging's own directory: images of Docker have a hook that empties
// that one.
const cacheDir = "/var/cache/lcitool"

// WithPackageCache changes a Dockerfile of t so that building it keeps the
// packages that it fetches in a cache mount, from one build to the next. The
// image is the same, and smaller where it would have kept them itself. ok is
// false for a packaging that we know no way for, and for another's Dockerfile.
func WithPackageCache(t targets.Target, dockerfile []byte) (changed []byte, ok bool) {
	f, known := formats[t.Packaging.Format]
	if !known {
		return nil, false
	}
	first, commands := f.cache(cacheDir)
	begin := []byte("\nRUN " + first)
	if first == "" || !bytes.Contains(dockerfile, begin) {
		return nil, false
	}
	run := "\nRUN --mount=type=cache,id=lcitool-" + t.Name + ",target=" + cacheDir + " \\\n    " +
		strings.Join(append(commands, first), " && \\\n    ")
	return bytes.ReplaceAll(dockerfile, begin, []byte(run)), true
}
