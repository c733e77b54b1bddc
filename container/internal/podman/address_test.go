// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAddressOrder(t *testing.T) {
	conf := write(t, "containers.conf", "[engine]\nactive_service = \"far\"\n[engine.service_destinations.far]\nuri = \"ssh://u@far/sock\"\nidentity = \"/key\"\n"+
		"[engine.service_destinations.near]\nuri = \"unix:///near.sock\"\n")
	empty := write(t, "containers.conf", "")
	newer := write(t, "podman-connections.json", `{"Connection":{"Default":"five","Connections":{"five":{"URI":"tcp://five:1","IsMachine":true}}}}`)
	for _, c := range []struct {
		name string
		o    Options
		env  map[string]string
		uid  int
		want string
	}{
		{"url wins", Options{URL: "unix:///a"}, map[string]string{"CONTAINER_HOST": "unix:///b"}, 0, "unix:///a (--url)!"},
		{"connection", Options{Connection: "near"}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_HOST": "unix:///b"}, 0, "unix:///near.sock (--connection near)!"},
		{"host before connection", Options{}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_HOST": "unix:///b", "CONTAINER_CONNECTION": "near"}, 0, "unix:///b (CONTAINER_HOST)!"},
		{"connection variable", Options{}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_CONNECTION": "near"}, 0, "unix:///near.sock (CONTAINER_CONNECTION near)!"},
		{"default connection", Options{}, map[string]string{"CONTAINERS_CONF": conf}, 0, "ssh://u@far/sock key /key (default connection of containers.conf far)!"},
		{"key variable", Options{}, map[string]string{"CONTAINERS_CONF": conf, "CONTAINER_SSHKEY": "/mine"}, 0, "ssh://u@far/sock key /mine (default connection of containers.conf far)!"},
		{"podman 5", Options{}, map[string]string{"CONTAINERS_CONF": conf, "PODMAN_CONNECTIONS_CONF": newer}, 0, "tcp://five:1 machine (default connection of containers.conf five)!"},
		{"root", Options{}, map[string]string{"CONTAINERS_CONF": empty}, 0, "unix:///run/podman/podman.sock (system's socket)"},
		{"root with a session", Options{}, map[string]string{"CONTAINERS_CONF": empty, "XDG_RUNTIME_DIR": "/run/user/0"}, 0, "unix:///run/user/0/podman/podman.sock (user's socket), unix:///run/podman/podman.sock (system's socket)"},
		{"user", Options{}, map[string]string{"CONTAINERS_CONF": empty}, 1000, "unix:///run/user/1000/podman/podman.sock (user's socket)"},
		{"one slash", Options{}, map[string]string{"CONTAINER_HOST": "unix:/run/a.sock"}, 1000, "unix:/run/a.sock (CONTAINER_HOST)!"},
		{"two slashes", Options{}, map[string]string{"CONTAINER_HOST": "unix://run/a.sock"}, 1000, "unix:///run/a.sock (CONTAINER_HOST)!"},
		{"capitals", Options{URL: "UNIX:///run/A.sock"}, nil, 1000, "unix:///run/A.sock (--url)!"},
		{"port alone", Options{URL: "tcp://:8080"}, nil, 1000, "tcp://:8080 (--url)!"},
		{"user with a session", Options{}, map[string]string{"CONTAINERS_CONF": empty, "XDG_RUNTIME_DIR": "/x"}, 1000, "unix:///x/podman/podman.sock (user's socket)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Getenv = env(c.env)
			list, err := c.o.addresses(c.uid)
			if err != nil {
				t.Fatal(err)
			}
			var words []string
			for _, a := range list {
				word := a.URL
				if a.Identity != "" {
					word += " key " + a.Identity
				}
				if a.Machine {
					word += " machine"
				}
				word += " (" + a.Source + ")"
				if a.Fixed {
					word += "!"
				}
				words = append(words, word)
			}
			if got := strings.Join(words, ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBadAddresses(t *testing.T) {
	broken := write(t, "containers.conf", "[engine\n")
	brokenJSON := write(t, "podman-connections.json", "{")
	empty := write(t, "containers.conf", "")
	stale := write(t, "containers.conf", "[engine]\nactive_service = \"gone\"\n")
	for want, o := range map[string]Options{
		"exclude each other":                    {URL: "unix:///a", Connection: "b"},
		"must begin with unix://":               {URL: "/run/podman.sock"},
		`"unix://" names no socket`:             {URL: "unix://"},
		`"tcp://" names no host`:                {URL: "tcp://"},
		"CONTAINER_HOST: \"ssh://u@host\" na":   {Getenv: env(map[string]string{"CONTAINER_HOST": "ssh://u@host"})},
		"cannot read: is a directory":           {Getenv: env(map[string]string{"CONTAINERS_CONF": t.TempDir()})},
		`"tcp://host" names no port`:            {URL: "tcp://host"},
		`"tcp://[::1]" names no port`:           {URL: "tcp://[::1]"},
		"is not an address":                     {URL: "unix://%zz\x00"},
		`no connection "nosuch"`:                {Connection: "nosuch", Getenv: env(map[string]string{"CONTAINERS_CONF": empty})},
		"CONTAINER_HOST: \"ftp://x\" must":      {Getenv: env(map[string]string{"CONTAINER_HOST": "ftp://x"})},
		"containers.conf: cannot decode":        {Getenv: env(map[string]string{"CONTAINERS_CONF": broken})},
		"connections.json: cannot decode":       {Getenv: env(map[string]string{"CONTAINERS_CONF": empty, "PODMAN_CONNECTIONS_CONF": brokenJSON})},
		`containers.conf: no connection "gone"`: {Getenv: env(map[string]string{"CONTAINERS_CONF": stale})},
		"CONTAINER_CONNECTION: no connection":   {Getenv: env(map[string]string{"CONTAINERS_CONF": empty, "CONTAINER_CONNECTION": "x"})},
	} {
		if list, err := o.addresses(0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want %s", list, err, want)
		}
	}
}

func TestRuntimeDir(t *testing.T) {
	long := "/tmp/" + strings.Repeat("x", 100)
	if _, err := (Options{RuntimeDir: long}).SocketDir(); err == nil || !strings.Contains(err.Error(), "too long for a socket") {
		t.Errorf("got %v", err)
	}
	if _, err := (Options{RuntimeDir: write(t, "file", "")}).SocketDir(); err == nil || !strings.Contains(err.Error(), "not a directory of ours") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if got, err := (Options{Getenv: env(map[string]string{"XDG_RUNTIME_DIR": dir})}).SocketDir(); err != nil || got != dir+"/lcitool" {
		t.Errorf("got %s, %v", got, err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o755); err != nil { //nolint:gosec // the point of the test
		t.Fatal(err)
	}
	relative := Options{Getenv: env(map[string]string{"XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"})}
	if got := relative.socketDirs(); len(got) != 1 || filepath.Dir(got[0]) != "/tmp" { // the service runs in another directory
		t.Errorf("with relative variables: %q", got)
	}
	if _, err := (Options{RuntimeDir: open}).SocketDir(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(open); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestServiceKeyTellsStoresApart(t *testing.T) {
	key := func(values ...string) string { return Options{ServiceEnv: values}.serviceKey() }
	if key("A=1", "HOME=/a") != key("HOME=/a", "B=2", "LISTEN_FDS=3") {
		t.Error("order or strange variables changed the key")
	}
	if key("HOME=/a") == key("HOME=/b") || key() == key("CONTAINERS_STORAGE_CONF=/x") || key() == (Options{ServiceEnv: []string{}, Podman: "/other"}).serviceKey() {
		t.Error("two stores have one key")
	}
}

// TestTunnelHints: the hint depends on ssh's message and on the remote end.
func TestTunnelHints(t *testing.T) {
	const refused = "ssh: connect to host 127.0.0.1 port 22: Connection refused\r\n"
	for _, c := range []struct {
		vm         bool
		said, want string
	}{
		{true, refused, "podman machine start"},
		{false, refused, "try it with: ssh core@127.0.0.1 true"},
		{true, "core@127.0.0.1: Permission denied (publickey).", "try it with"},
		{false, "Host key verification failed.", "compare the key"},
	} {
		to, err := url.Parse("ssh://core@127.0.0.1/run/podman.sock")
		if err != nil {
			t.Fatal(err)
		}
		tun := &tunnel{to: to, vm: c.vm, log: write(t, "log", c.said)}
		got, ok := errors.AsType[*api.EngineError](tun.failed(errors.New("it ended at once")))
		if !ok || !strings.Contains(got.Hint, c.want) || strings.Contains(got.Error(), "ssh: ssh:") {
			t.Errorf("%q: %v, hint %q", c.said, got, got.Hint)
		}
	}
}

// TestReachHints: the hint depends on why a service cannot be reached.
func TestReachHints(t *testing.T) {
	for want, err := range map[string]error{
		"another user's":                 syscall.EACCES,
		"needs podman's service":         errNotPodman,
		"systemctl --user start podman.": syscall.ECONNREFUSED,
	} {
		if got := reachHint(address{URL: "unix:///x.sock", Source: "--url"}, err); !strings.Contains(got, want) || !strings.Contains(got, "--url") {
			t.Errorf("%v: hint %q", err, got)
		}
	}
}

func TestDefaultLimits(t *testing.T) {
	conf := write(t, "containers.conf", "[containers]\ndefault_ulimits = [\"nofile=1:1\", \"nproc=2:2\", {append = true}]\n")
	if got := strings.Join(DefaultLimits(env(map[string]string{"CONTAINERS_CONF": conf}), 0), " "); got != "nofile nproc" {
		t.Errorf("got %q", got)
	}
	if got := DefaultLimits(env(map[string]string{"CONTAINERS_CONF": write(t, "containers.conf", "[")}), 0); got != nil {
		t.Errorf("of a broken file: %q", got)
	}
}
