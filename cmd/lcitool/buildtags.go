// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	// Without the build tags the build ends here.
	_ "gitlab.com/lcitool/lcitool/cmd/lcitool/internal/build_with_make_or_with_the_tags_in_README"
	// For Windows it ends here.
	_ "gitlab.com/lcitool/lcitool/cmd/lcitool/internal/windows_is_not_supported_use_WSL"
)
