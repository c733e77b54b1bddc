// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

// A testRegistry is Debian's docker-registry on localhost, for one user.
type testRegistry struct {
	address string // host:port
	dir     string
	ca      []byte // certificate in PEM; nil without TLS
}

const registryUser, registryPassword = "someone", "pass"

func startRegistry(t *testing.T, tls bool) testRegistry {
	t.Helper()
	r := testRegistry{address: freeAddress(t), dir: t.TempDir()}
	hash, err := bcrypt.GenerateFromPassword([]byte(registryPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	writeTest(t, r.dir+"/htpasswd", registryUser+":"+string(hash)+"\n")
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/store}}\nauth: {htpasswd: {realm: test, path: %s/htpasswd}}\nhttp:\n  addr: %s\n", r.dir, r.dir, r.address)
	if tls {
		r.ca = r.certificate(t)
		config += fmt.Sprintf("  tls: {certificate: %s/cert.pem, key: %s/key.pem}\n", r.dir, r.dir)
	}
	writeTest(t, r.dir+"/config.yml", config)
	daemon(t, r.address, os.Environ(), "docker-registry", "serve", r.dir+"/config.yml")
	return r
}

// certificate returns a self-signed one for localhost.
func (r testRegistry) certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	writeTest(t, r.dir+"/cert.pem", string(ca))
	writeTest(t, r.dir+"/key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return ca
}

func (r testRegistry) auth(t *testing.T, password string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "auth.json")
	code := base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + password))
	writeTest(t, file, fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, r.address, code))
	return file
}

func (r testRegistry) push(t *testing.T, name string) {
	t.Helper()
	here.podman(t, "push", "--quiet", "--tls-verify=false", "--creds", registryUser+":"+registryPassword, base, "docker://"+r.address+"/"+name)
}

