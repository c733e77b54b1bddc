// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/targets"
)

// imagesPipeline builds its images like projects without a manifest.
const imagesPipeline = `
variables: {TAG: latest, THE_UPSTREAM: up}
stages: [containers, build]
.container:
  stage: containers
  image: docker:latest
  services: [docker:dind]
  before_script:
    - export REF="$CI_REGISTRY_IMAGE/q/$NAME:$TAG"
    - until docker info; do sleep 1; done
  script:
    - docker build --tag "$REF" --cache-from "$REF" --build-arg BUILDKIT_INLINE_CACHE=1 -f "docker/$NAME.docker" "."
    - docker push "$REF"
debian-container:
  extends: .container
  variables: {NAME: debian}
missing-container:
  extends: .container
  variables: {NAME: missing}
firmware-image:
  extends: .container
  script:
    - docker build --tag $CI_REGISTRY_IMAGE:firmware --build-arg V=1 docker/firmware
    - docker build --tag second --target tools -f docker/firmware/Dockerfile docker
  rules: [{if: $NEVER}]
two-args:
  extends: .container
  script: [docker build -t a --build-arg V=2 docker/firmware]
in-debian:
  stage: build
  image: $CI_REGISTRY_IMAGE/q/debian:latest
  script: [make]
in-firmware:
  stage: build
  image: $CI_REGISTRY_IMAGE:firmware
  script: [make]
in-missing:
  stage: build
  image: $CI_REGISTRY_IMAGE/q/missing
  script: [make]
in-other:
  stage: build
  image: python:3
  script: [make]
`

const imageHeader = "# THIS FILE WAS AUTO-GENERATED\n#\n#  $ lcitool dockerfile --layers all --cross-arch s390x debian-13 p\n\n"

type noEnvironments struct{}

func (noEnvironments) Dockerfiles(context.Context, string, []byte, string, bool) (map[string][]byte, string, error) {
	return nil, "", nil
}
func (noEnvironments) Target(string, string) *targets.Target { return nil }
func (noEnvironments) Base(string) (bootstrap.Options, error) {
	return bootstrap.Options{}, nil
}

func imagesProject(t *testing.T) *Source {
	t.Helper()
	return opened(t, map[string]string{
		".gitlab-ci.yml":             imagesPipeline,
		"docker/debian.docker":       imageHeader + "FROM debian\nCOPY setup.sh /\n",
		"docker/firmware/Dockerfile": "FROM a AS tools\nFROM b\nARG V\n",
		"setup.sh":                   "true",
	})
}

// planned selects jobs and finds their images.
func planned(t *testing.T, namespace string, names []string, o ImageOptions) (*Plan, error) {
	t.Helper()
	s := imagesProject(t)
	e := s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: namespace, Project: "proj", Branch: "main", DefaultBranch: "main", Host: "gitlab.com"})
	p, err := e.Plan(t.Context(), Choice{Names: names})
	if err != nil {
		t.Fatal(err)
	}
	o.Environments = noEnvironments{}
	return p, p.FindImages(t.Context(), o)
}

func imageText(p *Plan) string {
	j := p.Jobs[0]
	out := j.Image.Reference
	if b := j.Image.Build; b != nil {
		out += fmt.Sprintf(" built from %s args %v context %v labels %s %s", b.Build.File, b.Build.Args, b.Build.Context.Digest != "",
			b.Build.Labels[api.LabelTarget], b.Build.Labels[api.LabelArch])
		if strings.Contains(string(b.Build.Dockerfile), "FROM b") {
			out += " all stages"
		}
	}
	for _, b := range j.Image.Builds {
		out += fmt.Sprintf(" and %s all stages %v", b.Build.Tag, strings.Contains(string(b.Build.Dockerfile), "FROM b"))
	}
	if j.Image.BuildOnly {
		out += " only"
	}
	if len(j.Image.Alternatives) > 0 {
		out += " else " + strings.Join(j.Image.Alternatives, " ")
	}
	if j.Image.Local {
		out += " local"
	}
	if j.Image.AlwaysPull {
		out += " pull"
	}
	return out
}

