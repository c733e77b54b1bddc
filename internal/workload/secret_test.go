// SPDX-License-Identifier: GPL-2.0-or-later

package workload

import (
	"context"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

func TestWorkloadGetsItsSecrets(t *testing.T) {
	var seen []api.Mount
	f := &fakeEngine{run: func(_ context.Context, o api.RunOptions) error { seen = o.Mounts; return nil }}
	w := Workload{Name: "a", Image: envimage.Image{Build: api.BuildOptions{Tag: "a"}}, Tree: Tree{Dir: "/src"}}
	w.Secrets = []api.Secret{{Name: "token", Data: []byte("hush")}}
	result := (&Runner{Engine: f}).Run(t.Context(), w, scheduler.Streams{})
	if result.State != outcome.Passed || len(seen) != 2 || seen[0].Target != MountPoint || seen[1].Target != "/run/secrets/token" {
		t.Errorf("%+v, mounts %+v", result, seen)
	}
	w.Secrets[0].Name, seen = "..", nil
	if result = (&Runner{Engine: f}).Run(t.Context(), w, scheduler.Streams{}); result.State != outcome.EngineError || seen != nil {
		t.Errorf("%+v, mounts %+v", result, seen)
	}
}
