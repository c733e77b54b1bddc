// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// TestJoined: consecutive trees for the same directory become one archive with all entries
// in order.
func TestJoined(t *testing.T) {
	tree := func(target string, asPacked bool, names ...string) api.Tree {
		var files []packedFile
		for _, name := range names {
			files = append(files, packedFile{name, 0o640, []byte("text of " + name)})
		}
		return api.Tree{Target: target, AsPacked: asPacked, Tar: packed(files...)}
	}
	var got []string
	for _, one := range joined([]api.Tree{
		tree("/", true, "a", "b"), tree("/", true), tree("/", true, "c", "a"), tree("/src", true, "d"), tree("/src", false, "e"),
		tree("/src", false, "f"), tree("/", true, "g"),
	}) {
		var archive bytes.Buffer
		if err := one.Tar(t.Context(), &archive); err != nil {
			t.Fatal(err)
		}
		line := one.Target
		in := tar.NewReader(&archive)
		for {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			text, readErr := io.ReadAll(in)
			if err != nil || readErr != nil || string(text) != "text of "+h.Name || h.Mode != 0o640 {
				t.Fatalf("%+v: %q, %v, %v", h, text, err, readErr)
			}
			line += " " + h.Name
		}
		got = append(got, line)
	}
	if want := "/ a b c a|/src d|/src e|/src f|/ g"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJoinedErrors(t *testing.T) {
	broken := errors.New("broken")
	good := api.Tree{Target: "/", AsPacked: true, Tar: packed(packedFile{"a", 0o644, []byte("a")})}
	for name, bad := range map[string]func(context.Context, io.Writer) error{
		"at once": func(context.Context, io.Writer) error { return broken },
		"after entries": func(ctx context.Context, w io.Writer) error {
			return errors.Join(good.Tar(ctx, w), broken)
		},
	} {
		trees := joined([]api.Tree{good, {Target: "/", AsPacked: true, Tar: bad}, good})
		if len(trees) != 1 {
			t.Fatalf("%s: %d trees", name, len(trees))
		}
		if err := trees[0].Tar(t.Context(), io.Discard); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := joined([]api.Tree{good, good})[0]
	r, w := io.Pipe()
	if err := r.Close(); err != nil { // the engine stopped to read
		t.Fatal(err)
	}
	if err := one.Tar(t.Context(), w); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("without a reader: %v", err)
	}
}
