// SPDX-License-Identifier: GPL-2.0-or-later

package clihelp

import "github.com/spf13/cobra"

// Describe says what the manual page of a command has beside its help, but for
// files.
func Describe(cmd *cobra.Command) Page {
	p := Page{Date: "November 2026"} // of the release, not of the day of the build
	runs := cmd.Flags().Lookup("timeout") != nil || cmd.Name() == "shell"
	engine := cmd.Flags().Lookup("connection") != nil
	p.Exit = []Item{{Name: "0", Text: "All went well."}, {Name: "1", Text: "Something failed."}, {Name: "2", Text: "The command line makes no sense."}}
	if runs {
		p.Exit = append(p.Exit, Item{Name: "124", Text: "What ran took longer than its timeout."})
	}
	if engine {
		p.Exit = append(p.Exit,
			Item{Name: "125", Text: "The container engine failed."},
			Item{Name: "126, 127", Text: "The command in the container cannot be run, or does not exist."})
	}
	if runs {
		p.Exit = append(p.Exit, Item{Name: "other", Text: "That of the only command that ran in a container."})
	}
	p.Exit = append(p.Exit,
		Item{Name: "129, 130, 143", Text: "It was stopped by HUP, INT or TERM."},
		Item{Name: "141", Text: "Nobody reads the output any more."})

	p.Environment = []Item{{Name: "LCITOOL_OPTION", Text: "The value of an option that is not given, such as LCITOOL_DATA_DIR for --data-dir."}}
	if engine {
		p.Environment = append(p.Environment,
			Item{Name: "CONTAINER_HOST, CONTAINER_CONNECTION", Text: "The podman service to use, unless --url or --connection is given."})
	}
	p.Environment = append(p.Environment,
		Item{Name: "NO_COLOR, TERM, CI", Text: "Colours are off with NO_COLOR; lines on a terminal do not change with TERM=dumb or CI."},
		Item{Name: "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME", Text: "The directories of the user, below HOME by default."})
	return p
}
