// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"net/http"

	"github.com/containers/podman/v4/pkg/bindings"
	"github.com/containers/podman/v4/pkg/bindings/system"

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

func (e *Engine) Info(ctx context.Context) (Info, error) {
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
	return info, nil
}

// about is what does not change while a service runs. Paths are those of the
// service's machine; they are empty if podman does not tell them.
type about struct {
	graphRoot string // of the store
	driver    string // storage driver
	conmon    string // program
	rootless  bool
}

// askAbout asks podman about itself once: it starts a dozen programs for the answer.
func (e *Engine) askAbout(c context.Context) (*about, error) {
	if known := e.about.Load(); known != nil {
		return known, nil
	}
	info, err := system.Info(c, nil)
	if err != nil {
		return nil, engineError("ask podman about itself", err)
	}
	a := &about{}
	if info.Store != nil {
		a.graphRoot, a.driver = info.Store.GraphRoot, info.Store.GraphDriverName
	}
	if info.Host != nil {
		a.rootless = info.Host.Security.Rootless
		if info.Host.Conmon != nil {
			a.conmon = info.Host.Conmon.Path
		}
	}
	e.about.Store(a)
	return a, nil
}