func writeTest(t *testing.T, file, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

type registryHome struct{ dir string }

func newRegistryHome(t *testing.T) registryHome {
	t.Helper()
	h := registryHome{t.TempDir()}
	h.registries(t, "")
	return h
}

func (h registryHome) registries(t *testing.T, text string) {
	t.Helper()
	writeTest(t, h.dir+"/registries.conf", "unqualified-search-registries = []\n"+text)
}

// connect uses a private service with that home and file of credentials, which it starts if
// necessary.
func (h registryHome) connect(t *testing.T, auth string) *Engine {
	t.Helper()
	o := here.options()
	o.ServiceEnv = append(slices.Clone(here.env), "HOME="+h.dir, "CONTAINERS_REGISTRIES_CONF="+h.dir+"/registries.conf")
	o.Getenv = func(name string) string {
		if name == "REGISTRY_AUTH_FILE" {
			return auth
		}
		return here.getenv(name)
	}
	e, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func insecure(location string) string {
	return fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n", location)
}

// refused checks that a pull and a build of an image end with this error and hint.
func refused(t *testing.T, e *Engine, image, words, hint string) {
	t.Helper()
	_, pullErr := e.Pull(t.Context(), image, nil)
	_, buildErr := e.Build(t.Context(), api.BuildOptions{Tag: "test.registry", Dockerfile: []byte("FROM " + image + "\nRUN true\n"), Network: api.NetworkNone})
	for what, err := range map[string]error{"pull": pullErr, "build": buildErr} {
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n") || !strings.Contains(api.Hint(err), hint) {
			t.Errorf("%s of %s: got %v\nhint %q\nwant %q and %q", what, image, err, api.Hint(err), words, hint)
		}
	}
	if failed, ok := errors.AsType[*api.BuildError](buildErr); !ok || !failed.BaseMissing {
		t.Errorf("%v is not said to be of the base image", buildErr)
	}
}

func TestRegistryWithPasswords(t *testing.T) {
	nothingLeft(t, engine(t))
	r := startRegistry(t, false)
	r.push(t, "some/base:1")
	image := r.address + "/some/base:1"
	h := newRegistryHome(t)
	h.registries(t, insecure(r.address))
	none := filepath.Join(t.TempDir(), "auth.json")
	writeTest(t, none, "{}")
	t.Run("no credentials", func(t *testing.T) {
		refused(t, h.connect(t, none), image, "authentication required", "podman login "+r.address)
	})
	t.Run("wrong password", func(t *testing.T) {
		refused(t, h.connect(t, r.auth(t, "wrong")), image, "authentication required", "podman login "+r.address)
	})
	e := h.connect(t, r.auth(t, registryPassword))
	t.Run("no such tag", func(t *testing.T) {
		refused(t, e, r.address+"/some/base:9", "manifest unknown", "is it spelt right, and published")
	})
	t.Run("nobody there", func(t *testing.T) {
		address := freeAddress(t)
		refused(t, h.connect(t, r.auth(t, registryPassword)), address+"/some/base:1", "connection refused", explain.HintRegistry)
	})
	t.Run("asked for its tags", func(t *testing.T) {
		for _, image := range []string{image, r.address + "/some/base@sha256:" + strings.Repeat("0", 64), r.address + "/some/base"} {
			if err := e.AskRegistry(t.Context(), image); err != nil {
				t.Errorf("%s: %v (%s)", image, err, api.Hint(err))
			}
		}
		if err := h.connect(t, none).AskRegistry(t.Context(), image); err == nil || !strings.Contains(api.Hint(err), "podman login "+r.address) {
			t.Errorf("without credentials: %v, hint %q", err, api.Hint(err))
		}
		if err := e.AskRegistry(t.Context(), freeAddress(t)+"/some/base:1"); err == nil || api.Hint(err) != explain.HintRegistry || strings.Contains(err.Error(), "\n") {
			t.Errorf("nobody there: %v, hint %q", err, api.Hint(err))
		}
	})
	t.Run("build", func(t *testing.T) {
		removeLater(t, e, "test.registry")
		removeLater(t, e, image)
		if _, err := e.Build(t.Context(), api.BuildOptions{Tag: "test.registry", Dockerfile: []byte("FROM " + image + "\nRUN true\n"), Network: api.NetworkNone}); err != nil {
			t.Errorf("%v (%s)", err, api.Hint(err))
		}
	})
	t.Run("pull", func(t *testing.T) {
		if _, err := e.Pull(t.Context(), image, nil); err != nil {
			t.Errorf("%v (%s)", err, api.Hint(err))
		}
	})
}

// TestRegistryMirrors also changes the settings while a private service runs.
func TestRegistryMirrors(t *testing.T) {
	nothingLeft(t, engine(t))
	r := startRegistry(t, false)
	h := newRegistryHome(t)
	auth := r.auth(t, registryPassword)
	for name, prefix := range map[string]string{"hub": "docker.io/library", "gitlab": "registry.gitlab.com/group"} {
		r.push(t, name+"/mirrored:1")
		mirror := func(address string) string {
			return fmt.Sprintf("[[registry]]\nprefix = %q\nlocation = %q\ninsecure = true\n", prefix, address+"/"+name)
		}
		image := prefix + "/mirrored:1"
		h.registries(t, mirror(freeAddress(t)))
		refused(t, h.connect(t, auth), image, "connection refused", explain.HintRegistry)
		h.registries(t, mirror(r.address))
		e := h.connect(t, auth)
		removeLater(t, e, image)
		if _, err := e.Pull(t.Context(), image, nil); err != nil {
			t.Errorf("%v (%s)", err, api.Hint(err))
		}
	}
}

func TestRegistryWithTLS(t *testing.T) {
	nothingLeft(t, engine(t))
	r := startRegistry(t, true)
	r.push(t, "some/base:1")
	image := r.address + "/some/base:1"
	h := newRegistryHome(t)
	auth := r.auth(t, registryPassword)
	refused(t, h.connect(t, auth), image, "x509: ", "/etc/containers/certs.d/"+r.address+"/ca.crt")
	writeTest(t, h.dir+"/.config/containers/certs.d/"+r.address+"/ca.crt", string(r.ca))
	e := h.connect(t, auth)
	removeLater(t, e, image)
	if _, err := e.Pull(t.Context(), image, nil); err != nil {
		t.Errorf("%v (%s)", err, api.Hint(err))
	}
}
