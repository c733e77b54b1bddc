// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/volumes"
	"github.com/containers/podman/v4/pkg/domain/entities"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// killedClient starts another client, waits for its workload's first output and kills it.
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

func kinds(list []api.Leftover) string {
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
		_, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: sh("echo ready; exec sleep 3000"), Stdout: out, Signals: live})
		ended <- err
	}()
	<-started
	killedClient(t, "run")

	listed, err := e.Prune(t.Context(), api.PruneOptions{DryRun: true})
	if err != nil || kinds(listed) != "container directory" {
		t.Errorf("dry run: %v, %v", listed, err)
	}
	removed, err := e.Prune(t.Context(), api.PruneOptions{})
	if err != nil || fmt.Sprint(removed) != fmt.Sprint(listed) {
		t.Errorf("removed %v, %v; want %v", removed, err, listed)
	}
	if again, err := e.Prune(t.Context(), api.PruneOptions{}); err != nil || len(again) > 0 {
		t.Errorf("second time: %v, %v", again, err)
	}
	live <- syscall.SIGTERM
	if err := <-ended; api.Status(err) != 143 {
		t.Errorf("the live run ended with %v", err)
	}
}

func TestNextRunRemovesWhatAKilledOneLeft(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	killedClient(t, "run")
	if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: onBase, Command: []string{"true"}}); err != nil {
		t.Fatal(err)
	}
}

// TestOtherEnginesAreAskedOnce: a private service with another configuration has
// another address and often the same store.
func TestOtherEnginesAreAskedOnce(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	killedClient(t, "run")
	p, err := e.proofs()
	dead := p.dead()
	if err != nil || len(dead) != 1 {
		t.Fatalf("%v, %v", dead, err)
	}
	left, missing := dead[0], e.killed().newRecord(records.Container, "lcitool-missing")
	left.Engine, missing.Engine = "unix:///elsewhere", "unix:///elsewhere"
	left.Extra = map[string]string{extraAbsent: e.service.URL()}
	missing.Time = time.Now().Add(-2 * lateLimit)
	if err := errors.Join(e.records.Put(left), e.records.Put(missing)); err != nil {
		t.Fatal(err)
	}
	<-e.sweepLater(t.Context())
	if r, err := e.records.Get(missing.Kind, missing.Name); err != nil || r.Extra[extraAbsent] != e.service.URL() {
		t.Errorf("a sweep did not note what is missing: %+v, %v", r, err)
	}
	if p, err = e.proofs(); err != nil || len(p.dead()) != 2 || len(p.without(e.service.URL()).dead()) != 0 {
		t.Errorf("%v, %v", p.dead(), err)
	}
	if removed, err := e.Prune(t.Context(), api.PruneOptions{}); err != nil || !strings.Contains(kinds(removed), "container") {
		t.Errorf("removed %v, %v", removed, err)
	}
	e.forget(missing)
}

func TestPruneAfterAKilledBuild(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	killedClient(t, "build")
	waitUntil(t, "the build's service has ended", func() bool { return len(processes("system service", here.dir, "build-")) == 0 })
	removed, err := e.Prune(t.Context(), api.PruneOptions{})
	if err != nil || !strings.Contains(kinds(removed), "directory") {
		t.Errorf("removed %v, %v", removed, err)
	}
	if running := processes("sleep", "3000"); len(running) > 0 {
		t.Errorf("the step runs on: %v", running)
	}
}

