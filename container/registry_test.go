// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

func TestRegistryHintFollowsTheReason(t *testing.T) {
	for text, want := range map[string]string{
		"initializing source docker://127.0.0.1:5000/a:1: reading manifest 1 in 127.0.0.1:5000/a: authentication required":                                                                       "podman login 127.0.0.1:5000",
		"initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: unauthorized: access denied":                                                                             "podman login r.example",
		"initializing source docker://docker.io/library/x:1: reading manifest 1 in docker.io/library/x: errors:\ndenied: requested access to the resource is denied":                             "podman login docker.io",
		"initializing source docker://r.example/a:9: reading manifest 9 in r.example/a: manifest unknown: manifest unknown":                                                                      hintNoTag,
		"initializing source docker://r.example/b:1: reading manifest 1 in r.example/b: name unknown: repository name not known to registry":                                                     hintNoTag,
		`initializing source docker://127.0.0.1:33429/a:1: pinging container registry 127.0.0.1:33429: Get "https://127.0.0.1:33429/v2/": dial tcp 127.0.0.1:33429: connect: connection refused`: "can the registry be reached",
		"initializing source docker://r.example/unauthorized/a:1: reading manifest 1 in r.example/unauthorized/a: manifest unknown":                                                              "spelt right",
		"initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: received unexpected HTTP status: 429 Too Many Requests":                                                  "limits how much",
		`initializing source docker://r.example/a:1: pinging container registry r.example: Get "https://r.example/v2/": x509: certificate signed by unknown authority`:                           "/etc/containers/certs.d/r.example/ca.crt",
		`initializing source docker://r.example/a:1: pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example: no such host`:                                hintRegistry,
		`initializing source docker://[::1]:5/a:1: pinging container registry [::1]:5: Get "https://[::1]:5/v2/": dial tcp [::1]:5: connect: connection refused`:                                 hintRegistry,
		`pinging container registry r.example: Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client`:                                                                     hintNoTLS,
		"toomanyrequests: You have reached your pull rate limit":                                                                                                                                 "the registry limits how much",
		`short-name "sh" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"`:                                                      "the whole name",
		`initializing source docker://r.example/a:1: pinging container registry r.example: Get "https://r.example/v2/": proxyconnect tcp: dial tcp: refused`:                                     "proxy",
		"initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: received unexpected HTTP status: 503 Service Unavailable":                                                "itself fails",
		"initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: StatusCode: 401, Unauthorized":                                                                           "podman login r.example",
		"insufficient_scope: authorization failed": "podman login",
		`choosing an image from manifest list docker://r.example/a:1: no image found in manifest list for architecture "s390x", variant "", OS "linux"`: "architecture",
		"Source image rejected: Running image docker://r.example/a:1 is rejected by policy.":                                                            "policy.json",
		`registry r.example is blocked in /etc/containers/registries.conf or /etc/containers/registries.conf.d`:                                         "registries.conf blocks",
		`getting username and password: exec: "docker-credential-desktop": executable file not found in $PATH`:                                          "credential helper",
		"writing blob: storing blob to file \"/var/tmp/x\": write /var/tmp/x: no space left on device":                                                  podman.HintDisk,
		`pinging container registry r.example: Get "https://r.example/v2/": net/http: TLS handshake timeout`:                                            hintRegistry,
		`pinging container registry r.example: Get "https://r.example/v2/": context deadline exceeded`:                                                  hintRegistry,
		"something nobody has seen before": hintPull,
	} {
		if got := registryHint(text); !strings.Contains(got, want) {
			t.Errorf("%q:\ngot  %q\nwant %q", text, got, want)
		}
	}
}

func TestRegistryReasonIsTheLastOfTheTries(t *testing.T) {
	const text = `2 errors occurred while pulling:
 * initializing source docker://a.example/x:1: pinging container registry a.example: no such host
 * initializing source docker://b.example/x:1: reading manifest 1 in b.example/x: authentication required
`
	if got := registryReason(text); got != "reading manifest 1 in b.example/x: authentication required" {
		t.Errorf("got %q", got)
	}
	err := &BuildError{Tag: "t", Base: "b.example/x:1", BaseMissing: true, Text: text}
	if want := "cannot build image t: base image b.example/x:1 is not here and cannot be pulled: reading manifest 1 in b.example/x: authentication required"; err.Error() != want {
		t.Errorf("got %q", err)
	}
	if got := Hint(err); !strings.Contains(got, "podman login b.example") {
		t.Errorf("hint %q", got)
	}
}

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
		if got := Status(err); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
		if known := want == 125 && !strings.Contains(text, "chdir") && !strings.Contains(text, "allocate"); known && Hint(err) == "" {
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
