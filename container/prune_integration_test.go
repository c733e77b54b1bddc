// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/containers/podman/v4/pkg/bindings/volumes"
	"github.com/containers/podman/v4/pkg/domain/entities"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// killedClient starts another client, waits for its workload's first word and
// kills it.
func killedClient(t *testing.T, what string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(slices.Clone(here.env), "CONTAINER_TEST_CHILD="+what, "CONTAINER_TEST_DIR="+here.dir)
	ready := make(chan struct{})
	out := &trigger{word: "ready", do: func() { close(ready) }}
	cmd.Stdout = out
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the client ended: %v\n%s\n%s", err, out.seen.String(), errs.String())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("the client was killed and ended well")
	}
}

func kinds(list []Leftover) string {
	var all []string
	for _, l := range list {
		all = append(all, l.Kind)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestPruneAfterAKilledRunSparesLiveOnes(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	live := make(chan os.Signal, 1)
	started, ended := make(chan struct{}), make(chan error, 1)
	out := &trigger{word: "ready", do: func() { close(started) }}
	go func() {
		_, err := e.Run(t.Context(), RunOptions{Image: base, Command: sh("echo ready; exec sleep 3000"), Stdout: out, Signals: live, Network: NetworkNone})
		ended <- err
	}()
	<-started
	killedClient(t, "run")

	listed, err := e.Prune(t.Context(), PruneOptions{DryRun: true})
	if err != nil || kinds(listed) != "container directory" {
		t.Errorf("dry run: %v, %v", listed, err)
	}
	removed, err := e.Prune(t.Context(), PruneOptions{})
	if err != nil || fmt.Sprint(removed) != fmt.Sprint(listed) {
		t.Errorf("removed %v, %v; want %v", removed, err, listed)
	}
	if again, err := e.Prune(t.Context(), PruneOptions{}); err != nil || len(again) > 0 {
		t.Errorf("second time: %v, %v", again, err)
	}
	live <- syscall.SIGTERM
	if err := <-ended; Status(err) != 143 {
		t.Errorf("the live run ended with %v", err)
	}
}

func TestNextRunRemovesWhatAKilledOneLeft(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	killedClient(t, "run")
	if _, err := e.Run(t.Context(), RunOptions{Image: base, Command: []string{"true"}, Network: NetworkNone}); err != nil {
		t.Fatal(err)
	}
}

func TestPruneAfterAKilledBuild(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	killedClient(t, "build")
	waitUntil(t, "the build's service has ended", func() bool { return len(processes("system service", here.dir, "build-")) == 0 })
	removed, err := e.Prune(t.Context(), PruneOptions{})
	if err != nil || !strings.Contains(kinds(removed), "directory") {
		t.Errorf("removed %v, %v", removed, err)
	}
	if running := processes("sleep", "3000"); len(running) > 0 {
		t.Errorf("the step runs on: %v", running)
	}
}

func TestPruneJudgesVolumesAndImagesByTheirOwner(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c, err := e.conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	dead := e.owner
	dead.Start, dead.Run = "1", "deadrun"
	elsewhere := dead
	elsewhere.Machine = "another"
	for name, o := range map[string]records.Owner{"vol-live": e.owner, "vol-dead": dead, "vol-elsewhere": elsewhere} {
		if _, err := volumes.Create(c, entities.VolumeCreateOptions{Name: name, Label: ownerLabels(o)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	text, err := labelLine(ownerLabels(dead))
	if err != nil {
		t.Fatal(err)
	}
	// Built past Build's own labels: one image with a name, one without.
	for _, run := range []string{"RUN echo named", "RUN echo unnamed"} {
		o := BuildOptions{Tag: "x", Dockerfile: dockerfile(run, text), Network: NetworkNone}
		id, err := e.buildRaw(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(run, " named") {
			if err := e.promote(t.Context(), "test.named", id, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	removeLater(t, e, "test.named")
	removed, err := e.Prune(t.Context(), PruneOptions{})
	if err != nil || kinds(removed) != "image volume" {
		t.Errorf("removed %v, %v", removed, err)
	}
	for _, name := range []string{"vol-live", "vol-elsewhere"} {
		if err := volumes.Remove(c, name, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if there, err := e.Exists(t.Context(), "test.named"); !there || err != nil {
		t.Errorf("the named image: %v, %v", there, err)
	}
}

// buildRaw builds exactly the given text.
func (e *Engine) buildRaw(ctx context.Context, o BuildOptions) (string, error) {
	log := newBuildLog(nil)
	dir, err := os.MkdirTemp(here.dir, "raw")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(dir+"/Dockerfile", o.Dockerfile, 0o600); err != nil {
		return "", err
	}
	c, err := e.conn(ctx)
	if err != nil {
		return "", err
	}
	_, err = buildImage(c, dir, e.buildOptions(order{BuildOptions: o, text: o.Dockerfile}, dir, log))
	log.flush()
	return log.id, err
}

// TestRunSurvivesTheDeathOfTheService kills it while the container runs.
func TestRunSurvivesTheDeathOfTheService(t *testing.T) {
	for _, far := range []bool{false, true} {
		output, result, err := serviceDies(t, far, "sleep 0.3; echo one; echo err >&2")
		if result.Code != 5 || Status(err) != 5 {
			t.Errorf("far %v: got %+v, %v", far, result, err)
		}
		if strings.Count(output, "one\n") != 1 || strings.Count(output, "two\n") != 1 || strings.Count(output, "err\n") != 1 {
			t.Errorf("far %v: output %q", far, output)
		}
	}
}

// TestServiceThatDiesInTheStart: podman may have died before it noted that the
// container runs, and never learns it then. That must be an error, not a status.
func TestServiceThatDiesInTheStart(t *testing.T) {
	for _, far := range []bool{false, true} {
		output, result, err := serviceDies(t, far, "echo one")
		if known := Status(err) == 5 && strings.Contains(output, "two\n"); !known && Status(err) != 125 {
			t.Errorf("far %v: got %+v, %v, output %q", far, result, err, output)
		}
	}
}

// serviceDies runs script, at whose word "one" the service is killed, then
// "two" and an exit status of 5. The output comes through the service if far.
func serviceDies(t *testing.T, far bool, script string) (string, RunResult, error) {
	t.Helper()
	o := here.options()
	o.RuntimeDir = here.dir + "/" + randomName()
	e, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.far.Store(far)
	t.Cleanup(func() {
		for _, pid := range processes("system service", o.RuntimeDir) {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
	})
	nothingLeft(t, e)
	var out bytes.Buffer
	kill := &trigger{word: "one", do: func() {
		for _, pid := range processes("system service", o.RuntimeDir) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}}
	result, err := e.Run(t.Context(), RunOptions{
		Image: base, Command: sh(script + "; sleep 1; echo two; exit 5"), Network: NetworkNone,
		Stdout: tee{kill, &out}, Stderr: &out,
	})
	return out.String(), result, err
}

type tee struct {
	first  *trigger
	second *bytes.Buffer
}

func (w tee) Write(p []byte) (int, error) {
	n, err := w.second.Write(p)
	_, _ = w.first.Write(p)
	return n, err
}
