// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package checkout

import "errors"

// treeDigest is implemented only on Linux, because the cache needs overlayfs.
func treeDigest(string) (string, error) { return "", errors.ErrUnsupported }
