// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"gitlab.com/lcitool/lcitool/container/internal/records"
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
