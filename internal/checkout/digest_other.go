// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package checkout

import "errors"

// treeDigest is only known where overlayfs is.
func treeDigest(string) (string, error) { return "", errors.ErrUnsupported }
