// SPDX-License-Identifier: GPL-2.0-or-later

package explain

import (
	"strings"
	"testing"
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
		`initializing source docker://r.example/a:1: pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example: no such host`:                                HintRegistry,
		`initializing source docker://[::1]:5/a:1: pinging container registry [::1]:5: Get "https://[::1]:5/v2/": dial tcp [::1]:5: connect: connection refused`:                                 HintRegistry,
		`pinging container registry r.example: Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client`:                                                                     hintNoTLS,
		"toomanyrequests: You have reached your pull rate limit":                                                                                                                                 "the registry limits how much",
		`short-name "sh" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"`:                                                      "the full name",
		`initializing source docker://r.example/a:1: pinging container registry r.example: Get "https://r.example/v2/": proxyconnect tcp: dial tcp: refused`:                                     "proxy",
		"initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: received unexpected HTTP status: 503 Service Unavailable":                                                "itself fails",
		"initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: StatusCode: 401, Unauthorized":                                                                           "podman login r.example",
		"insufficient_scope: authorization failed": "podman login",
		`choosing an image from manifest list docker://r.example/a:1: no image found in manifest list for architecture "s390x", variant "", OS "linux"`: "architecture",
		"Source image rejected: Running image docker://r.example/a:1 is rejected by policy.":                                                            "policy.json",
		`registry r.example is blocked in /etc/containers/registries.conf or /etc/containers/registries.conf.d`:                                         "registries.conf blocks",
		`getting username and password: exec: "docker-credential-desktop": executable file not found in $PATH`:                                          "credential helper",
		"writing blob: storing blob to file \"/var/tmp/x\": write /var/tmp/x: no space left on device":                                                  HintDisk,
		`pinging container registry r.example: Get "https://r.example/v2/": net/http: TLS handshake timeout`:                                            HintRegistry,
		`pinging container registry r.example: Get "https://r.example/v2/": context deadline exceeded`:                                                  HintRegistry,
		"something nobody has seen before": hintPull,
	} {
		if got := RegistryHint(text); !strings.Contains(got, want) {
			t.Errorf("%q:\ngot  %q\nwant %q", text, got, want)
		}
	}
}

func TestRegistryReasonIsTheLastOfTheTries(t *testing.T) {
	const text = `2 errors occurred while pulling:
 * initializing source docker://a.example/x:1: pinging container registry a.example: no such host
 * initializing source docker://b.example/x:1: reading manifest 1 in b.example/x: authentication required
`
	if got := RegistryReason(text); got != "reading manifest 1 in b.example/x: authentication required" {
		t.Errorf("got %q", got)
	}
}
