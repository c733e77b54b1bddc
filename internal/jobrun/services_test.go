// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

func TestServiceAliases(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"postgres":                          "postgres",
		"postgres:16":                       "postgres",
		"tutum/wordpress:latest":            "tutum__wordpress tutum-wordpress",
		"registry.example.org/a/b/c:1.2":    "registry.example.org__a__b__c registry.example.org-a-b-c",
		"localhost:5000/db":                 "localhost__db localhost-db",
		"localhost:5000/db:16":              "localhost__db localhost-db",
		"redis@sha256:0123456789abcdef":     "redis",
		"reg:443/redis:7@sha256:0123456789": "reg__redis reg-redis",
		"":                                  "",
		":tag":                              "",
		"/postgres:16":                      "",
		"Postgres":                          "",
		"a b":                               "",
		"a//b":                              "",
		"Reg.example/my_own__db/x--y.z":     "Reg.example__my_own__db__x--y.z Reg.example-my_own__db-x--y.z",
		"[::1]:5000/db":                     "[::1]__db [::1]-db",
	} {
		if got := strings.Join(imageAliases(image), " "); got != want {
			t.Errorf("%q: %q, want %q", image, got, want)
		}
	}
}

func TestPlanServices(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		services []gitlabci.Image
		want     []string // aliases of each
		warnings []string // beginnings
	}{
		{"none", nil, nil, nil},
		{"separators", []gitlabci.Image{{Name: "a/b:1", Alias: "x,y z, v"}}, []string{"a__b a-b x y z v"}, nil},
		{"own name again", []gitlabci.Image{{Name: "db", Alias: "db"}}, []string{"db"}, nil},
		{
			"same image, other aliases",
			[]gitlabci.Image{{Name: "db", Alias: "one"}, {Name: "db", Alias: "two"}}, []string{"db one", "two"}, nil,
		},
		{
			"same image", []gitlabci.Image{{Name: "db:1"}, {Name: "db:2"}},
			[]string{"db"}, []string{`service "db:2" is not started`},
		},
		{
			"same alias", []gitlabci.Image{{Name: "a", Alias: "x"}, {Name: "b", Alias: "x"}},
			[]string{"a x", "b"}, []string{`alias "x" of service "b" is left out`},
		},
		{"no name", []gitlabci.Image{{Name: ""}, {Name: "db"}}, []string{"db"}, []string{"a service whose variables give it no name"}},
		{
			"names of no image", []gitlabci.Image{{Name: "/db"}, {Name: "Cache", Alias: "cache"}}, []string{"cache"},
			[]string{`service "/db" is not started: this is not the name of an image`},
		},
		{"bad alias", []gitlabci.Image{{Name: "a", Alias: "x:1 #c ok"}}, []string{"a ok"}, []string{`alias "x:1"`, `alias "#c"`}},
		{
			"hostile aliases", []gitlabci.Image{{Name: "a", Alias: "x\x1b[2J y\x00 \u202ez \xff $V dätabase a_b.c-d " + strings.Repeat("l", 254)}},
			[]string{"a dätabase a_b.c-d"}, []string{`alias "x\x1b`, `alias "y\x00`, `alias "\u202ez`, `alias "\xff`, `alias "$V`, `alias "lll`},
		},
		{
			"engines", []gitlabci.Image{{Name: "docker:27-dind"}, {Name: "docker.io/library/docker:dind@sha256:00"}, {Name: "me/dind"}, {Name: "dind.org/db"}},
			[]string{"dind.org__db dind.org-db"}, []string{`service "docker:27-dind"`, `service "docker.io`, `service "me/dind"`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			j := &Job{Job: gitlabci.Job{Services: test.services}}
			var warnings, got []string
			j.services = j.planServices(func(what string) { warnings = append(warnings, what) })
			hosts := 0
			for _, s := range j.services {
				got = append(got, strings.Join(s.aliases, " "))
				hosts += len(s.aliases)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("aliases %q, want %q", got, test.want)
			}
			if !slices.EqualFunc(warnings, test.warnings, strings.HasPrefix) {
				t.Errorf("warnings %q, want %q", warnings, test.warnings)
			}
			if len(j.hosts()) != hosts || hosts > 0 && !strings.HasSuffix(j.hosts()[0], ":127.0.0.1") {
				t.Errorf("hosts %q", j.hosts())
			}
		})
	}
}

