// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

// BenchmarkRun runs a container through the bindings and through podman's command line in
// turn, and reports the ratio.
func BenchmarkRun(b *testing.B) {
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		e, err := Connect(context.Background(), here.options())
		if err == nil {
			_, err = e.Run(context.Background(), api.RunOptions{ContainerOptions: onBase, Command: []string{"true"}})
		}
		if err != nil {
			b.Fatal(err)
		}
		ours += time.Since(began)
		began = time.Now()
		cmd := exec.Command("podman", "run", "--rm", "--init", "--network=none", base, "true")
		cmd.Env = here.env
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		theirs += time.Since(began)
	}
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms/run")
	b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "ms/podman-run")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// BenchmarkUnchangedBuild compares the check of the input digest with a build that podman's
// command line has completely in its cache.
func BenchmarkUnchangedBuild(b *testing.B) {
	e, err := Connect(context.Background(), here.options())
	if err != nil {
		b.Fatal(err)
	}
	o := api.BuildOptions{Tag: "test.bench", Dockerfile: dockerfile("RUN true", "RUN echo 1", "RUN echo 2"), Network: api.NetworkNone}
	if _, err := e.Build(context.Background(), o); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	podman := func() {
		cmd := exec.Command("podman", "build", "--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "-q", "-t", "test.bench2", "-f", "-", dir)
		cmd.Env, cmd.Stdin = here.env, bytes.NewReader(o.Dockerfile)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	podman()
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		if r, err := e.Build(context.Background(), o); err != nil || !r.Cached {
			b.Fatalf("%+v, %v", r, err)
		}
		ours += time.Since(began)
		began = time.Now()
		podman()
		theirs += time.Since(began)
	}
	b.ReportMetric(float64(theirs)/float64(ours), "times-faster")
	_ = e.Remove(context.Background(), api.RemoveOptions{Image: "test.bench", Force: true})
	_ = e.Remove(context.Background(), api.RemoveOptions{Image: "test.bench2", Force: true})
}
