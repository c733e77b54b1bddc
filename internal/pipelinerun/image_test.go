// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/targets"
)

type fewEnvironments struct{}

func (fewEnvironments) Dockerfiles(context.Context, string, []byte, string, bool) (map[string][]byte, string, error) {
	return nil, "", errors.New("not asked for")
}

func (fewEnvironments) Target(string, string) *targets.Target { return nil }

func (fewEnvironments) Base(target string) (bootstrap.Options, error) {
	if target != "debian-13" {
		return bootstrap.Options{}, errors.New("no mirror is known")
	}
	return bootstrap.Options{Reference: "base"}, nil
}

// TestBootstrapOfJobImages: base images are made if that is on, requests are allowed, and
// the distribution is supported.
func TestBootstrapOfJobImages(t *testing.T) {
	for _, c := range []struct {
		o       ImageOptions
		target  string
		want    bool
		warning bool
	}{
		{ImageOptions{Bootstrap: true}, "debian-13", true, false},
		{ImageOptions{}, "debian-13", false, false},
		{ImageOptions{Bootstrap: true, Offline: true}, "debian-13", false, false},
		{ImageOptions{Bootstrap: true}, "fedora-44", false, true},
		{ImageOptions{Bootstrap: true}, "", false, false},
	} {
		warned := false
		i := &jobImages{ImageOptions: c.o, project: "p", messages: Messages{Warnf: func(string, string, ...any) { warned = true }}}
		i.Environments = fewEnvironments{}
		image := i.build(&jobrun.Job{}, gitlabci.Role{Target: c.target}, "env", "ci/env.Dockerfile", []byte("FROM base\n"))
		if image.Bootstrap != c.want || (image.Base.Reference != "") != c.want || warned != c.warning || image.Build.Tag != "lcitool.p.env" {
			t.Errorf("%+v, %s: %+v, warned %v", c.o, c.target, image, warned)
		}
		if offline := image.Build.Pull == api.PullNever; offline != c.o.Offline {
			t.Errorf("%+v: pull policy %v", c.o, image.Build.Pull)
		}
	}
}

// TestDefaultImage: the runner's default image is for jobs that name none, also by an empty
// variable. A variable that is unknown here has a value on GitLab.
func TestDefaultImage(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "default",
		"image: $E, ":                            "default",
		"image: '${E}$E', ":                      "default",
		"image: {name: $E, docker: {user: x}}, ": "default",
		"image: $UNKNOWN, ":                      "",
		"image: $E$UNKNOWN, ":                    "",
		"image: x, ":                             "x",
		"image: $X, ":                            "x",
	} {
		file := fstest.MapFS{".gitlab-ci.yml": {Data: []byte("variables: {E: '', X: x}\nj: {" + text + "script: [x]}\n")}}
		p, err := gitlabci.Load(file, ".gitlab-ci.yml", gitlabci.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j := &jobrun.Job{Job: p.Evaluate(gitlabci.Event{}).Jobs[0]}
		if j.Job.Image != nil {
			j.Image.Reference = j.Job.Image.Name
		}
		i := &jobImages{ImageOptions: ImageOptions{Default: "default"}}
		if i.chooseDefault(j); j.Image.Reference != want {
			t.Errorf("%s: %q, want %q", text, j.Image.Reference, want)
		}
	}
}
