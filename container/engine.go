// SPDX-License-Identifier: GPL-2.0-or-later

// Package container drives podman through its REST bindings.
//
// Start with Connect, which finds a service or starts a private one; the
// Engine it returns builds images (Build), runs workloads in them (Run,
// Shell), answers questions about images (Exists, Inspect), removes them
// (Remove), clears what killed runs left behind (Prune) and makes base images
// out of a distribution's package mirror (Bootstrap). Checks looks at the
// machine itself.
package container

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// ConnectOptions says where podman is to be found. The zero value looks at no
// environment variable and goes straight to the sockets of this machine.
type ConnectOptions struct {
	Connection string                   // name of a connection in containers.conf; excludes URL
	URL        string                   // unix://, tcp:// or ssh:// address; excludes Connection
	Identity   string                   // private key file for ssh://; empty means CONTAINER_SSHKEY
	Getenv     func(name string) string // os.Getenv in the program; nil means every variable is empty

	Private    bool     // use a private service whatever else answers
	Podman     string   // program that a private service is started from; empty means podman
	ServiceEnv []string // environment of a private service; nil means that of this process
	RuntimeDir string   // 0700 directory for lock and socket of a private service; empty chooses one
	StateDir   string   // directory for what later runs must know; empty means below RuntimeDir

	Log    *slog.Logger      // nil means silence
	Notice func(line string) // told when a private service is started; nil means Log says it
}

// An Engine is one podman service. It is safe for use by several goroutines.
type Engine struct {
	addr       address
	version    string
	private    *privateService // set when the service is one of ours
	keyOnce    sync.Once
	serviceKey string  // of the private service
	tunnel     *tunnel // set when the service is reached by ssh
	options    ConnectOptions
	log        *slog.Logger
	owner      records.Owner
	records    *records.Store
	far        atomic.Bool // a container's monitor was out of reach

	serviceDied atomic.Bool // or did not answer, so that a conmon may be left
}

// Address returns the URL of the service.
func (e *Engine) Address() string { return e.addr.URL }

// Local reports whether the service has the files of this machine under the
// same names. If it has not, files are sent to it.
func (e *Engine) Local() bool { return e.addr.local() }

// Source says in words why this address was chosen, such as "CONTAINER_HOST".
func (e *Engine) Source() string { return e.addr.Source }

// Version returns the version of podman's API, such as "4.3.1".
func (e *Engine) Version() string { return e.version }

// Private reports whether the service was started by us or by an earlier call.
func (e *Engine) Private() bool { return e.private != nil }

// RunID is the label value that everything made through this engine carries.
func (e *Engine) RunID() string { return e.owner.Run }

// Labels that images of ours carry; the values are the caller's, except that
// those that Build computes: LabelDigest and what tells of deltas.
const (
	LabelTarget   = "lcitool.target"
	LabelManifest = "lcitool.manifest" // SHA-256 of the manifest that asked for it, in hex
	LabelProjects = "lcitool.projects"
	LabelArch     = "lcitool.arch"
	LabelDigest   = "lcitool.digest"
	LabelSuite    = "lcitool.suite"
	LabelDate     = "lcitool.date"
	LabelRest     = "lcitool.rest"     // SHA-256 of the input but its packages, in hex
	LabelPackages = "lcitool.packages" // that the input names, sorted, a blank between
	LabelDelta    = "lcitool.delta"    // ID of the image that it was made on top of
	LabelDeltas   = "lcitool.deltas"   // how many deltas stand on one another, 1 to 5
)

// An Image is what the engine knows of an image in its store.
type Image struct {
	ID           string            `json:"id"`      // 64 hex digits
	Digest       string            `json:"digest"`  // of the manifest, sha256:…
	Tags         []string          `json:"tags"`    // whole names, in the engine's order
	Labels       map[string]string `json:"labels"`  // may be nil
	Architecture string            `json:"arch"`    // Go's name, such as amd64
	User         string            `json:"user"`    // default user, empty for root
	Env          []string          `json:"env"`     // NAME=VALUE
	Entrypoint   []string          `json:"-"`       // nil for none
	Command      []string          `json:"-"`       // nil for none
	Ports        []int             `json:"-"`       // that it exposes over TCP, sorted
	Size         int64             `json:"size"`    // bytes
	Created      time.Time         `json:"created"` // zero if the image does not say
	Layers       []string          `json:"layers"`  // digests of the layers' content, lowest first
}

// RemoveOptions names an image to remove.
type RemoveOptions struct {
	Image string // reference or ID
	Force bool   // also remove containers made from it
}

// Network says which network a build or a container has.
type Network string

// Networks. The zero value is podman's own choice on the command line: a
// private one.
const (
	NetworkDefault Network = ""
	NetworkNone    Network = "none"
	NetworkHost    Network = "host"
	NetworkBridge  Network = "bridge"
)
