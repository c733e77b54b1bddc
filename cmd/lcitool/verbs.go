// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"slices"

	"github.com/spf13/cobra"
)

// A verb is a command directly below the program's.
type verb struct {
	name    string
	command func(*app) *cobra.Command
}

func verbs() []verb {
	missing := func(name, why, hint string) verb {
		return verb{name, func(a *app) *cobra.Command { return newMissing(a, name, why, hint) }}
	}
	return []verb{
		missing("install", "sets up no machines", missingMachine),
		missing("update", "sets up no machines", missingMachine),
		missing("hosts", "keeps no list of machines", `"lcitool targets" lists the targets`),
		missing("build", "builds on no machines", `"lcitool run --target TARGET --projects PROJECTS -- COMMAND" and "lcitool job run" build in containers`),
		{"targets", newTargets},
		{"projects", newProjects},
		{"dockerfile", newDockerfile},
		{"devcontainer", newDevcontainer},
		{"buildenvscript", newBuildEnvScript},
		{"variables", newVariables},
		{"manifest", newManifest},
		{"explain", newExplain},
		{"facts", newFacts},
		{"container", newContainer},
		{configVerb, newConfig},
		{"run", newRun},
		{"job", newJob},
		{"stats", newStats},
		{"doctor", newDoctor},
		{"version", newVersion},
	}
}

// configVerb lists the settings of all verbs.
const configVerb = "config"

// needed returns the verbs that a command line needs: the one that it begins with,
// otherwise all, for example for help and completion. Making all of them with
// their flags takes a tenth of the time of "lcitool version".
func needed(args []string) []verb {
	all := verbs()
	if len(args) == 0 || args[0] == configVerb {
		return all
	}
	i := slices.IndexFunc(all, func(v verb) bool { return v.name == args[0] })
	if i < 0 {
		return all
	}
	return all[i : i+1]
}
