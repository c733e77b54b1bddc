// SPDX-License-Identifier: GPL-2.0-or-later

package api

import "time"

// KeptAge is the maximum age of a kept container.
const KeptAge = 7 * 24 * time.Hour

// A KeptContainer is a container that stays after its run, for inspection, until
// it is removed, is older than KeptAge or there are too many newer ones.
type KeptContainer struct {
	Name    string            `json:"name"`
	Image   string            `json:"image"`
	Created time.Time         `json:"created"`
	Labels  map[string]string `json:"labels"` // the caller's and ours
	Running bool              `json:"running"`
}

// Expires returns when the container exceeds KeptAge.
func (k KeptContainer) Expires() time.Time { return k.Created.Add(KeptAge) }

// PruneOptions say what Prune removes.
type PruneOptions struct {
	DryRun bool // only list
	Kept   bool // also remove all kept containers, not only those too old or too many
	Caches bool // also remove the volumes of CacheVolume and the images with lifetime UntilCleared that nothing uses
}

// A Leftover is an object of a run whose process has ended.
type Leftover struct {
	Kind string `json:"kind"`          // container, volume, image, process, directory or record
	Name string `json:"name"`          // name, ID or path
	Run  string `json:"run,omitempty"` // run that made it
}

// CachePrefix is the prefix of volumes that outlive their runs.
const CachePrefix = "lcitool-ccache-"

// CacheVolume returns the name of a volume that is kept after the run. id
// identifies its content.
func CacheVolume(id string) string { return CachePrefix + id }
