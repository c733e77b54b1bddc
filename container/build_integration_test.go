// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

func dockerfile(lines ...string) []byte {
	return []byte("FROM " + base + "\n" + strings.Join(lines, "\n") + "\n")
}

func removeLater(t *testing.T, e *Engine, tag string) {
	t.Helper()
	t.Cleanup(func() {
		if err := e.Remove(context.Background(), api.RemoveOptions{Image: tag, Force: true}); err != nil && !errors.Is(err, api.ErrNoImage) {
			t.Error(err)
		}
	})
}

func TestBuildThenAnswersFromTheDigest(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	removeLater(t, e, "test.good")
	var log bytes.Buffer
	o := api.BuildOptions{
		Tag: "test.good", Dockerfile: dockerfile("RUN echo made > /made", "CMD cat /made"), Network: api.NetworkNone, Log: &log,
		Labels: map[string]string{api.LabelTarget: "debian-12", "odd": `a "b" $c \d 'e'`},
	}
	first, err := e.Build(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	if first.Cached || first.Replaced != "" || !strings.Contains(log.String(), "STEP 2/4") {
		t.Errorf("got %+v and the log\n%s", first, log.String())
	}
	image, err := e.Inspect(t.Context(), "test.good")
	if err != nil || image.ID != first.ID || image.Labels[api.LabelTarget] != "debian-12" || image.Labels["odd"] != o.Labels["odd"] || image.Labels[labelRun] != "" {
		t.Errorf("image %+v, %v", image, err)
	}
	var out bytes.Buffer
	if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: "test.good", Network: api.NetworkNone}, Stdout: &out}); err != nil || out.String() != "made\n" {
		t.Errorf("ran %q, %v", out.String(), err)
	}
	again, err := e.Build(t.Context(), o)
	if err != nil || !again.Cached || again.ID != first.ID {
		t.Errorf("second build: %+v, %v", again, err)
	}
	o.Force = true
	forced, err := e.Build(t.Context(), o)
	if err != nil || forced.Cached || forced.Replaced != "" && forced.Replaced != first.ID {
		t.Errorf("forced build: %+v, %v", forced, err)
	}
	o.Force, o.Labels = false, map[string]string{api.LabelTarget: "debian-13"}
	if other, err := e.Build(t.Context(), o); err != nil || other.Cached || other.Replaced != forced.ID {
		t.Errorf("build with another label: %+v, %v", other, err)
	}
	if gone, err := e.Exists(t.Context(), forced.ID); gone || err != nil {
		t.Errorf("replaced image is there: %v, %v", gone, err)
	}
}

func TestD06FailingBuildLeavesThePreviousImage(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	removeLater(t, e, "test.kept")
	good := api.BuildOptions{Tag: "test.kept", Dockerfile: dockerfile("RUN true"), Network: api.NetworkNone}
	before, err := e.Build(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	id := strings.Repeat("0123456789abcdef", 4)
	for _, c := range []struct {
		name, want string
		text       []byte
	}{
		{"failing step", "cannot build image test.kept: step 3 of 4: command exited with status 42", dockerfile("RUN true", "RUN exit 42")},
		{"something like an id", "cannot build image test.kept: step 2 of 3: command exited with status 1", dockerfile("RUN echo " + id + "; false")},
		{"unknown instruction", "Unknown instruction", dockerfile("RUNN true")},
		{"missing file", "no such file or directory", dockerfile("COPY nosuch /")},
		{"missing base", "base image localhost/nosuchbase:1 is not here and cannot be pulled", []byte("FROM localhost/nosuchbase:1\nRUN true\n")},
		{"no base", "the Dockerfile has no FROM line", []byte("RUN true\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			o := good
			o.Dockerfile, o.Log = c.text, &log
			_, err := e.Build(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %s\n%s", err, c.want, log.String())
			}
			if after, err := e.Inspect(t.Context(), "test.kept"); err != nil || after.ID != before.ID {
				t.Errorf("the tag is at %s, %v; want %s", after.ID, err, before.ID)
			}
		})
	}
}

func TestCancelledBuildLeavesNothing(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	log := &trigger{word: "started", do: func() { cancel(reason) }}
	marker := fmt.Sprintf("%d", 10000+time.Now().UnixNano()%10000)
	began := time.Now()
	_, err := e.Build(ctx, api.BuildOptions{Tag: "test.cancelled", Dockerfile: dockerfile("RUN echo star''ted; sleep " + marker), Network: api.NetworkNone, Log: log})
	if !errors.Is(err, reason) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 5*time.Minute {
		t.Errorf("took %v", took)
	}
	if running := processes("sleep", marker); len(running) > 0 {
		t.Errorf("the step runs on: %v", running)
	}
	if there, err := e.Exists(t.Context(), "test.cancelled"); there || err != nil {
		t.Errorf("the tag is there: %v, %v", there, err)
	}
}

func TestCancelledBuildOfAnotherServiceSaysThatItRunsOn(t *testing.T) {
	e := external(t)
	e.options.Podman = "/nonexistent/podman" // nor can one of ours be started
	ctx, cancel := context.WithCancel(t.Context())
	log := &trigger{word: "started", do: cancel}
	_, err := e.Build(ctx, api.BuildOptions{Tag: "test.cancelled", Dockerfile: dockerfile("RUN echo star''ted; sleep 10"), Network: api.NetworkNone, Log: log})
	var running *StillRunningError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &running) || !strings.Contains(err.Error(), "step 2 of 3 is still running") {
		t.Errorf("got %v", err)
	}
	waitUntil(t, "the build has ended by itself", func() bool {
		left, err := leftovers(e)
		return err == nil && len(left) == 0
	})
}

