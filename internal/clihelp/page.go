// SPDX-License-Identifier: GPL-2.0-or-later

package clihelp

import "github.com/spf13/cobra"

// Describe returns the exit statuses and environment variables of a command.
func Describe(cmd *cobra.Command) Page {
	p := Page{Date: "November 2026"} // of the release, not of the day of the build
	runs := cmd.Flags().Lookup("timeout") != nil || cmd.Name() == "shell"
	engine := cmd.Flags().Lookup("connection") != nil
	p.Exit = []Item{{Name: "0", Text: "Success."}, {Name: "1", Text: "Failure."}, {Name: "2", Text: "The command line is wrong."}}
	if runs {
		p.Exit = append(p.Exit, Item{Name: "124", Text: "A command or job exceeded its timeout."})
	}
	if engine {
		p.Exit = append(p.Exit,
			Item{Name: "125", Text: "The container engine failed."},
			Item{Name: "126, 127", Text: "The command in the container cannot be run, or was not found."})
	}
	if runs {
		p.Exit = append(p.Exit, Item{Name: "other", Text: "The exit status of the command, if only one ran in a container."})
	}
	p.Exit = append(p.Exit,
		Item{Name: "129, 130, 143", Text: "Stopped by the signal HUP, INT or TERM."},
		Item{Name: "141", Text: "The reader of the output has closed it."})

	p.Environment = []Item{{Name: "LCITOOL_OPTION", Text: "Value of an option that is not on the command line, for example LCITOOL_DATA_DIR for --data-dir."}}
	if engine {
		p.Environment = append(p.Environment,
			Item{Name: "CONTAINER_HOST, CONTAINER_CONNECTION", Text: "URL or connection of the podman service, unless --url or --connection is given."})
	}
	p.Environment = append(p.Environment,
		Item{Name: "NO_COLOR, TERM, CI", Text: "NO_COLOR disables colours. TERM=dumb and CI disable progress lines that are updated in place."},
		Item{Name: "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME", Text: "Base directories for the settings, state and cache of the user (default below HOME)."})
	return p
}
