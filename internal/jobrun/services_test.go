// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

func TestServiceNames(t *testing.T) {
	for _, test := range []struct {
		service gitlabci.Image
		want    string
	}{
		{gitlabci.Image{Name: "postgres:16"}, "postgres"},
		{gitlabci.Image{Name: "tutum/wordpress"}, "tutum__wordpress tutum-wordpress"},
		{gitlabci.Image{Name: "registry.example.com:5000/my/image:1.0"}, "registry.example.com__my__image registry.example.com-my-image"},
		{gitlabci.Image{Name: "a/b@sha256:0123", Alias: "db,sql other"}, "db sql other a__b a-b"},
	} {
		if got := strings.Join(serviceNames(test.service), " "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.service.Name, got, test.want)
		}
	}
}

func TestDockerDaemonIsRefused(t *testing.T) {
	for name, want := range map[string]bool{"docker:dind": true, "docker.io/library/docker:27-dind": true, "docker:27": false, "my/dind:1": false} {
		j := &Job{Job: gitlabci.Job{Services: []gitlabci.Image{{Name: name}}}, Image: Image{Reference: "x"}}
		if err := j.impossible(); (err != nil) != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
