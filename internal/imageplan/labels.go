// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"fmt"
	"strings"
)

// ToolboxLabels stands for the labels that toolbox requires of an image.
// Distrobox requires none.
const ToolboxLabels = "toolbox"

// ParseLabels reads labels that are each NAME=VALUE or ToolboxLabels.
func ParseLabels(given []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, g := range given {
		name, value, ok := strings.Cut(g, "=")
		switch {
		case g == ToolboxLabels:
			name, value = "com.github.containers.toolbox", "true"
		case !ok || name == "":
			return nil, fmt.Errorf("expected NAME=VALUE or %s, got %q", ToolboxLabels, g)
		case strings.HasPrefix(name, "lcitool."):
			return nil, fmt.Errorf("%q: lcitool sets labels of this name itself", name)
		}
		labels[name] = value
	}
	return labels, nil
}