func TestServiceVariables(t *testing.T) {
	t.Parallel()
	before := gitlabci.NewVariableSet(gitlabci.Variable{Name: "MODE", Value: "file's"})
	j := &Job{Env: []string{"GIVEN=1"}, withoutDotenv: &before, Job: gitlabci.Job{Variables: gitlabci.NewVariableSet([]gitlabci.Variable{
		{Name: "MODE", Value: "report's", From: gitlabci.FromDotenv},
		{Name: "A", Value: "job's", From: gitlabci.FromJob}, {Name: "KEY", Value: "secret", From: gitlabci.FromEvent},
		{Name: "TOO", Value: "secret", From: gitlabci.FromEvent}, {Name: "REPORT", Value: "1", From: gitlabci.FromDotenv},
	}...)}}
	s := &service{Image: gitlabci.Image{Variables: map[string]string{"A": "own", "TOO": "passed on"}}}
	got := j.serviceEnv(s, []string{"A=job's", "B=runner's", "KEY=secret", "TOO=secret", "GIVEN=1", "REPORT=1", "MODE=report's"})
	if want := []string{"A=own", "B=runner's", "MODE=file's", "TOO=passed on"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCheckedPorts(t *testing.T) {
	t.Parallel()
	many := make([]int, maxPorts+1)
	for _, test := range []struct {
		env   []string
		image api.Image
		want  []int // nil for an error
	}{
		{nil, api.Image{Ports: []int{80, 81}}, []int{80, 81}},
		{nil, api.Image{Ports: many}, many[:maxPorts]},
		{[]string{"HEALTHCHECK_TCP_PORT=5"}, api.Image{Ports: []int{80}}, []int{5}},
		{[]string{"A=1", "healthcheck_tcp_PORT=5"}, api.Image{}, []int{5}},
		{nil, api.Image{Ports: []int{80}, Env: []string{"HEALTHCHECK_TCP_PORT=6"}}, []int{6}},
		{[]string{"HEALTHCHECK_TCP_PORT=5"}, api.Image{Env: []string{"HEALTHCHECK_TCP_PORT=6"}}, []int{5}},
		{[]string{"HEALTHCHECK_TCP_PORT=http"}, api.Image{Ports: []int{80}}, nil},
		{[]string{"HEALTHCHECK_TCP_PORT="}, api.Image{Ports: []int{80}}, nil},
	} {
		got, err := (&service{image: test.image}).checkedPorts(test.env)
		if !slices.Equal(got, test.want) || (err == nil) != (test.want != nil) {
			t.Errorf("%q, %+v: %v, %v, want %v", test.env, test.image, got, err, test.want)
		}
	}
}

func TestServiceUp(t *testing.T) {
	t.Parallel()
	db := &service{ports: []int{5432, 5433}}
	a, b := &service{}, &service{}
	w := &serviceWait{services: []*service{db, a, b}, before: []int{22}}
	for _, test := range []struct {
		listening []int
		db, a     bool
	}{
		{nil, false, false},
		{[]int{22, 5433}, true, false},
		{[]int{22, 7001}, false, false}, // of one of two
		{[]int{22, 7001, 7002}, false, true},
	} {
		if got := w.up(db, test.listening); got != test.db {
			t.Errorf("%v: service with ports up: %v", test.listening, got)
		}
		if got := w.up(a, test.listening); got != test.a {
			t.Errorf("%v: service without ports up: %v", test.listening, got)
		}
	}
}

func TestServiceLateness(t *testing.T) {
	t.Parallel()
	var warnings []string
	var out bytes.Buffer
	w := &serviceWait{output: &out, warn: func(what string) { warnings = append(warnings, what) }}
	db := &service{ports: []int{5432}, aliases: []string{"postgres", "db"}}
	for i := range serviceLines + 2 {
		db.keep(fmt.Sprint("line ", i))
	}
	if silent := (&service{aliases: []string{"x"}}); w.late(silent, serviceNoPort-1) || !w.late(silent, serviceNoPort) || len(warnings) > 0 {
		t.Errorf("a service without ports: %q", warnings)
	}
	if w.late(db, serviceTimeout-1) || len(warnings) > 0 || !w.late(db, serviceTimeout) {
		t.Error("a service with ports has its time")
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], `service "db" does not listen on port 5432 after 30s`) {
		t.Errorf("warnings %q", warnings)
	}
	w.local = []int{5432}
	if w.late(db, serviceTimeout); len(warnings) != 2 || !strings.HasPrefix(warnings[1], `service "db" listens on port 5432 of localhost only`) {
		t.Errorf("warnings %q", warnings)
	}
	if got := out.String()[:out.Len()/2]; strings.Count(got, "\n") != serviceLines || !strings.HasPrefix(got, "[service:db] line 2\n") {
		t.Errorf("last lines %q", got)
	}
}
