// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/volumes"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Labels that tell users who created a container or volume. They prove nothing,
// because containers inherit them from images of earlier versions.
const (
	labelRun     = "lcitool.run"
	labelPID     = "lcitool.pid"
	labelStart   = "lcitool.start"
	labelBoot    = "lcitool.boot"
	labelPIDs    = "lcitool.pidns"
	labelMachine = "lcitool.machine"
)

func ownerLabels(o records.Owner) map[string]string {
	return map[string]string{
		labelRun: o.Run, labelPID: o.PID, labelStart: o.Start, labelBoot: o.Boot, labelPIDs: o.PIDNS, labelMachine: o.Machine,
	}
}

// ownerOf reads an Owner from labels. ok is false if one is missing.
func ownerOf(labels map[string]string) (records.Owner, bool) {
	o := records.Owner{
		Run: labels[labelRun], PID: labels[labelPID], Start: labels[labelStart],
		Boot: labels[labelBoot], PIDNS: labels[labelPIDs], Machine: labels[labelMachine],
	}
	return o, o.Complete()
}

// legacyName matches the suffix of names that earlier versions gave to
// containers and volumes.
var legacyName = lazyregexp.New(`-[0-9a-f]{10}(-layers)?$`)

// Unproven lists containers and volumes that look like leftovers of an earlier
// version, or of an lcitool with another state directory. They have no record,
// so Prune does not remove them.
func (e *Engine) Unproven(ctx context.Context) ([]api.Leftover, error) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer podman.CloseIdle(c)
	p, err := e.proofs()
	if err != nil {
		return nil, err
	}
	filter := map[string][]string{"label": {labelRun}}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithFilters(filter))
	if err != nil {
		return nil, engineError("list containers", err)
	}
	var found []api.Leftover
	for _, item := range list {
		o, complete := ownerOf(item.Labels)
		if _, ours := p.container(item); ours || !complete || !p.processes.Dead(o) || len(item.Names) != 1 || !legacyName.MatchString(item.Names[0]) {
			continue
		}
		if image, err := inspect(c, item.ImageID); err == nil && image.Labels[labelRun] == o.Run {
			continue // inherited from the image
		}
		found = append(found, api.Leftover{Kind: "container", Name: item.Names[0], Run: o.Run})
	}
	vols, err := volumes.List(c, new(volumes.ListOptions).WithFilters(filter))
	if err != nil {
		return found, engineError("list volumes", err)
	}
	for _, item := range vols {
		o, complete := ownerOf(item.Labels)
		if _, ours := p.volume(item.Name, item.Labels); !ours && complete && p.processes.Dead(o) && strings.HasSuffix(item.Name, layersSuffix) {
			found = append(found, api.Leftover{Kind: "volume", Name: item.Name, Run: o.Run})
		}
	}
	return found, nil
}
