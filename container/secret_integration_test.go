// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/api"
)

func TestSecretsAreForTheUserAlone(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	secrets := []api.Secret{{Name: "token", Data: []byte("hush\x00\n")}, {Name: "empty.key"}}
	for user, owner := range map[string]string{"": "0", "inside": "1234", "77:88": "77", "4711": "4711"} {
		t.Run(user, func(t *testing.T) {
			mounts, remove, err := e.SecretMounts(t.Context(), base, user, secrets)
			if err != nil || len(mounts) != 2 {
				t.Fatal(mounts, err)
			}
			defer remove()
			var inspected string
			stdin, release := io.Pipe() // the container waits for its end
			out := &trigger{word: "hush", do: func() {
				inspected = inspectAll(t, e)
				release.Close()
			}}
			_, err = e.Run(t.Context(), api.RunOptions{
				ContainerOptions: api.ContainerOptions{Image: base, User: user, Mounts: mounts, Network: api.NetworkNone},
				Stdin:            stdin,
				Timeout:          5 * time.Minute,
				Stdout:           out,
				Command:          sh("cat /run/secrets/token; stat -c '%u %a' /run/secrets/token; wc -c </run/secrets/empty.key; echo x >/run/secrets/token; env; cat >/dev/null"),
			})
			release.Close()
			if _, failed := errors.AsType[*api.ExitError](err); err != nil && !failed {
				t.Fatal(err)
			}
			if want := "hush\x00\n" + owner + " 400\n0\n"; !strings.HasPrefix(out.seen.String(), want) || strings.Count(out.seen.String(), "hush") != 1 {
				t.Errorf("got %q, want %q", out.seen.String(), want)
			}
			if !strings.Contains(inspected, "/run/secrets/token") || strings.Contains(inspected, "hush") {
				t.Errorf("podman tells\n%s", inspected)
			}
			if data, err := os.ReadFile(mounts[0].Source); err != nil || string(data) != "hush\x00\n" {
				t.Errorf("changed to %q, %v", data, err)
			}
			remove()
			if _, err := os.Stat(filepath.Dir(mounts[0].Source)); !os.IsNotExist(err) {
				t.Errorf("the copy stays: %v", err)
			}
		})
	}
}

// inspectAll returns everything that the engine shows of running containers.
func inspectAll(t *testing.T, e *Engine) string {
	t.Helper()
	c, err := e.service.Conn(context.Background())
	if err != nil {
		t.Error(err)
		return ""
	}
	list, err := containers.List(c, nil)
	if err != nil {
		t.Error(err)
	}
	text := ""
	for _, item := range list {
		data, err := containers.Inspect(c, item.ID, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		all, err := json.Marshal(data)
		if err != nil {
			t.Error(err)
		}
		text += string(all)
	}
	return text
}

func TestSecretsRefused(t *testing.T) {
	e := engine(t)
	nothingLeft(t, e)
	for _, name := range []string{"", "../up", "a/b", ".", ".hidden", "a b", "a,b", "a:b", "a\n", strings.Repeat("x", 129)} {
		if _, _, err := e.SecretMounts(t.Context(), base, "", []api.Secret{{Name: "good"}, {Name: name, Data: []byte("hush")}}); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", name, err)
		}
	}
	// Without root the files belong to the caller, whatever user the container has.
	rootless, err := e.rootless(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, remove, err := e.SecretMounts(t.Context(), base, "nosuchuser", []api.Secret{{Name: "a"}})
	if !rootless && !errors.Is(err, api.ErrNoUser) || rootless && err != nil {
		t.Errorf("rootless %v: got %v", rootless, err)
	}
	remove()
	if _, _, err := e.SecretMounts(t.Context(), base, "", []api.Secret{{Name: "a"}, {Name: "a"}}); !errors.Is(err, os.ErrExist) {
		t.Errorf("the same twice: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", api.Secret{Name: "a", Data: []byte("hush")}, []api.Secret{{Name: "a", Data: []byte("hush")}}, &api.Secret{Name: "a", Data: []byte("hush")}, api.RunOptions{}.Image); strings.Contains(text, "hush") || strings.Contains(text, "104") {
		t.Errorf("a log would have %s", text)
	}
}
