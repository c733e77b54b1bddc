// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/bindings/volumes"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Labels that tell people whose a container or volume is. They prove nothing:
// images of earlier versions have them too, and pass them on to containers.
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

// ownerOf reads labels back; ok is false when one is missing.
func ownerOf(labels map[string]string) (records.Owner, bool) {
	o := records.Owner{
		Run: labels[labelRun], PID: labels[labelPID], Start: labels[labelStart],
		Boot: labels[labelBoot], PIDNS: labels[labelPIDs], Machine: labels[labelMachine],
	}
	return o, o.Complete()
}

// legacyName is how earlier versions ended the names of what they made.
var legacyName = lazyregexp.New(`-[0-9a-f]{10}(-layers)?$`)

// Unproven lists containers and volumes that look like leftovers of an earlier
// version, or of an lcitool with another state directory. No record says that
// they are ours, therefore nothing removes them.
func (e *Engine) Unproven(ctx context.Context) ([]Leftover, error) {
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
	var found []Leftover
	for _, item := range list {
		o, complete := ownerOf(item.Labels)
		if _, ours := p.container(item); ours || !complete || !p.processes.Dead(o) || len(item.Names) != 1 || !legacyName.MatchString(item.Names[0]) {
			continue
		}
		if image, err := inspect(c, item.ImageID); err == nil && image.Labels[labelRun] == o.Run {
			continue // the label is the image's
		}
		found = append(found, Leftover{Kind: "container", Name: item.Names[0], Run: o.Run})
	}
	vols, err := volumes.List(c, new(volumes.ListOptions).WithFilters(filter))
	if err != nil {
		return found, engineError("list volumes", err)
	}
	for _, item := range vols {
		o, complete := ownerOf(item.Labels)
		if _, ours := p.volume(item.Name, item.Labels); !ours && complete && p.processes.Dead(o) && strings.HasSuffix(item.Name, layersSuffix) {
			found = append(found, Leftover{Kind: "volume", Name: item.Name, Run: o.Run})
		}
	}
	return found, nil
}
