// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	archivecopy "github.com/containers/podman/v4/pkg/copy"
)

// archives serves the archives of a container like podman: those of links are of what they
// lead to. Only the header says that the path is a link.
func archives(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Libpod-API-Version", "4.3.1")
	if !strings.HasSuffix(r.URL.Path, "/archive") {
		return
	}
	links := map[string]struct{ text, target string }{
		"/d/l": {"f", "/d/f"}, "/d/abs": {"/d/f", "/d/f"}, "/d/chain": {"other", "/d/f"}, "/d/up": {"../x", "/x"}, "/d/gone": {"nowhere", "/d/nowhere"},
	}
	name := r.URL.Query().Get("path")
	info := &archivecopy.FileInfo{Name: "f", Mode: 0o644, Size: 1, LinkTarget: name}
	if link, ok := links[name]; ok {
		info.Mode, info.Size, info.LinkTarget = fs.ModeSymlink|0o777, int64(len(link.text)), link.target
	}
	if header, _ := archivecopy.EncodeFileInfo(info); name != "/d/unknown" {
		w.Header().Set(archivecopy.XDockerContainerPathStatHeader, header)
	}
	switch name {
	case "/d/gone", "/d/none":
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"no such file or directory","response":404}`)
	case "/d/loop":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"message":"copier: stat: error resolving \"/d/loop\": open /d/loop: too many levels of symbolic links","response":500}`)
	case "/d/broken":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"message":"it broke","response":500}`)
	case "/d/.":
		out := tar.NewWriter(w)
		_ = out.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "before", Linkname: "elsewhere"})
		_ = out.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "chain", Linkname: links["/d/chain"].text})
		_ = out.Close()
	default:
		out := tar.NewWriter(w)
		_ = out.WriteHeader(&tar.Header{Name: filepath.Base(name), Mode: 0o644})
		_ = out.Close()
	}
}

// TestGetNoFollow: the archive of a link has the link's own text. What cannot be known is an
// error.
func TestGetNoFollow(t *testing.T) {
	c := &Container{engine: serve(t, http.HandlerFunc(archives))}
	for name, want := range map[string]string{
		"/d/f": "f", "/d/l": "l -> f", "/d/abs": "abs -> /d/f", "/d/chain": "chain -> other", "/d/up": "up -> ../x",
		"/d/gone": "file does not exist", "/d/none": "file does not exist", "/d/loop": "file does not exist", "/d/broken": "it broke", "/d/unknown": "does not say",
	} {
		var out bytes.Buffer
		err := c.GetNoFollow(t.Context(), name, &out)
		if err != nil {
			if !strings.Contains(err.Error(), want) || errors.Is(err, fs.ErrNotExist) != strings.HasPrefix(want, "file") {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			continue
		}
		h, err := tar.NewReader(&out).Next()
		if err != nil {
			t.Fatal(err)
		}
		got := h.Name
		if h.Typeflag == tar.TypeSymlink {
			got += " -> " + h.Linkname
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