func TestFindImages(t *testing.T) {
	up := ImageOptions{Upstream: Upstream{Variable: "THE_UPSTREAM"}}
	with := func(o ImageOptions, change func(*ImageOptions)) ImageOptions { change(&o); return o }
	tests := []struct {
		job, namespace string
		options        ImageOptions
		want           string
	}{
		{"in-debian", "me", up, "lcitool.proj.debian built from docker/debian.docker args map[] context true labels debian-13 s390x"},
		{"debian-container", "me", up, "lcitool.proj.debian built from docker/debian.docker args map[] context true labels debian-13 s390x only"},
		{"in-other", "me", up, "python:3"},
		{"in-missing", "me", up, "registry.gitlab.com/me/proj/q/missing else registry.gitlab.com/up/proj/q/missing"},
		{"in-missing", "up", up, "registry.gitlab.com/up/proj/q/missing"},
		{"in-missing", ForkNamespace, up, "registry.gitlab.com/up/proj/q/missing"},
		{"in-missing", ForkNamespace, ImageOptions{}, "registry.gitlab.com/fork/proj/q/missing local"},
		{"in-missing", ForkNamespace, ImageOptions{Published: true}, "registry.gitlab.com/fork/proj/q/missing local pull"},
		{"in-missing", "me", ImageOptions{}, "registry.gitlab.com/me/proj/q/missing"},
		{"in-missing", "me", ImageOptions{Upstream: Upstream{Namespace: "a/b"}}, "registry.gitlab.com/me/proj/q/missing else registry.gitlab.com/a/b/proj/q/missing"},
		{"in-debian", "me", with(up, func(o *ImageOptions) { o.Published = true }), "registry.gitlab.com/up/proj/q/debian:latest pull"},
		{"in-debian", "me", ImageOptions{Prefix: "r.example/x-"}, "r.example/x-debian:latest"},
		{"in-debian", "me", ImageOptions{Tag: "v1"}, "registry.gitlab.com/me/proj/q/debian:v1"},
		{"in-debian", "me", ImageOptions{Prefix: "r.example/", Tag: "v1", Published: true}, "r.example/debian:v1 pull"},
		{"in-missing", "me", ImageOptions{Prefix: "r.example/"}, "r.example/missing:latest"},
		{"in-other", "me", ImageOptions{Prefix: "r.example/", Tag: "v1"}, "python:3"},
	}
	for _, test := range tests {
		p, err := planned(t, test.namespace, []string{test.job}, test.options)
		if err != nil {
			t.Errorf("%s: %v", test.job, err)
			continue
		}
		if got := imageText(p); got != test.want {
			t.Errorf("%s as %s: %s\nwant %s", test.job, test.namespace, got, test.want)
		}
	}
}

// TestSeveralBuilds has a job with two images, and a Dockerfile for several: each gets its
// own name.
func TestSeveralBuilds(t *testing.T) {
	tags := map[string]bool{}
	for _, job := range []string{"firmware-image", "two-args"} {
		p, err := planned(t, "me", []string{job}, ImageOptions{})
		if err != nil {
			t.Fatal(err)
		}
		i := p.Jobs[0].Image
		tags[i.Build.Build.Tag] = true
		for _, b := range i.Builds {
			tags[b.Build.Tag] = true
			if strings.Contains(string(b.Build.Dockerfile), "FROM b") {
				t.Error("a stage after the one that is asked for is built")
			}
		}
		if !i.BuildOnly {
			t.Errorf("%s is not for its images only", job)
		}
	}
	if len(tags) != 3 {
		t.Errorf("tags %v", tags)
	}
	p, err := planned(t, "me", []string{"in-firmware"}, ImageOptions{})
	if err != nil || p.Jobs[0].Image.Build == nil || !tags[p.Jobs[0].Image.Reference] || p.Jobs[0].Image.Build.Build.Args["V"] != "1" {
		t.Errorf("%v, %v", imageText(p), err)
	}
}

func TestMissingDockerfile(t *testing.T) {
	p, err := planned(t, "me", []string{"missing-container"}, ImageOptions{})
	if err != nil || p.Jobs[0].Image.BuildOnly || p.Jobs[0].Image.Reference != "docker:latest" {
		t.Errorf("%v, %v", imageText(p), err)
	}
}

func TestChooseByDockerfile(t *testing.T) {
	s := imagesProject(t)
	e := s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: "me", Project: "proj"})
	for _, test := range []struct {
		choice Choice
		want   string // jobs, or a part of the error
		hint   string
	}{
		{Choice{Targets: []string{"debian"}}, "in-debian", ""},
		{Choice{Targets: []string{"debian-13"}}, "in-debian", ""},
		{Choice{Targets: []string{"debian-13-cross-s390x"}}, "in-debian", ""},
		{Choice{Arches: []string{"s390x"}}, "in-debian", ""},
		{Choice{Targets: []string{"firmware"}}, "in-firmware", ""},
		{Choice{Names: []string{"*"}}, "in-debian in-firmware in-missing in-other", ""},
		{Choice{Targets: []string{"fedora-43"}}, "no job is for target fedora-43", "jobs are for debian, debian-13, firmware"},
		{Choice{Targets: []string{"debian"}, Arches: []string{"mips"}}, "no job is for target debian and architecture mips", "jobs are for"},
		{Choice{Targets: []string{"debain-13"}}, "no job is for target debain-13", `did you mean "debian-13"?; jobs are for debian, debian-13, firmware`},
		{Choice{Arches: []string{"s390"}}, "no job is for architecture s390", `did you mean "s390x"?; jobs are for `},
		{Choice{Names: []string{"in-*"}, Targets: []string{"x"}}, `no job that "in-*" matches is for target x`, "jobs are for"},
		{Choice{Names: []string{"none"}, Targets: []string{"x"}}, `no job of the pipeline is called "none" or matches it`, ""},
	} {
		p, err := e.Plan(t.Context(), test.choice)
		var got string
		if err != nil {
			got = err.Error()
			if !strings.Contains(diag.Hint(err), test.hint) {
				t.Errorf("%+v: hint %q", test.choice, diag.Hint(err))
			}
		} else {
			var names []string
			for _, j := range p.Jobs {
				names = append(names, j.Name)
			}
			slices.Sort(names)
			got = strings.Join(names, " ")
		}
		if got != test.want {
			t.Errorf("%+v: %s, want %s", test.choice, got, test.want)
		}
	}
}
