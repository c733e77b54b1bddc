// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"path"
)

// endOfArchive is the rest of a block of a tar archive, if one is open, and two
// empty blocks.
const endOfArchive = 3 * 512

// extractable passes on the archive of a cache up to the first entry that GitLab
// Runner cannot extract over what is there, and says why it cannot, or "". It adds the
// entries before it to passed.
func extractable(to io.Writer, archive io.Reader, there []placed, passed artifactEntries) (conflict string, err error) {
	held := &heldWriter{to: to}
	t := tar.NewReader(io.TeeReader(archive, held))
	over := placeOver(there)
	for {
		held.holds = true // the header, until it is checked
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		name, kind := path.Clean(h.Name), h.FileInfo().Mode().Type()
		if conflict := over.conflict(name, kind); conflict != "" {
			_, err := to.Write(make([]byte, endOfArchive))
			return conflict, err
		}
		passed[name] = kind
		if err := held.release(); err != nil {
			return "", err
		}
		if _, err := io.Copy(io.Discard, t); err != nil {
			return "", err
		}
	}
	if err := held.release(); err != nil {
		return "", err
	}
	_, err = io.Copy(to, archive)
	return "", err
}

// A heldWriter keeps what is written while it holds, and passes on everything else.
type heldWriter struct {
	to    io.Writer
	holds bool
	held  bytes.Buffer
}

func (w *heldWriter) Write(p []byte) (int, error) {
	if w.holds {
		return w.held.Write(p)
	}
	return w.to.Write(p)
}

// release passes on what was kept.
func (w *heldWriter) release() error {
	w.holds = false
	_, err := w.held.WriteTo(w.to)
	return err
}
