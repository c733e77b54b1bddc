// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	// Without the build tags, the compiler reports this import.
	_ "gitlab.com/lcitool/lcitool/cmd/lcitool/internal/build_with_make_or_with_the_tags_in_README"
	// On Windows, the compiler reports this import.
	_ "gitlab.com/lcitool/lcitool/cmd/lcitool/internal/windows_is_not_supported_use_WSL"
)
