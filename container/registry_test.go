// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

func TestStatusNamesTheCommand(t *testing.T) {
	for text, want := range map[string]int{
		"crun: executable file `nosuch` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found":                                    127,
		"crun: executable file `/no/such` not found: No such file or directory: OCI runtime attempted to invoke a command that was not found":                                           127,
		`runc: runc create failed: unable to start container process: exec: "x": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found`:      127,
		`runc: runc create failed: unable to start container process: error during container init: exec: "/x": stat /x: no such file or directory: OCI runtime attempted`:               127,
		`runc: exec failed: unable to start container process: exec: "x": executable file not found in $PATH`:                                                                           127,
		"crun: the path `/bin/noexec` exists but it is not executable: Operation not permitted: OCI permission denied":                                                                  126,
		`runc: runc create failed: unable to start container process: exec: "/tmp": permission denied: OCI permission denied`:                                                           126,
		"crun: exec container process (missing dynamic library?) `/opt/tool`: No such file or directory: OCI runtime attempted to invoke a command that was not found":                  127,
		"crun: exec container process `/opt/tool`: Exec format error: OCI runtime error":                                                                                                126,
		"crun: exec container process `/opt/tool`: Text file busy: OCI runtime error":                                                                                                   126,
		"crun: exec container process `/opt/tool`: Cannot allocate memory: OCI runtime error":                                                                                           125,
		"crun: open executable: Permission denied: OCI permission denied":                                                                                                               126,
		`runc: runc create failed: unable to start container process: exec: "/a:b": stat /a:b: no such file or directory: OCI runtime attempted to invoke a command that was not found`: 127,
		`runc: runc create failed: unable to start container process: exec: "a\"b": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found`:   127,
		`runc: runc create failed: unable to start container process: exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory: OCI runtime error`:                                    126,
		"crun: opening file `memory.max` for writing: No such file or directory: OCI runtime attempted to invoke a command that was not found":                                          125,
		"crun: setrlimit `RLIMIT_NPROC`: Operation not permitted: OCI permission denied":                                                                                                125,
		`could not find pasta, the network namespace can't be configured: exec: "pasta": executable file not found in $PATH`:                                                            125,
		`failed to mount container: exec: "fuse-overlayfs": executable file not found in $PATH`:                                                                                         125,
		`exec: "newuidmap": executable file not found in $PATH`:                                                                                                                         125,
		"netavark: nftables error: unable to execute \"nft\": No such file or directory":                                                                                                125,
		"crun: chdir to `/nowhere`: No such file or directory: OCI runtime attempted to invoke a command that was not found":                                                            125,
		"crun: cannot open sd-bus: No such file or directory: OCI runtime attempted to invoke a command that was not found":                                                             125,
		"crun: sd-bus call: Interactive authentication required.: Permission denied: OCI permission denied":                                                                             125,
		`default OCI runtime "crun" not found: invalid argument`:                                                                                                                        125,
		"crun: opening file `io.weight` for writing: No such file or directory: OCI runtime attempted to invoke a command that was not found":                                           125,
		"setting up Pasta: pasta failed with exit code 1: Failed to open() /dev/net/tun: No such device":                                                                                125,
		`cannot set up namespace using "/usr/bin/newuidmap": exit status 1: newuidmap: write to uid_map failed: Operation not permitted`:                                                125,
		"RunRoot is pointing to a path (/run/containers/storage) which is not writable. Most likely podman will fail.":                                                                  125,
		"container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file or directory":                                                                    125,
	} {
		err := engineError("run image x", errors.New(text))
		if got := api.Status(err); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
		if known := want == 125 && !strings.Contains(text, "chdir") && !strings.Contains(text, "allocate"); known && api.Hint(err) == "" {
			t.Errorf("%q: no hint", text)
		}
	}
}

func TestProxiesAreTheCallers(t *testing.T) {
	o := ConnectOptions{Getenv: func(name string) string {
		return map[string]string{"http_proxy": "http://p", "NO_PROXY": "x", "https_proxy": "http://q", "HOME": "/root"}[name]
	}}
	got := proxies(o.Variable, map[string]string{"https_proxy": "", "A": "b"})
	want := map[string]string{"http_proxy": "http://p", "NO_PROXY": "x", "https_proxy": "", "A": "b"}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for name, value := range want {
		if v, there := got[name]; !there || v != value {
			t.Errorf("%s is %q", name, v)
		}
	}
}

func TestAuthFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"docker/config.json", "run/containers/auth.json"} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("{}"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		env     map[string]string
		foreign bool
		want    string
	}{
		{nil, false, ""},
		{map[string]string{"XDG_RUNTIME_DIR": dir + "/run"}, false, ""}, // the service reads it itself
		{map[string]string{"XDG_RUNTIME_DIR": dir + "/run"}, true, dir + "/run/containers/auth.json"},
		{map[string]string{"DOCKER_CONFIG": dir + "/docker"}, false, dir + "/docker/config.json"},
		{map[string]string{"DOCKER_CONFIG": dir + "/nosuch"}, false, ""},
		{map[string]string{"DOCKER_CONFIG": dir + "/docker", "REGISTRY_AUTH_FILE": "/nosuch"}, false, "/nosuch"},
	} {
		url := "unix:///x"
		if c.foreign {
			url = "tcp://x:1"
		}
		e := &Engine{service: podman.NewService(url, "", nil), options: ConnectOptions{Getenv: func(name string) string { return c.env[name] }}}
		if got := e.authFile(); got != c.want {
			t.Errorf("%v: got %q, want %q", c.env, got, c.want)
		}
	}
}
