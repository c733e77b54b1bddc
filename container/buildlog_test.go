// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/containers/podman/v4/pkg/errorhandling"

	"gitlab.com/lcitool/lcitool/container/api"
)

// TestBuildErrorHasTheRuntimesReason: a command that did not start has no exit status,
// although the builder reports one.
func TestBuildErrorHasTheRuntimesReason(t *testing.T) {
	const steps = "STEP 1/2: FROM base\nSTEP 2/2: RUN x\n"
	for _, c := range []struct{ log, want, hint string }{
		{
			`error running container: from /usr/bin/runc creating container for [/bin/sh -c true]: time="2026-11-28T21:37:31Z" level=error msg="runc create failed: unable to start container process: exec: \"x\": executable file not found in $PATH"` + "\n: exit status 1\n",
			`runc create failed: unable to start container process: exec: "x": executable file not found in $PATH`, "",
		},
		{
			"error running container: from /usr/bin/crun creating container for [/bin/sh -c echo [a]: b\nc]: setrlimit `RLIMIT_NPROC`: Operation not permitted\n: exit status 1\n",
			"setrlimit `RLIMIT_NPROC`: Operation not permitted", "limits",
		},
		{"error running container: from /usr/bin/crun creating container for [x]: : exit status 1\n", "command exited with status 1", ""},
		{"error running container: did not start at all\n", "command exited with status 1", ""},
		{"sh: error running container: from crun creating container for [x]: no\n", "command exited with status 1", ""},
	} {
		log := newBuildLog(nil)
		_, _ = log.Write([]byte(steps + c.log))
		log.flush()
		podmans := &errorhandling.ErrorModel{Message: `building at STEP "RUN x": while running runtime: exit status 1`, ResponseCode: http.StatusInternalServerError}
		err := buildError(api.BuildOptions{Tag: "tag"}, log, podmans)
		if want := "cannot build image tag: step 2 of 2: " + c.want; err.Error() != want {
			t.Errorf("got  %q\nwant %q", err, want)
		}
		failed, ok := errors.AsType[*api.BuildError](err)
		if !ok || (failed.Code != 0) != strings.HasPrefix(c.want, "command exited") {
			t.Errorf("%s: %#v", c.want, err)
		}
		if !strings.Contains(api.Hint(err), c.hint) {
			t.Errorf("%s: hint %q", c.want, api.Hint(err))
		}
	}
	log := newBuildLog(nil)
	_, _ = log.Write([]byte("error running container: from crun creating container for [x]: no\n" + steps))
	if log.refused() != "" {
		t.Errorf("the next step has the reason of the one before: %q", log.refused())
	}
}
