// SPDX-License-Identifier: GPL-2.0-or-later

package explain

import (
	"errors"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Hints for errors of registries.
const (
	hintLogin    = "the registry wants other credentials, or there is no such repository: podman login %s"
	hintNoTag    = "the registry has no image of that name and tag: is it spelt right, and published?"
	hintCA       = "the registry's certificate is not trusted: put its authority's into /etc/containers/certs.d/%s/ca.crt"
	hintNoTLS    = "the registry speaks no TLS: set insecure = true for it in registries.conf, if it is to be trusted"
	HintRegistry = "can the registry be reached from here? A mirror of it can be named in registries.conf"
	hintThrottle = "the registry limits how much is pulled: wait, or podman login %s"
	hintShort    = "the engine has no registries for short names: use the full name, for example docker.io/library/NAME"
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
		{"no such host", HintRegistry},
		{"connection refused", HintRegistry},
		{"network is unreachable", HintRegistry},
		{"no route to host", HintRegistry},
		{"i/o timeout", HintRegistry},
		{"TLS handshake timeout", HintRegistry},
		{"context deadline exceeded", HintRegistry},
		{"connection reset by peer", HintRegistry},
		{"Temporary failure in name resolution", HintRegistry},
		{"server misbehaving", HintRegistry},
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

// RegistryHint returns the hint for the message of a failed pull, or "".
func RegistryHint(text string) string {
	if hint := Hint(errors.New(text)); hint == HintDisk || hint == HintDiskWhere {
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

// RegistryReason returns the reason of a failed pull in one line, without the
// names in front of it.
func RegistryReason(text string) string {
	line := LastLine(text)
	if at := registrySource.FindAllStringIndex(line, -1); at != nil {
		return line[at[len(at)-1][1]:]
	}
	return line
}

// LastLine returns the last line of text that is not empty.
func LastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
