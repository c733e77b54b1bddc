// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"net/http"

	"github.com/containers/podman/v4/pkg/bindings"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// Info is the part of podman info that lcitool uses. Fields that a podman
// version does not have are empty.
type Info struct {
	Host struct {
		Hostname       string
		Kernel         string
		BuildahVersion string
		Conmon         struct {
			Path    string
			Version string
		}
		OCIRuntime struct {
			Name    string
			Package string
			Version string // several lines; the first is like "runc version 1.1.5"
		}
		Security struct {
			SELinuxEnabled bool
			Rootless       bool
		}
		NetworkBackend     string
		NetworkBackendInfo struct {
			Version string
		}
		RootlessNetworkCmd string // since podman 5
	}
	Store struct {
		GraphDriverName string
		GraphRoot       string
		RunRoot         string
	}
	Version struct {
		Version string
	}
}

// Info asks podman about itself, once: it starts a dozen programs for the answer.
func (e *Engine) Info(ctx context.Context) (Info, error) {
	if known := e.info.Load(); known != nil {
		return *known, nil
	}
	var info Info
	c, err := e.service.Conn(ctx)
	if err != nil {
		return info, err
	}
	defer podman.CloseIdle(c)
	client, err := bindings.GetClient(c)
	if err != nil {
		return info, err
	}
	response, err := client.DoRequest(c, nil, http.MethodGet, "/info", nil, nil)
	if err != nil {
		return info, engineError("ask podman about itself", err)
	}
	defer response.Body.Close()
	if err := response.Process(&info); err != nil {
		return info, engineError("ask podman about itself", err)
	}
	e.info.Store(&info)
	return info, nil
}