// A socket of this user, such as podman.socket, has the same store as a service that we
// start: builds there end like those of a private service.
func TestCancelledBuildAtTheUsersSocketLeavesNothing(t *testing.T) {
	e := external(t)
	ctx, cancel := context.WithCancel(t.Context())
	log := &trigger{word: "started", do: cancel}
	_, err := e.Build(ctx, api.BuildOptions{Tag: "test.cancelled", Dockerfile: dockerfile("RUN echo star''ted; sleep 3003"), Network: api.NetworkNone, Log: log})
	var running *StillRunningError
	if !errors.Is(err, context.Canceled) || errors.As(err, &running) {
		t.Errorf("got %v", err)
	}
	if running := processes("sleep", "3003"); len(running) > 0 {
		t.Errorf("the step runs on: %v", running)
	}
	if left, err := leftovers(e); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The engine's own service does the build if ours has another store.
func TestBuildAtASocketWithAnotherStore(t *testing.T) {
	e := external(t)
	other := world{dir: filepath.Join(here.dir, "other")}
	if err := os.Mkdir(other.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := other.configure(); err != nil {
		t.Fatal(err)
	}
	e.options.ServiceEnv = other.env
	if _, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.elsewhere", Dockerfile: dockerfile("RUN true"), Network: api.NetworkNone}); err != nil {
		t.Fatal(err)
	}
	if there, err := e.Exists(t.Context(), "test.elsewhere"); !there || err != nil {
		t.Errorf("the image is not where the engine is: %v, %v", there, err)
	}
}

// external connects to a service that the package did not start.
func external(t *testing.T) *Engine {
	t.Helper()
	s, err := here.options().StartService(t.Context(), here.dir+"/s/ext"+randomName(), "0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	o := here.options()
	o.Private, o.URL = false, "unix://"+s.Socket()
	e, err := Connect(t.Context(), o)
	if err != nil || e.Private() || e.Source() != "--url" {
		t.Fatalf("%+v, %v", e, err)
	}
	return e
}

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(5 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit:
			t.Fatal("not in five minutes: " + what)
		case <-tick.C:
		}
	}
}

func TestBuildServiceKilledIsAnErrorAndLeavesNothing(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	log := &trigger{word: "started", do: func() {
		for _, pid := range processes("system service", here.dir, "build-") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}}
	_, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.killed", Dockerfile: dockerfile("RUN echo star''ted; sleep 3001"), Network: api.NetworkNone, Log: log})
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if running := processes("sleep", "3001"); len(running) > 0 {
		t.Errorf("the step runs on: %v", running)
	}
}

// TestCancelledBuildLeavesNothingWhenever cancels while a step is prepared, runs, and is
// committed.
func TestCancelledBuildLeavesNothingWhenever(t *testing.T) {
	e := engine(t)
	for _, after := range []time.Duration{0, 30, 60, 90, 120, 160, 200, 250, 300, 400} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			nothingLeft(t, e)
			ctx, cancel := context.WithCancel(t.Context())
			log := &trigger{word: "STEP 2/4", do: func() { time.AfterFunc(after*time.Millisecond, cancel) }}
			o := api.BuildOptions{
				Tag: "test.cancelled", NoCache: true, Network: api.NetworkNone, Log: log,
				Dockerfile: dockerfile("RUN head -c 100000000 /dev/zero > /big", "RUN sleep 3002"),
			}
			if _, err := e.Build(ctx, o); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if running := processes("sleep", "3002"); len(running) > 0 {
				t.Errorf("the step runs on: %v", running)
			}
		})
	}
}

// TestBuildKeepsTheUsersImage has an image with the tag, but without a record that it is
// ours: it loses the tag and is not removed.
func TestBuildKeepsTheUsersImage(t *testing.T) {
	e := engine(t)
	o := api.BuildOptions{Tag: "localhost/lcitool-test-users", Dockerfile: dockerfile("RUN echo user > /who"), Network: api.NetworkNone}
	removeLater(t, e, o.Tag)
	users, err := e.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.forgetImage(users.ID)
	o.Dockerfile = dockerfile("RUN echo lcitool > /who")
	own, err := e.Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	removeLater(t, e, users.ID)
	if there, err := e.Exists(t.Context(), users.ID); !there || err != nil {
		t.Errorf("the user's image is there: %v, %v", there, err)
	}
	o.Dockerfile = dockerfile("RUN echo again > /who")
	if _, err := e.Build(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if there, err := e.Exists(t.Context(), own.ID); there || err != nil {
		t.Errorf("our image is there: %v, %v", there, err)
	}
}
