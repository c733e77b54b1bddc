// SPDX-License-Identifier: GPL-2.0-or-later

package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

func TestSourcesOnThisMachine(t *testing.T) {
	for _, c := range []struct {
		sources []string
		want    bool
	}{
		{[]string{"deb file:/srv/debian bookworm main"}, true},
		{[]string{"deb [trusted=yes] file:///srv/debian bookworm main", "deb copy:/srv/more bookworm main"}, true},
		{[]string{"deb http://mirror.example/debian bookworm main"}, false},
		{[]string{"deb file:/srv/debian bookworm main", "deb https://mirror.example/debian bookworm main"}, false},
		{[]string{"deb [signed-by=/etc/file:/x] https://mirror.example/debian bookworm main"}, false},
		{[]string{"deb nothing"}, false},
	} {
		if got := (Options{Sources: c.sources}).local(); got != c.want {
			t.Errorf("%q: %v, want %v", c.sources, got, c.want)
		}
	}
}

func TestRefuses(t *testing.T) {
	sources := []string{"deb http://m/debian sid main"}
	for want, o := range map[string]Options{
		"only Debian and Ubuntu":  {Distro: "fedora", Suite: "44", Reference: "r", Sources: sources},
		"only Debian and Ubuntu ": {Suite: "x", Reference: "r", Sources: sources},
		`"../x" is not a suite`:   {Distro: "debian", Suite: "../x", Reference: "r", Sources: sources},
		`"--help" is not a suite`: {Distro: "debian", Suite: "--help", Reference: "r", Sources: sources},
		`"" is not a suite`:       {Distro: "debian", Reference: "r", Sources: sources},
		"no reference":            {Distro: "debian", Suite: "sid", Sources: sources},
		"name a mirror":           {Distro: "debian", Suite: "sid", Reference: "r"},
		"not a line of package":   {Distro: "debian", Suite: "sid", Reference: "r", Sources: []string{"--hook"}},
	} {
		if err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	o := Options{Distro: "ubuntu", Suite: "noble", Reference: "r", Sources: sources}
	if err := o.check(); err != nil {
		t.Error(err)
	}
}

// images is an engine that has some images and builds none.
type images struct {
	there  []string
	locked int
}

var errNoDir = errors.New("no directory")

func (i *images) Inspect(_ context.Context, reference string) (api.Image, error) {
	if slices.Contains(i.there, reference) {
		return api.Image{ID: "id of " + reference}, nil
	}
	return api.Image{}, api.ErrNoImage
}

func (i *images) LockImage(context.Context, string) (func(), error) {
	i.locked++
	return func() { i.locked-- }, nil
}

func (i *images) TempDirIn(_ context.Context, parent, _ string) (string, func(), error) {
	if i.locked != 1 {
		return "", nil, errors.New("not locked")
	}
	return "", nil, fmt.Errorf("%s: %w", parent, errNoDir)
}

func (i *images) Import(context.Context, api.ImportOptions, io.Reader) (string, error) {
	return "", errors.New("nothing to import")
}

func TestImageIsMadeOnlyIfItIsNotThere(t *testing.T) {
	o := Options{Reference: "base", Distro: "debian", Suite: "sid", Sources: []string{"deb http://m sid main"}}
	there, absent := &images{there: []string{"base:latest"}}, &images{}
	result, err := Image(t.Context(), there, o)
	if err != nil || !result.Existed || result.ID != "id of base:latest" {
		t.Errorf("there: %+v, %v", result, err)
	}
	if _, err := Image(t.Context(), absent, o); !errors.Is(err, errNoDir) || !strings.Contains(err.Error(), "/var/tmp") {
		t.Errorf("absent: %v", err)
	}
	forced := o
	forced.Force, forced.TempDir = true, "/elsewhere"
	if _, err := Image(t.Context(), there, forced); !errors.Is(err, errNoDir) || !strings.Contains(err.Error(), "/elsewhere") {
		t.Errorf("forced: %v", err)
	}
	offline := o
	offline.Offline = true
	if _, err := Image(t.Context(), absent, offline); err == nil || errors.Is(err, errNoDir) {
		t.Errorf("offline: %v", err)
	}
	offline.Sources = []string{"deb file:/srv sid main"}
	if _, err := Image(t.Context(), absent, offline); !errors.Is(err, errNoDir) {
		t.Errorf("offline from files: %v", err)
	}
	if there.locked != 0 || absent.locked != 0 {
		t.Error("a lock is left")
	}
}
