// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"gitlab.com/lcitool/lcitool/container/api"
)

// published starts a registry and an engine that trusts it, and returns the registry's host
// and port.
func published(t *testing.T) (*Engine, *httptest.Server, string) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	conf := filepath.Join(t.TempDir(), "registries.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, "[[registry]]\nlocation = %q\ninsecure = true\n", address), 0o600); err != nil {
		t.Fatal(err)
	}
	o := here.options()
	o.ServiceEnv = append(o.ServiceEnv, "CONTAINERS_REGISTRIES_CONF="+conf)
	e, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e, server, address
}

// publish builds an image that prints word, pushes it to the registry as reference and
// removes it here. It returns the ID.
func publish(t *testing.T, e *Engine, reference, word string) string {
	t.Helper()
	made, err := e.Build(t.Context(), api.BuildOptions{Tag: reference, Dockerfile: dockerfile("RUN echo " + word + " > /word"), Network: api.NetworkNone})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("podman", "push", "--quiet", "--tls-verify=false", reference)
	cmd.Env = here.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := e.Remove(t.Context(), api.RemoveOptions{Image: reference}); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func TestPullReplacesTheImageOfTheName(t *testing.T) {
	e, _, address := published(t)
	nothingLeft(t, e)
	reference := address + "/project/image:latest"
	removeLater(t, e, reference)
	first := publish(t, e, reference, "one")
	var log bytes.Buffer
	image, err := e.Pull(t.Context(), address+"/project/image", &log)
	if err != nil || image.ID != first || !strings.Contains(log.String(), "Trying to pull "+address) {
		t.Fatalf("%+v, %v\n%s", image, err, log.String())
	}
	again, err := e.Pull(t.Context(), reference, nil)
	if err != nil || again.ID != first {
		t.Errorf("pulled again: %+v, %v", again, err)
	}
	second := publish(t, e, reference, "two")
	if _, err := e.Build(t.Context(), api.BuildOptions{Tag: reference, Dockerfile: dockerfile("RUN echo three > /word"), Network: api.NetworkNone}); err != nil {
		t.Fatal(err)
	}
	local, err := e.Inspect(t.Context(), reference)
	if err != nil || local.ID == second {
		t.Fatal(local.ID, err)
	}
	image, err = e.Pull(t.Context(), reference, nil)
	if err != nil || image.ID != second {
		t.Errorf("got %s, %v; want %s", image.ID, err, second)
	}
	if there, err := e.Exists(t.Context(), local.ID); there || err != nil {
		t.Errorf("the image that lost its name is there: %v, %v", there, err)
	}
}

func TestPullRefusedLeavesWhatIsThere(t *testing.T) {
	e, server, address := published(t)
	reference := address + "/project/refused:1"
	removeLater(t, e, reference)
	first := publish(t, e, reference, "here")
	if _, err := e.Pull(t.Context(), reference, nil); err != nil {
		t.Fatal(err)
	}
	refused := func(name, reference, want string) {
		t.Helper()
		_, err := e.Pull(t.Context(), reference, nil)
		failed, ok := errors.AsType[*api.EngineError](err)
		if !ok || failed.Code != 125 || failed.Hint == "" || !strings.HasPrefix(err.Error(), "cannot pull image "+reference+": ") ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %s", name, err, want)
		}
	}
	refused("no such tag", address+"/project/refused:nosuch", "manifest unknown")
	refused("no reference", "A B", "invalid reference format")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Pull(ctx, reference, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	server.Close()
	refused("no registry", reference, "connection refused")
	if image, err := e.Inspect(t.Context(), reference); err != nil || image.ID != first {
		t.Errorf("%s, %v; want %s", image.ID, err, first)
	}
}

// TestBuildAsksForANewerBase changes the base in the registry, then stops the registry.
func TestBuildAsksForANewerBase(t *testing.T) {
	e, server, address := published(t)
	nothingLeft(t, e)
	reference := address + "/project/base:1"
	removeLater(t, e, reference)
	removeLater(t, e, "test.pulled")
	publish(t, e, reference, "one")
	o := api.BuildOptions{Tag: "test.pulled", Dockerfile: []byte("FROM " + reference + "\nRUN cp /word /copy\n"), Network: api.NetworkNone}
	word := func(name string, pull api.PullPolicy, want string, cached bool) {
		t.Helper()
		o.Pull = pull
		made, err := e.Build(t.Context(), o)
		if err != nil || made.Cached != cached {
			t.Fatalf("%s: %+v, %v", name, made, err)
		}
		var out bytes.Buffer
		if _, err := e.Run(t.Context(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: o.Tag, Network: api.NetworkNone}, Command: []string{"cat", "/copy"}, Stdout: &out}); err != nil || out.String() != want+"\n" {
			t.Errorf("%s: got %q, %v; want %s", name, out.String(), err, want)
		}
	}
	word("base missing", api.PullMissing, "one", false)
	word("nothing newer", api.PullNewer, "one", true)
	other := publishElsewhere(t, e, reference, "two")
	word("not asked", api.PullMissing, "one", true)
	word("never", api.PullNever, "one", true)
	word("newer", api.PullNewer, "two", false)
	if there, err := e.Exists(t.Context(), other); !there || err != nil {
		t.Errorf("the base is not the one published: %v, %v", there, err)
	}
	server.Close()
	var log bytes.Buffer
	o.Log = &log
	word("no registry", api.PullNewer, "two", true)
	if !strings.Contains(log.String(), "warning: cannot pull image "+reference) {
		t.Errorf("nothing is said:\n%s", log.String())
	}
	o.Dockerfile, o.Pull = []byte("FROM "+address+"/project/nosuch:1\n"), api.PullNewer
	_, err := e.Build(t.Context(), o)
	if failed, ok := errors.AsType[*api.BuildError](err); !ok || !failed.BaseMissing {
		t.Errorf("neither here nor there: %v", err)
	}
}

// publishElsewhere pushes an image while another one keeps the name here.
func publishElsewhere(t *testing.T, e *Engine, reference, word string) string {
	t.Helper()
	const tag = "localhost/elsewhere:1"
	removeLater(t, e, tag)
	made, err := e.Build(t.Context(), api.BuildOptions{Tag: tag, Dockerfile: dockerfile("RUN echo " + word + " > /word"), Network: api.NetworkNone})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("podman", "push", "--quiet", "--tls-verify=false", tag, reference)
	cmd.Env = here.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return made.ID
}
