// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"slices"
	"testing"

	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func TestOwnSession(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                string
		session             api.Session
		entrypoint, command []string
	}{
		{"the image's", api.Session{Own: true}, nil, nil},
		{"a command", api.Session{Own: true, Command: []string{"a", "b"}}, nil, []string{"a", "b"}},
		{"an entrypoint", api.Session{Own: true, Entrypoint: []string{"e"}}, []string{"e"}, nil},
		{"both", api.Session{Own: true, Entrypoint: []string{"e"}, Command: []string{"a"}}, []string{"e"}, []string{"a"}},
		{"no entrypoint", api.Session{Own: true, Entrypoint: []string{}, Command: []string{"a", "b"}}, []string{"a", "b"}, nil},
	} {
		s := specgen.NewSpecGenerator("image", false)
		s.LogConfiguration = &specgen.LogConfig{Driver: "k8s-file"}
		applySession(test.session, s)
		if !slices.Equal(s.Entrypoint, test.entrypoint) || !slices.Equal(s.Command, test.command) {
			t.Errorf("%s: entrypoint %q, command %q", test.name, s.Entrypoint, s.Command)
		}
		if s.LogConfiguration.Driver != "k8s-file" || s.StopSignal != nil {
			t.Errorf("%s: log %q, stop signal %v", test.name, s.LogConfiguration.Driver, s.StopSignal)
		}
	}
}

func TestExposedPorts(t *testing.T) {
	t.Parallel()
	got := exposed(map[string]struct{}{"8080/tcp": {}, "53/udp": {}, "80": {}, "x/tcp": {}, "-1/tcp": {}, "443/tcp": {}})
	if want := []int{80, 443, 8080}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// podman does not remove a container while another one uses its network.
func TestJoinedContainersGoFirst(t *testing.T) {
	t.Parallel()
	var list []leftover
	for _, name := range []string{"job-1", "service-1", "job-2", "service-2"} {
		l := leftover{Leftover: api.Leftover{Name: name}}
		if name[0] == 's' {
			l.record = records.Record{Extra: map[string]string{extraJoined: "job"}}
		}
		list = append(list, l)
	}
	joinedFirst(list)
	var names []string
	for _, l := range list {
		names = append(names, l.Name)
	}
	if want := []string{"service-1", "service-2", "job-1", "job-2"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
