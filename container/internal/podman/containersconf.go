// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"gitlab.com/lcitool/lcitool/container/internal/libraryconf"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

func init() { //nolint:gochecknoinits // the library has read its settings in its own
	libraryconf.Restore()
}

// A destination is a connection that the user has configured.
type destination struct {
	URI       string `toml:"uri"`
	Identity  string `toml:"identity"`
	IsMachine bool   `toml:"is_machine"`
}

// containersConf is the part of containers.conf that lcitool uses. podman's own
// library is not used, because it changes the resource limits of the calling
// process.
type containersConf struct {
	Containers struct {
		DefaultUlimits []any `toml:"default_ulimits"` // strings, and {append = true}
	} `toml:"containers"`
	Engine struct {
		Runtime             string                 `toml:"runtime"`
		ActiveService       string                 `toml:"active_service"`
		ServiceDestinations map[string]destination `toml:"service_destinations"`
	} `toml:"engine"`
}

// readContainersConf reads all existing files. Later ones override earlier ones.
func readContainersConf(getenv func(string) string, uid int) (containersConf, error) {
	var conf containersConf
	for _, file := range confFiles(getenv, uid) {
		_, err := toml.DecodeFile(file, &conf)
		var cause *fs.PathError
		switch {
		case err == nil || errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &cause):
			return conf, fmt.Errorf("%s: cannot read: %w", file, cause.Err)
		default:
			return conf, fmt.Errorf("%s: cannot decode: %w", file, err)
		}
	}
	return conf, nil
}

// confFiles returns the paths of containers.conf in podman's order.
func confFiles(getenv func(string) string, uid int) []string {
	var files []string
	add := func(file string) {
		files = append(files, file)
		files = append(files, safefs.Glob(file+".d", "*.conf")...)
	}
	if only := getenv("CONTAINERS_CONF"); only != "" {
		files = append(files, only)
	} else {
		add("/usr/share/containers/containers.conf")
		add("/etc/containers/containers.conf")
		if dir := ConfigHome(getenv); dir != "" && uid != 0 {
			add(filepath.Join(dir, "containers/containers.conf"))
		}
	}
	if last := getenv("CONTAINERS_CONF_OVERRIDE"); last != "" {
		files = append(files, last)
	}
	return files
}

// ConfigHome returns the user's configuration directory, or "".
func ConfigHome(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return dir
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".config")
	}
	return ""
}

// OCIRuntime returns the runtime in podman's configuration, or else podman's
// default.
func OCIRuntime(getenv func(string) string, uid int, installed func(string) bool) string {
	conf, err := readContainersConf(getenv, uid)
	switch {
	case err == nil && conf.Engine.Runtime != "":
		return conf.Engine.Runtime
	case installed("crun"):
		return "crun"
	}
	return "runc"
}

// DefaultLimits returns the names of the limits that podman's configuration sets for
// all containers.
func DefaultLimits(getenv func(string) string, uid int) []string {
	conf, err := readContainersConf(getenv, uid)
	if err != nil {
		return nil
	}
	var names []string
	for _, value := range conf.Containers.DefaultUlimits {
		if text, ok := value.(string); ok {
			name, _, _ := strings.Cut(text, "=")
			names = append(names, name)
		}
	}
	return names
}

// readOptional reads a file. It returns nil if the file does not exist.
func readOptional(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
