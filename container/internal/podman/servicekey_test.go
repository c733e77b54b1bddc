// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServiceKeyFollowsWhatAServiceKeeps(t *testing.T) {
	config := t.TempDir()
	env := func(more ...string) Options {
		return Options{ServiceEnv: append([]string{"HOME=/nowhere", "XDG_CONFIG_HOME=" + config}, more...)}
	}
	key := env().serviceKey()
	if again := env("TERM=xterm", "LANG=C", "PWD=/x").serviceKey(); again != key {
		t.Errorf("what does not matter changes it: %s, %s", key, again)
	}
	seen := map[string]string{key: "nothing"}
	for _, v := range []string{
		"http_proxy=http://p", "HTTPS_PROXY=http://p", "no_proxy=x", "REGISTRY_AUTH_FILE=/a", "DOCKER_CONFIG=/a", "SSL_CERT_FILE=/a",
		"SSL_CERT_DIR=/a", "TMPDIR=/a", "PATH=/a", "CONTAINERS_CONF=/a", "CONTAINERS_STORAGE_CONF=/a", "CONTAINERS_REGISTRIES_CONF=/a",
		"XDG_DATA_HOME=/a", "XDG_RUNTIME_DIR=/a", "STORAGE_DRIVER=vfs",
	} {
		key := env(v).serviceKey()
		if other, twice := seen[key]; twice {
			t.Errorf("%s has the key of %s", v, other)
		}
		seen[key] = v
	}
	for _, name := range []string{"registries.conf", "registries.d/a.yaml", "registries.conf.d/a.conf", "storage.conf", "containers.conf", "containers.conf.d/b.conf", "policy.json", "certs.d/host:5000/ca.crt"} {
		file := filepath.Join(config, "containers", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{"made", "changed"} {
			if err := os.WriteFile(file, []byte(state), 0o644); err != nil {
				t.Fatal(err)
			}
			key := env().serviceKey()
			if other, twice := seen[key]; twice {
				t.Errorf("%s %s: the key of %s", name, state, other)
			}
			seen[key] = name + " " + state
		}
		if err := os.Chtimes(file, time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if _, twice := seen[env().serviceKey()]; twice {
			t.Errorf("%s replaced by one as long: the same key", name)
		}
	}
}

// A service has the limits of the process that started it; a process with other limits does
// not use it.
func TestServiceKeyFollowsTheProcess(t *testing.T) {
	const variable = "TEST_PRINT_SERVICE_KEY"
	if os.Getenv(variable) != "" {
		fmt.Println("key " + Options{ServiceEnv: []string{"HOME=/nowhere"}}.serviceKey())
		return
	}
	key := func(script string) string {
		t.Helper()
		cmd := exec.Command("sh", "-c", script+`; exec "$0" -test.run '^TestServiceKeyFollowsTheProcess$'`, os.Args[0])
		cmd.Env = append(os.Environ(), variable+"=yes")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "key ") {
			t.Fatalf("%s: %v: %s", script, err, out)
		}
		line, _, _ := strings.Cut(string(out), "\n")
		return line
	}
	own := key("true")
	if again := key("umask 077"); again != own {
		t.Errorf("what does not matter changes it: %s, %s", own, again)
	}
	for _, limit := range []string{"ulimit -S -n 200 && ulimit -H -n 200"} {
		if key(limit) == own {
			t.Errorf("%s: the same key", limit)
		}
	}
}
