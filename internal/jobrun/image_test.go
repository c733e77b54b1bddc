// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

type imageEngine struct {
	Engine
	here, registry []string
	asked          []string // of the registry
}

func (e *imageEngine) Inspect(_ context.Context, reference string) (api.Image, error) {
	if !slices.Contains(e.here, reference) {
		return api.Image{}, api.ErrNoImage
	}
	return api.Image{ID: "id of " + reference}, nil
}

func (e *imageEngine) PullPlatform(_ context.Context, reference, _ string, _ io.Writer) (api.Image, error) {
	e.asked = append(e.asked, reference)
	if !slices.Contains(e.registry, reference) {
		return api.Image{}, errors.New("denied: " + reference)
	}
	return api.Image{ID: "id of " + reference}, nil
}

func TestPullPolicy(t *testing.T) {
	for _, test := range []struct {
		policy, here string
		asked        string
		err          string // a part of it
	}{
		{"", "up", "", ""},
		{"always", "up", "up", ""},
		{"always", "", "up", ""},
		{"if-not-present", "up", "", ""},
		{"never always", "up", "", ""},
		{"never always", "", "up", ""},
		{"if-not-present", "", "up", ""},
		{"never", "up", "", ""},
		{"never", "", "", "image up is not here, and its pull_policy is never"},
		{"never if-not-present", "", "up", ""},
	} {
		e := &imageEngine{here: strings.Fields(test.here), registry: []string{"up"}}
		j := &Job{Job: gitlabci.Job{Image: &gitlabci.Image{Name: "up", PullPolicy: strings.Fields(test.policy)}}, Image: Image{Reference: "up"}}
		_, _, err := (&Runner{Engine: e}).image(t.Context(), j, nil)
		if strings.Join(e.asked, " ") != test.asked || (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%q with %q: asked for %v, %v", test.policy, test.here, e.asked, err)
		}
	}
}

// TestPullPolicies: with a list, the next policy is tried. If the registry is unreachable, a
// job fails that requires a pull; with --offline, unless the image is local.
func TestPullPolicies(t *testing.T) {
	for _, test := range []struct {
		policy, here string
		offline      bool
		asked        string
		err          string // a part of it, "" for none
		warned       int
	}{
		{"always", "up", false, "up", "denied: up", 0},
		{"always if-not-present", "up", false, "up", "", 1},
		{"always never", "up", false, "up", "", 1},
		{"always if-not-present", "", false, "up up", "denied: up", 1},
		{"always never", "", false, "up", "its pull_policy is never", 1},
		{"always", "up", true, "", "", 1},
		{"always", "", true, "", "--offline forbids", 0},
		{"if-not-present", "", true, "", "--offline forbids", 0},
	} {
		e := &imageEngine{here: strings.Fields(test.here)}
		warned := 0
		r := &Runner{Engine: e, Offline: test.offline, Warn: func(string, string) { warned++ }}
		image := gitlabci.Image{Name: "up", PullPolicy: strings.Fields(test.policy)}
		check := func(what string, err error) {
			t.Helper()
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) || strings.Join(e.asked, " ") != test.asked || warned != test.warned {
				t.Errorf("%s, %q with %q: asked for %q, %d warnings, %v", what, test.policy, test.here, e.asked, warned, err)
			}
			e.asked, warned = nil, 0
		}
		_, _, err := r.image(t.Context(), &Job{Job: gitlabci.Job{Image: &image}, Image: Image{Reference: "up"}}, nil)
		check("job", err)
		check("service", r.prepareServices(t.Context(), &Job{Job: gitlabci.Job{Services: []gitlabci.Image{image}}}, nil))
	}
}

func TestImage(t *testing.T) {
	tests := []struct {
		name           string
		here, registry string
		image          Image
		offline        bool
		want           string // what the job runs in, or a part of the error after "!"
		asked          string
	}{
		{"here", "fork", "up", Image{Reference: "fork", Alternatives: []string{"up"}}, false, "fork", ""},
		{"in its registry", "", "fork up", Image{Reference: "fork", Alternatives: []string{"up"}}, false, "fork", "fork"},
		{"in upstream's", "", "up", Image{Reference: "fork", Alternatives: []string{"up"}}, false, "up", "fork up"},
		{"upstream's is here", "up", "", Image{Reference: "fork", Alternatives: []string{"up"}}, false, "up", "fork"},
		{"upstream's is here, offline", "up", "", Image{Reference: "fork", Alternatives: []string{"up"}}, true, "up", ""},
		{"nowhere", "", "", Image{Reference: "fork", Alternatives: []string{"up"}}, false, "!denied: fork", "fork up"},
		{"always", "fork", "fork", Image{Reference: "fork", AlwaysPull: true}, false, "fork", "fork"},
		{"of a fork that is not known", "", "fork", Image{Reference: "fork", Local: true}, false, "project of its registry is not known", ""},
		{"of such a fork, here", "fork", "", Image{Reference: "fork", Local: true, AlwaysPull: true}, false, "fork", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := &imageEngine{here: strings.Fields(test.here), registry: strings.Fields(test.registry)}
			warned := 0
			r := &Runner{Engine: e, Offline: test.offline, Warn: func(string, string) { warned++ }}
			j := &Job{Job: gitlabci.Job{Name: "job"}, Image: test.image}
			id, built, err := r.image(t.Context(), j, nil)
			got := j.Image.Reference
			if err != nil {
				got = "!" + err.Error()
			}
			if !strings.Contains(got, test.want) || err == nil && id != "id of "+test.want || built || strings.Join(e.asked, " ") != test.asked {
				t.Errorf("%s, asked %v, id %q", got, e.asked, id)
			}
			if (warned > 0) != (err == nil && got != test.image.Reference) {
				t.Errorf("%d warnings", warned)
			}
		})
	}
}
