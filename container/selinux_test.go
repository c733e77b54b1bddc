// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/containers/podman/v4/pkg/specgen"
	spec "github.com/opencontainers/runtime-spec/specs-go"
)

// Only files that lcitool made are relabelled; a container with the user's files runs
// unconfined, and then nothing is relabelled.
func TestRelabel(t *testing.T) {
	e := recorder(t)
	e.options.Getenv = func(string) string { return "" }
	made, remove, err := e.TempDirIn(t.Context(), t.TempDir(), "run")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	users := t.TempDir()
	like := filepath.Join(users, filepath.Base(made)) // a name like ours elsewhere
	if err := os.Mkdir(like, 0o700); err != nil {
		t.Fatal(err)
	}
	bind := func(source string) spec.Mount {
		return spec.Mount{Type: "bind", Source: source, Destination: "/x", Options: []string{"rbind", "ro"}}
	}
	for name, c := range map[string]struct {
		mounts   []spec.Mount
		overlays []*specgen.OverlayVolume
		confined bool
	}{
		"ours":               {[]spec.Mount{bind(made), bind(made + "/script")}, nil, true},
		"the user's":         {[]spec.Mount{bind(users)}, nil, false},
		"both":               {[]spec.Mount{bind(made + "/script"), bind(users)}, nil, false},
		"a tree of the user": {[]spec.Mount{bind(made)}, []*specgen.OverlayVolume{{Source: users}}, false},
		"a name like ours":   {[]spec.Mount{bind(like)}, nil, false},
		"out of ours":        {[]spec.Mount{bind(made + "/../" + filepath.Base(users))}, nil, false},
		"above ours":         {[]spec.Mount{bind(filepath.Dir(made))}, nil, false},
		"a root":             {[]spec.Mount{bind("/")}, nil, false},
	} {
		s := specgen.NewSpecGenerator("x", false)
		s.Mounts, s.OverlayVolumes = c.mounts, c.overlays
		relabel(s, e.madeDir)
		if got := slices.Contains(s.SelinuxOpts, "disable"); got == c.confined {
			t.Errorf("%s: not confined: %v", name, got)
		}
		for _, m := range s.Mounts {
			if got := slices.Contains(m.Options, "z"); got != c.confined {
				t.Errorf("%s: %s relabelled: %v", name, m.Source, got)
			}
		}
	}
}

// Nothing is relabelled unless the kernel enforces.
func TestSELinuxEnforcing(t *testing.T) {
	for text, want := range map[string]bool{"1": true, "1\n": true, "0": false, "0\n": false, "": false, "11": false} {
		if got := selinuxEnforcing(fstest.MapFS{"enforce": {Data: []byte(text)}}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if selinuxEnforcing(fstest.MapFS{}) {
		t.Error("a kernel without SELinux enforces it")
	}
}