func TestPruneJudgesByRecords(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	c, err := e.service.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	dead, elsewhere := e.killed(), e.killed()
	elsewhere.owner.Machine = "another"
	for name, by := range map[string]*Engine{"vol-live": e, "vol-dead": dead, "vol-elsewhere": elsewhere} {
		if _, err := by.createVolume(c, name); err != nil {
			t.Fatal(err)
		}
	}
	// A volume as an earlier version, or another user's lcitool, would have made it.
	if _, err := volumes.Create(c, entities.VolumeCreateOptions{Name: "vol-0123456789-layers", Label: ownerLabels(dead.owner)}, nil); err != nil {
		t.Fatal(err)
	}
	unproven, err := e.Unproven(t.Context())
	if err != nil || len(unproven) != 1 || unproven[0].Name != "vol-0123456789-layers" {
		t.Errorf("unproven %v, %v", unproven, err)
	}
	removed, err := e.Prune(t.Context(), api.PruneOptions{})
	if err != nil || len(removed) != 1 || removed[0].Name != "vol-dead" {
		t.Errorf("removed %v, %v", removed, err)
	}
	for _, name := range []string{"vol-live", "vol-elsewhere", "vol-0123456789-layers"} {
		if err := volumes.Remove(c, name, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPruneTakesTheImagesOfDeadBuilds builds as a process that then ends: one image got its
// tag, one did not, one build failed after a step. A user's build must stay.
func TestPruneTakesTheImagesOfDeadBuilds(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	dead := e.killed()
	build := func(tag string, lines ...string) (string, error) {
		o := api.BuildOptions{Tag: tag, Dockerfile: dockerfile(lines...), Network: api.NetworkNone}
		r := dead.newBuildRecord()
		text, _, err := prepare(o, r.Token)
		if err := errors.Join(err, dead.recordBuild(r)); err != nil {
			t.Fatal(err)
		}
		id, err := e.build(t.Context(), order{BuildOptions: o, record: r, text: text})
		if err == nil && tag == "test.named" {
			err = e.promote(t.Context(), tag, r, id, "")
			_ = dead.recordBuild(r) // killed before it forgot it
			_, _ = dead.noteImage(t.Context(), r, id, "")
		}
		return id, err
	}
	if _, err := build("test.named", "RUN echo named"); err != nil {
		t.Fatal(err)
	}
	removeLater(t, e, "test.named")
	unnamed, err := build("test.unnamed", "RUN echo unnamed", "RUN echo more")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build("test.failed", "RUN echo failed", "RUN false"); err == nil {
		t.Fatal("a failing build ended well")
	}
	mine := t.TempDir()
	if err := os.WriteFile(mine+"/Dockerfile", []byte("FROM localhost/test.named\nRUN echo mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := strings.TrimSpace(here.podman(t, "build", "-q", "--network=none", mine))
	listed, err := e.Prune(t.Context(), api.PruneOptions{DryRun: true})
	if err != nil || kinds(listed) != "image image" || !slices.ContainsFunc(listed, func(l api.Leftover) bool { return l.Name == unnamed }) {
		t.Errorf("would remove %v, %v", listed, err)
	}
	removed, err := e.Prune(t.Context(), api.PruneOptions{})
	if err != nil || fmt.Sprint(removed) != fmt.Sprint(listed) {
		t.Errorf("removed %v, %v, want %v", removed, err, listed)
	}
	if left := here.podman(t, "images", "--all", "--no-trunc", "--filter", "dangling=true", "--format", "{{.ID}}"); strings.TrimSpace(left) != "sha256:"+own {
		t.Errorf("images without a name: %s, want %s", left, own)
	}
	here.podman(t, "rmi", own)
	if there, err := e.Exists(t.Context(), "test.named"); !there || err != nil {
		t.Errorf("the named image: %v, %v", there, err)
	}
}

// TestRunSurvivesTheDeathOfTheService kills the service while the container runs.
func TestRunSurvivesTheDeathOfTheService(t *testing.T) {
	for _, viaService := range []bool{false, true} {
		output, result, err := serviceDies(t, viaService, "sleep 3; echo one; echo err >&2")
		if result.Code != 5 || api.Status(err) != 5 {
			t.Errorf("viaService %v: got %+v, %v", viaService, result, err)
		}
		if strings.Count(output, "one\n") != 1 || strings.Count(output, "two\n") != 1 || strings.Count(output, "err\n") != 1 {
			t.Errorf("viaService %v: output %q", viaService, output)
		}
	}
}

// TestServiceThatDiesInTheStart: if podman ends before it records that the container runs,
// it never learns the status. That must be an error.
func TestServiceThatDiesInTheStart(t *testing.T) {
	for _, viaService := range []bool{false, true} {
		output, result, err := serviceDies(t, viaService, "echo one")
		if known := api.Status(err) == 5 && strings.Contains(output, "two\n"); !known && api.Status(err) != 125 {
			t.Errorf("viaService %v: got %+v, %v, output %q", viaService, result, err, output)
		}
	}
}

// serviceDies runs script, kills the service when it prints "one", and expects "two" and
// status 5. The output comes through the service if viaService is set.
func serviceDies(t *testing.T, viaService bool, script string) (string, api.RunResult, error) {
	t.Helper()
	o := here.options()
	o.RuntimeDir = here.dir + "/" + randomName()
	e, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.conmonUnreachable.Store(viaService)
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
	result, err := e.Run(t.Context(), api.RunOptions{
		ContainerOptions: onBase,
		Command:          sh(script + "; sleep 1; echo two; exit 5"),
		Stdout:           tee{kill, &out},
		Stderr:           &out,
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
