#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds and tests hello, outside its source tree. The tree is ~/datadir when
# lcitool runs this in a container, and the current folder in a GitLab job.
set -eu

if [ -f meson.build ]; then
	source=$PWD
else
	source=$HOME/datadir
fi
build=${BUILD_DIR:-$HOME/build}
export PYTHONDONTWRITEBYTECODE=1
if [ -d "${CCACHE_WRAPPERSDIR:-}" ]; then
	PATH=$CCACHE_WRAPPERSDIR:$PATH
fi

# MESON_OPTS comes from the image: it names the cross file, if there is one.
# shellcheck disable=SC2086
meson setup ${MESON_OPTS:-} "$build" "$source"
meson compile -C "$build"
meson test -C "$build" --no-rebuild --print-errorlogs
