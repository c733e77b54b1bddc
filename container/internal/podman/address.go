// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// An address is a possible address of a podman service.
type address struct {
	URL      string
	Identity string // private key file, ssh only
	Via      string // socket of this machine that leads to URL; empty when URL itself can be dialled
	Machine  bool   // a podman machine, whose host key is not checked
	Source   string // why it was chosen
	Fixed    bool   // given by the user: no other address is tried
	Foreign  bool   // a local socket of a service that does not see the files of this machine
}

func (a address) endpoint() string {
	if a.Via != "" {
		return "unix://" + a.Via
	}
	return a.URL
}

// local reports whether the service sees the files of this machine under the
// same paths.
func (a address) local() bool { return strings.HasPrefix(a.URL, "unix:") && !a.Foreign }

// socket returns the path of a unix URL, or "".
func (a address) socket() string {
	if u, err := url.Parse(a.URL); err == nil && u.Scheme == "unix" {
		return u.Host + u.Path
	}
	return ""
}

// addresses returns the addresses to try, in order. An address that the user
// gave is the only one. If there are none, only a private service is left.
func (o Options) addresses(uid int) ([]address, error) {
	if o.Connection != "" && o.URL != "" {
		return nil, errors.New("--connection and --url exclude each other")
	}
	identity := o.Identity
	if identity == "" {
		identity = o.Variable("CONTAINER_SSHKEY")
	}
	host, connection := o.Variable("CONTAINER_HOST"), o.Variable("CONTAINER_CONNECTION")
	switch {
	case o.URL != "":
		return fixed(o.URL, identity, "--url")
	case o.Connection != "":
		return named(o.Connection, identity, "--connection", o.Variable, uid)
	case host != "":
		return fixed(host, identity, "CONTAINER_HOST")
	case connection != "":
		return named(connection, identity, "CONTAINER_CONNECTION", o.Variable, uid)
	}
	if a, err := named("", identity, "default connection of containers.conf", o.Variable, uid); err != nil || a != nil {
		return a, err
	}
	return sockets(o.Variable("XDG_RUNTIME_DIR"), uid), nil
}

// Elsewhere reports whether the user gave the address of an engine on the
// network.
func (o Options) Elsewhere() bool {
	list, err := o.addresses(os.Getuid())
	return err == nil && len(list) == 1 && list[0].Fixed && !list[0].local()
}

// fixed checks an address that the user gave.
func fixed(raw, identity, source string) ([]address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not an address", source, raw)
	}
	switch {
	case u.Scheme != "unix" && u.Scheme != "tcp" && u.Scheme != "ssh":
		return nil, fmt.Errorf("%s: %q must begin with unix://, tcp:// or ssh://", source, raw)
	case u.Scheme == "unix" && u.Host+u.Path == "":
		return nil, fmt.Errorf("%s: %q names no socket", source, raw)
	case u.Scheme != "unix" && u.Host == "":
		return nil, fmt.Errorf("%s: %q names no host", source, raw)
	case u.Scheme == "ssh" && (u.Path == "" || u.Path == "/"):
		return nil, fmt.Errorf("%s: %q names no socket; podman's is /run/podman/podman.sock for root and /run/user/UID/podman/podman.sock for others", source, raw)
	case u.Scheme == "tcp" && u.Port() == "":
		return nil, fmt.Errorf("%s: %q names no port", source, raw)
	}
	if u.Scheme == "unix" && u.Host != "" { // unix://run/podman.sock, which podman takes for an absolute path
		u.Host, u.Path = "", "/"+u.Host+u.Path
	}
	return []address{{URL: u.String(), Identity: identity, Source: source, Fixed: true}}, nil
}

// named returns the connection called name. "" means the default connection, if
// there is one.
func named(name, identity, source string, getenv func(string) string, uid int) ([]address, error) {
	all, active, err := connections(getenv, uid)
	if err != nil {
		return nil, err
	}
	wanted := name
	if wanted == "" {
		wanted = active
	}
	if wanted == "" {
		return nil, nil
	}
	d, ok := all[wanted]
	if !ok { // another engine would be a surprise
		return nil, fmt.Errorf("%s: no connection %q, see \"podman system connection list\"", source, wanted)
	}
	if identity == "" {
		identity = d.Identity
	}
	list, err := fixed(d.URI, identity, fmt.Sprintf("%s %s", source, wanted))
	if err == nil {
		list[0].Machine = d.IsMachine
	}
	return list, err
}

// connections reads the connections of containers.conf and, as in podman 5, of
// podman-connections.json, which takes precedence.
func connections(getenv func(string) string, uid int) (map[string]destination, string, error) {
	conf, err := readContainersConf(getenv, uid)
	if err != nil {
		return nil, "", err
	}
	all, active := map[string]destination{}, conf.Engine.ActiveService
	maps.Copy(all, conf.Engine.ServiceDestinations)
	var file struct {
		Connection struct {
			Default     string
			Connections map[string]destination
		}
	}
	path := connectionsFile(getenv)
	data, err := readOptional(path)
	if err != nil {
		return nil, "", fmt.Errorf("cannot read connections: %w", err)
	}
	if data == nil {
		return all, active, nil
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, "", fmt.Errorf("%s: cannot decode: %w", path, err)
	}
	maps.Copy(all, file.Connection.Connections)
	if file.Connection.Default != "" {
		active = file.Connection.Default
	}
	return all, active, nil
}

func connectionsFile(getenv func(string) string) string {
	if path := getenv("PODMAN_CONNECTIONS_CONF"); path != "" {
		return path
	}
	if dir := ConfigHome(getenv); dir != "" {
		return filepath.Join(dir, "containers", "podman-connections.json")
	}
	return ""
}

// sockets returns the user's socket and, for root, the system's.
func sockets(runtimeDir string, uid int) []address {
	if runtimeDir == "" && uid != 0 {
		runtimeDir = fmt.Sprintf("/run/user/%d", uid)
	}
	var list []address
	if runtimeDir != "" {
		list = append(list, address{URL: "unix://" + filepath.Join(runtimeDir, "podman/podman.sock"), Source: "user's socket"})
	}
	if uid == 0 {
		list = append(list, address{URL: "unix:///run/podman/podman.sock", Source: "system's socket"})
	}
	return list
}
