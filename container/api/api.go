// SPDX-License-Identifier: GPL-2.0-or-later

// Package api holds what callers of package container give to it and get from it.
// It does not link podman's bindings.
package api
