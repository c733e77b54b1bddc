// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/images"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Hints for errors of registries.
const (
	hintLogin    = "the registry wants other credentials, or there is no such repository: podman login %s"
	hintNoTag    = "the registry has no image of that name and tag: is it spelt right, and published?"
	hintCA       = "the registry's certificate is not trusted: put its authority's into /etc/containers/certs.d/%s/ca.crt"
	hintNoTLS    = "the registry speaks no TLS: set insecure = true for it in registries.conf, if it is to be trusted"
	hintRegistry = "can the registry be reached from here? A mirror of it can be named in registries.conf"
	hintThrottle = "the registry limits how much is pulled: wait, or podman login %s"
	hintShort    = "the engine looks for short names nowhere: give the whole name, for example docker.io/library/NAME"
	hintProxy    = "the engine goes through a proxy that does not answer: see http_proxy and https_proxy where the engine runs"
	hintFault    = "the registry itself fails: try again later"
	hintArch     = "the registry has no image of that name and tag for this architecture"
	hintPolicy   = "the engine's /etc/containers/policy.json, or the user's, does not allow it"
	hintBlocked  = "registries.conf blocks the registry where the engine runs"
	hintHelper   = "the file of credentials names a credential helper that is not installed where the engine runs"
	hintPull     = "can the registry be reached from here, and is the image published there? podman login gives credentials for it"
)

// registryCauses returns parts of error messages with their hints, by priority.
// %s in a hint is the registry.
func registryCauses() []struct{ words, hint string } {
	return []struct{ words, hint string }{
		{"short-name", hintShort},
		{"docker-credential-", hintHelper},
		{"is rejected by policy", hintPolicy},
		{"A signature was required", hintPolicy},
		{"is blocked in ", hintBlocked},
		{"no image found in", hintArch},
		{"proxyconnect", hintProxy},
		{"toomanyrequests", hintThrottle},
		{"Too Many Requests", hintThrottle},
		{"authentication required", hintLogin},
		{"unauthorized", hintLogin},
		{"invalid username/password", hintLogin},
		{"access to the resource is denied", hintLogin},
		{"access denied", hintLogin},
		{"denied:", hintLogin},
		{"authorization failed", hintLogin},
		{"no basic auth credentials", hintLogin},
		{"Unauthorized", hintLogin},
		{"Forbidden", hintLogin},
		{"manifest unknown", hintNoTag},
		{"name unknown", hintNoTag},
		{"repository name not known", hintNoTag},
		{"404 (Not Found)", hintNoTag},
		{"x509:", hintCA},
		{"server gave HTTP response to HTTPS client", hintNoTLS},
		{"no such host", hintRegistry},
		{"connection refused", hintRegistry},
		{"network is unreachable", hintRegistry},
		{"no route to host", hintRegistry},
		{"i/o timeout", hintRegistry},
		{"TLS handshake timeout", hintRegistry},
		{"context deadline exceeded", hintRegistry},
		{"connection reset by peer", hintRegistry},
		{"Temporary failure in name resolution", hintRegistry},
		{"server misbehaving", hintRegistry},
		{"Internal Server Error", hintFault},
		{"Bad Gateway", hintFault},
		{"Service Unavailable", hintFault},
		{"Gateway Timeout", hintFault},
	}
}

var (
	registrySource = lazyregexp.New(`(?:initializing source|Source) docker://[^ ]+: `)
	registryNames  = lazyregexp.New(`docker://[^ ]+|https?://[^ "]+|(?:manifest|blob) [^ ]+ in [^ ]+`) // of images, chosen by users
	registryHost   = lazyregexp.New(`docker://([^/ ]+)/|pinging container registry ([^ ]+): |(?:manifest|blob) [^ ]+ in ([^/ ]+)/`)
)

// registryHint returns the hint for the message of a failed pull, or "".
func registryHint(text string) string {
	if hint := podman.Explain(errors.New(text)); hint == podman.HintDisk || hint == podman.HintDiskWhere {
		return hint
	}
	said := registryNames.ReplaceAllString(text, "")
	for _, c := range registryCauses() {
		if strings.Contains(said, c.words) {
			return strings.Replace(c.hint, "%s", hostOf(text), 1)
		}
	}
	return hintPull
}

// hostOf returns the last registry that the message of a failed pull names.
func hostOf(text string) string {
	all := registryHost.FindAllStringSubmatch(text, -1)
	for i := len(all) - 1; i >= 0; i-- {
		for _, host := range all[i][1:] {
			if host != "" {
				return host
			}
		}
	}
	return "REGISTRY"
}

// registryReason returns the reason of a failed pull in one line, without the
// names in front of it.
func registryReason(text string) string {
	line := podman.LastLine(text)
	if at := registrySource.FindAllStringIndex(line, -1); at != nil {
		return line[at[len(at)-1][1]:]
	}
	return line
}

// AskRegistry makes the engine ask an image's registry for its tags, using the
// engine's mirrors and the user's credentials. It pulls nothing.
func (e *Engine) AskRegistry(ctx context.Context, reference string) error {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return err
	}
	defer podman.CloseIdle(c)
	name, _, _ := strings.Cut(reference, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	options := new(images.SearchOptions).WithListTags(true).WithLimit(1).WithAuthfile(e.authFile())
	if _, err = images.Search(c, name, options); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return &EngineError{Op: "ask the registry of " + name, Code: 125, Err: context.Cause(ctx), Hint: hintRegistry}
	}
	reason := strings.TrimLeft(podman.LastLine(err.Error()), "* \t") // podman formats errors as a list
	return &EngineError{Op: "ask the registry of " + name, Code: 125, Err: errors.New(reason), Hint: registryHint("docker://" + name + "/ " + reason)}
}

// authFile returns the credentials file to send with a request, as podman's
// command line does: REGISTRY_AUTH_FILE, or the file in DOCKER_CONFIG. A service
// on another machine gets the user's default file. "" leaves it to the service.
func (e *Engine) authFile() string {
	if file := e.options.Variable("REGISTRY_AUTH_FILE"); file != "" {
		return file
	}
	var candidates []string
	if dir := e.options.Variable("DOCKER_CONFIG"); dir != "" {
		candidates = append(candidates, filepath.Join(dir, "config.json"))
	}
	if !e.service.Local() {
		if dir := e.options.Variable("XDG_RUNTIME_DIR"); dir != "" {
			candidates = append(candidates, filepath.Join(dir, "containers/auth.json"))
		}
		if dir := podman.ConfigHome(e.options.Variable); dir != "" {
			candidates = append(candidates, filepath.Join(dir, "containers/auth.json"))
		}
		if home := e.options.Variable("HOME"); home != "" {
			candidates = append(candidates, filepath.Join(home, ".docker/config.json"))
		}
	}
	for _, file := range candidates {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}
