// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// serviceVariables returns the environment variables that a service reads only
// at its start.
func serviceVariables() []string {
	return []string{
		"CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF", "CONTAINERS_REGISTRIES_CONF_DIR",
		"CONTAINERS_HELPER_BINARY_DIR", "STORAGE_DRIVER", "STORAGE_OPTS", "DBUS_SESSION_BUS_ADDRESS",
		"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "TMPDIR", "PATH",
		"REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
	}
}

// serviceFiles returns patterns of configuration files in a "containers"
// directory.
func serviceFiles() []string {
	return []string{
		"containers.conf", "containers.conf.d/*", "storage.conf", "registries.conf", "registries.conf.d/*", "registries.d/*", "policy.json", "certs.d/*", "certs.d/*/*",
	}
}

// authorities returns the certificate files that Go programs read only once.
func authorities() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	}
}

// addProcess writes what a service inherits from the process that starts it:
// namespaces and resource limits.
func addProcess(w io.Writer) {
	for _, name := range []string{"mnt", "net", "pid", "user"} {
		link, _ := os.Readlink("/proc/self/ns/" + name)
		fmt.Fprintln(w, link)
	}
	fmt.Fprintln(w, HardLimit(unix.RLIMIT_NOFILE), HardLimit(unix.RLIMIT_NPROC))
}

// serviceKey returns a hash of the variables and the files that a service reads
// only at its start. Services with different keys may see different stores,
// registries or proxies. A service with an old key exits when it is unused.
func (o Options) serviceKey() string {
	h := sha256.New()
	env := map[string]string{}
	for _, v := range o.Environ() {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
		if slices.Contains(serviceVariables(), strings.ToUpper(name)) {
			fmt.Fprintln(h, v)
		}
	}
	getenv := func(name string) string { return env[name] }
	for _, name := range []string{"CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF", "SSL_CERT_FILE"} {
		addFileState(h, env[name])
	}
	for _, file := range authorities() {
		addFileState(h, file)
	}
	certs, _ := filepath.Glob("/etc/docker/certs.d/*/*")
	for _, file := range certs {
		addFileState(h, file)
	}
	for _, dir := range []string{"/usr/share", "/etc", ConfigHome(getenv)} {
		for _, pattern := range serviceFiles() {
			for _, file := range safefs.Glob(filepath.Join(dir, "containers"), pattern) {
				addFileState(h, file)
			}
		}
	}
	if dir := env["CONTAINERS_REGISTRIES_CONF_DIR"]; dir != "" {
		for _, file := range safefs.Glob(dir, "*") {
			addFileState(h, file)
		}
	}
	fmt.Fprintln(h, o.Podman)
	if program, err := exec.LookPath(cmp.Or(o.Podman, "podman")); err == nil {
		addFileState(h, program)
	}
	addProcess(h)
	return fmt.Sprintf("%x", h.Sum(nil)[:4])
}

// addFileState writes metadata that changes when a file is modified or replaced.
func addFileState(w io.Writer, file string) {
	if file == "" {
		return
	}
	if info, err := os.Stat(file); err == nil {
		fmt.Fprintln(w, file, info.Size(), info.ModTime().UnixNano())
	}
}
