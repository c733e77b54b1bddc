// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"io"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

type archEngine struct {
	Engine
	arch, pulled string
}

func (e *archEngine) Inspect(context.Context, string) (api.Image, error) {
	if e.arch == "" {
		return api.Image{}, api.ErrNoImage
	}
	return api.Image{ID: "here", Architecture: e.arch}, nil
}

func (e *archEngine) PullPlatform(_ context.Context, _, platform string, _ io.Writer) (api.Image, error) {
	e.pulled = "for " + platform
	return api.Image{ID: "pulled"}, nil
}

func TestImageOfTheJobsPlatform(t *testing.T) {
	for name, c := range map[string]struct {
		arch, platform string
		always         bool
		pulled         string
	}{
		"none named":         {"amd64", "", false, ""},
		"none named, always": {"amd64", "", true, "for "},
		"not there":          {"", "linux/arm64", false, "for linux/arm64"},
		"there":              {"arm64", "linux/arm64/v8", false, ""},
		"of another":         {"amd64", "linux/arm64", false, "for linux/arm64"},
		"there, always":      {"arm64", "linux/arm64", true, "for linux/arm64"},
	} {
		e := &archEngine{arch: c.arch}
		r := &Runner{Engine: e}
		j := &Job{Job: gitlabci.Job{Image: &gitlabci.Image{Platform: c.platform}}, Image: Image{Reference: "r/i:1", AlwaysPull: c.always}}
		if _, _, err := r.image(t.Context(), j, io.Discard); err != nil || e.pulled != c.pulled {
			t.Errorf("%s: pulled %q, want %q, %v", name, e.pulled, c.pulled, err)
		}
		if r.Offline, e.pulled = true, ""; c.pulled != "" {
			if _, _, err := r.image(t.Context(), j, io.Discard); err == nil || e.pulled != "" {
				t.Errorf("%s, offline: pulled %q, %v", name, e.pulled, err)
			}
		}
	}
}

func TestImageOfAServicesPlatform(t *testing.T) {
	for platform, pulled := range map[string]string{"": "", "linux/amd64": "", "linux/s390x": "for linux/s390x"} {
		e := &archEngine{arch: "amd64"}
		j := &Job{Job: gitlabci.Job{Services: []gitlabci.Image{{Name: "r/db:1", Platform: platform}}}}
		if err := (&Runner{Engine: e}).prepareServices(t.Context(), j, io.Discard); err != nil || e.pulled != pulled {
			t.Errorf("%q: pulled %q, want %q, %v", platform, e.pulled, pulled, err)
		}
	}
}
