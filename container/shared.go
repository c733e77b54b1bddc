// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/specgen"
	spec "github.com/opencontainers/runtime-spec/specs-go"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// seesOurFiles reports whether the engine sees the files of this machine. A
// socket may lead into a virtual machine, out of a container or to another host.
// It requests a container that podman cannot create, because its root file
// system does not exist, with a new file of lcitool as a mount. podman checks
// mounts first, so its error says whether it found the file. Unknown errors
// count as no, since copying files always works.
func (e *Engine) seesOurFiles(ctx context.Context) (bool, error) {
	dir, remove, err := e.TempDir(ctx, "run")
	if err != nil {
		return false, err
	}
	defer remove()
	token := filepath.Join(dir, "token-"+randomName())
	if err := os.WriteFile(token, nil, 0o600); err != nil {
		return false, err
	}
	c, err := e.service.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer podman.CloseIdle(c)
	nowhere := "/nowhere-" + randomName()
	s := specgen.NewSpecGenerator(nowhere, true)
	s.Command = []string{"/token"}
	s.Mounts = []spec.Mount{{Type: "bind", Source: token, Destination: "/token", Options: []string{"ro"}}}
	made, err := containers.CreateWithSpec(c, s, nil)
	switch {
	case err == nil: // an engine that checks neither
		_, err = containers.Remove(c, made.ID, new(containers.RemoveOptions).WithForce(true))
		return false, err
	case strings.Contains(err.Error(), nowhere):
		return true, nil
	case strings.Contains(err.Error(), filepath.Base(token)):
		return false, nil
	}
	e.log.Warn("cannot find out whether the engine has this machine's files; they are sent to it", "address", e.service.URL(), "err", err)
	return false, nil
}
