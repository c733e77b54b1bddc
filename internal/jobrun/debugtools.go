// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
)

// debugScript installs gdb, and the debug symbols of the C library where the
// distribution has them in its usual repository.
const debugScript = `set -e
if command -v gdb > /dev/null; then exit 0; fi
if command -v apt-get > /dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get update
	apt-get install --assume-yes --no-install-recommends --no-remove gdb
	apt-get install --assume-yes --no-install-recommends --no-remove --no-upgrade libc6-dbg || :
	apt-get clean
	rm -rf /var/lib/apt/lists/*
elif command -v dnf > /dev/null; then
	dnf install -y gdb
	dnf clean all
elif command -v zypper > /dev/null; then
	zypper --non-interactive install gdb
	zypper clean --all
elif command -v apk > /dev/null; then
	apk add --no-cache gdb
	apk add --no-cache musl-dbg || :
else
	echo 'no package manager is known that could install gdb' >&2
	exit 1
fi
`

// addDebugTools builds an image with debugScript on top of the job's, which has
// an ID, and makes the job use it.
func (r *Runner) addDebugTools(ctx context.Context, j *Job, id string, log io.Writer) error {
	image, err := r.Engine.Inspect(ctx, id)
	if err != nil {
		return err
	}
	run, err := json.Marshal([]string{"/bin/sh", "-c", debugScript})
	if err != nil {
		return err
	}
	lines := []string{"FROM " + id, "USER 0", "RUN " + string(run)}
	if image.User != "" {
		user, err := json.Marshal(image.User) // quoted, since it may have blanks
		if err != nil {
			return err
		}
		lines = append(lines, "USER "+string(user))
	}
	o := api.BuildOptions{
		Tag: fmt.Sprintf("lcitool.debug-%.12x", sha256.Sum256([]byte(j.Image.Reference))), Dockerfile: []byte(strings.Join(lines, "\n") + "\n"),
		File: "Dockerfile of --debug-tools", Pull: api.PullNever, Platform: j.platform(), Offline: r.Offline, Lifetime: api.UntilCleared, Log: log,
	}
	if r.Limits.Network == api.NetworkHost {
		o.Network = api.NetworkHost
	}
	if _, err := r.Engine.Build(ctx, o); err != nil {
		return fmt.Errorf("cannot add debug tools: %w", err)
	}
	j.debugImage = o.Tag
	return nil
}
