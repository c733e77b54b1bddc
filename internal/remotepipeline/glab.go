// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxSettings limits the size of glab's configuration file, in bytes.
const maxSettings = 1 << 20

// glabToken returns glab's token for the server, or nil.
func glabToken(server *url.URL, o *Options) (*token, error) {
	for _, file := range glabFiles(o) {
		host, err := glabHost(file, server)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || host == nil {
			return nil, err
		}
		source := "glab's settings"
		switch {
		case host["token"] != "" && host["is_oauth2"] == "true":
			return newToken(source, bearer, host["token"]), nil
		case host["token"] != "":
			return newToken(source, personalToken, host["token"]), nil
		case host["job_token"] != "":
			return newToken(source, jobToken, host["job_token"]), nil
		case host["use_keyring"] == "true":
			return nil, errors.New("glab keeps the one it has in the desktop's keyring, where it cannot be read from")
		}
		return nil, nil
	}
	return nil, nil
}

// glabFiles returns the possible paths of glab's configuration.
func glabFiles(o *Options) []string {
	var files []string
	if dir := o.getenv("GLAB_CONFIG_DIR"); dir != "" {
		return []string{filepath.Join(dir, "config.yml")}
	}
	if dir := o.getenv("XDG_CONFIG_HOME"); dir != "" {
		files = append(files, filepath.Join(dir, "glab-cli", "config.yml"))
	}
	if home := o.getenv("HOME"); home != "" {
		files = append(files,
			filepath.Join(home, ".config", "glab-cli", "config.yml"),
			filepath.Join(home, "Library", "Application Support", "glab-cli", "config.yml"))
	}
	return files
}

// glabHost returns glab's settings for a server, or nil. Values are read as
// plain text, because glab writes a token as "!!null glpat-…".
func glabHost(file string, server *url.URL) (map[string]string, error) {
	data, err := readSettings(file)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) == 0 {
		return nil, fmt.Errorf("%s: cannot read glab's settings", file) // the cause may quote a token
	}
	hosts := child(doc.Content[0], "hosts")
	if hosts == nil || hosts.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(hosts.Content); i += 2 {
		settings := scalars(hosts.Content[i+1])
		if serves(hosts.Content[i].Value, server) || serves(settings["api_host"], server) {
			return settings, nil
		}
	}
	return nil, nil
}

// serves reports whether a host in glab's configuration is the server.
func serves(host string, server *url.URL) bool {
	return host != "" && sameOrigin(&url.URL{Scheme: server.Scheme, Host: host}, server)
}

func readSettings(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read glab's settings: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSettings+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read glab's settings: %w", err)
	case len(data) > maxSettings:
		return nil, fmt.Errorf("%s: more than %d bytes of settings", file, maxSettings)
	}
	return data, nil
}

// child returns the value of a key in a mapping, or nil.
func child(node *yaml.Node, key string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func scalars(node *yaml.Node) map[string]string {
	values := map[string]string{}
	if node.Kind != yaml.MappingNode {
		return values
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if v := node.Content[i+1]; v.Kind == yaml.ScalarNode && v.Value != "null" && v.Value != "~" {
			values[node.Content[i].Value] = strings.TrimSpace(v.Value)
		}
	}
	return values
}
