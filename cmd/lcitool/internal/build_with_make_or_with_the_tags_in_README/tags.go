// SPDX-License-Identifier: GPL-2.0-or-later

//go:build remote && containers_image_openpgp && exclude_graphdriver_btrfs && exclude_graphdriver_devicemapper

// Package tags exists only with the build tags that lcitool needs: without them
// podman's libraries fail to compile in many words, and this one import says
// first what is missing.
package tags
