// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"slices"

	"gitlab.com/lcitool/lcitool/targets"
)

// rpm is the packaging of Fedora, its relatives and openSUSE.
type rpm struct{}

// An rpmStyle is what one distribution does differently from the others.
type rpmStyle struct {
	wrapper string
	setup   func(r recipe) []string       // before the update, in an image or a script
	update  string                        // "" means update
	rolling map[string]string             // update by version, where it differs
	repos   func(command string) []string // after the update
	cleanUp []string                      // nil means the common one
}

var rpmStyles = map[string]rpmStyle{ //nolint:gochecknoglobals // a table that nothing writes to
	"Fedora": {
		wrapper: "nosync ",
		setup:   fedoraSetup,
		rolling: map[string]string{"Rawhide": "distro-sync"},
	},
	"CentOS":    {update: "distro-sync", repos: extraPackages},
	"AlmaLinux": {repos: almaLinuxRepos},
	"OpenSUSE": {
		rolling: map[string]string{"Tumbleweed": "dist-upgrade"},
		cleanUp: []string{"clean --all"},
	},
}

func (rpm) wrapper(t targets.Target) string { return rpmStyles[t.OS.Name].wrapper }

func (rpm) install(r recipe) string { return r.wrapper + r.target.Packaging.Command + " install -y" }

func (p rpm) native(r recipe) []string {
	t := r.target
	style := rpmStyles[t.OS.Name]
	command := r.wrapper + t.Packaging.Command
	var commands []string
	if style.setup != nil {
		commands = style.setup(r)
	}
	update := style.update
	if u, ok := style.rolling[t.OS.Version]; ok {
		update = u
	}
	if update == "" {
		update = "update"
	}
	commands = append(commands, command+" "+update+" -y")
	if style.repos != nil {
		commands = append(commands, style.repos(command)...)
	}
	// EPEL for the stream itself ended with CentOS Stream 9, whose name
	// AlmaLinux never has.
	if style.repos != nil && t.OS.Version == "Stream9" {
		commands = append(commands, command+" install -y epel-next-release")
	}
	for _, url := range t.Packaging.Repos {
		commands = append(commands, command+" addrepo -fc "+quote(url))
	}
	commands = append(commands, p.install(r)+" "+r.names(r.packages.Native, t.Packaging.Command))
	return append(commands, rpmCleanUp(r, []string{"autoremove -y", "clean all -y"})...)
}

func (p rpm) foreign(r recipe) []string {
	var commands []string
	if names := r.packages.Foreign; len(names) > 0 {
		command := r.target.Packaging.Command
		commands = append(commands, p.install(r)+" "+r.names(names, command))
	}
	if !r.image {
		return commands
	}
	return append(commands, r.wrapper+r.target.Packaging.Command+" clean all -y")
}

func (p rpm) add(r recipe, names []string) []string {
	commands := []string{p.install(r) + " " + r.names(names, r.target.Packaging.Command)}
	return append(commands, rpmCleanUp(r, []string{"clean all -y"})...)
}

// cache does not exist: the Dockerfile's own clean-up empties every cache.
func (rpm) cache(string) (first string, commands []string) { return "", nil }

func (rpm) list() string { return "rpm -qa | sort > /packages.txt" }

func rpmCleanUp(r recipe, verbs []string) []string {
	if !r.image {
		return nil
	}
	if own := rpmStyles[r.target.OS.Name].cleanUp; own != nil {
		verbs = own
	}
	var commands []string
	for _, verb := range verbs {
		commands = append(commands, r.wrapper+r.target.Packaging.Command+" "+verb)
	}
	return commands
}

// fedoraSetup installs nosync, whose own wrapper script looks in one library
// folder only.
func fedoraSetup(r recipe) []string {
	plain := r.target.Packaging.Command
	var commands []string
	if r.target.OS.Version == "Rawhide" {
		commands = append(commands, plain+" update -y --nogpgcheck fedora-gpg-keys")
	}
	if !r.image {
		return commands
	}
	script := []string{
		"#!/bin/sh",
		"if test -d /usr/lib64",
		"then",
		"    export LD_PRELOAD=/usr/lib64/nosync/nosync.so",
		"else",
		"    export LD_PRELOAD=/usr/lib/nosync/nosync.so",
		"fi",
		`exec "$@"`,
	}
	return append(commands,
		plain+" install -y nosync",
		"printf '"+printfText(script)+"' > /usr/bin/nosync",
		"chmod +x /usr/bin/nosync",
	)
}

// extraPackages switches on the repositories with development packages and
// EPEL.
func extraPackages(command string) []string {
	return []string{
		command + " install 'dnf-command(config-manager)' -y",
		command + " config-manager --set-enabled -y crb",
		command + " install -y epel-release",
	}
}

func almaLinuxRepos(command string) []string {
	return slices.Concat(extraPackages(command), []string{
		command + " install almalinux-release-devel -y",
		command + " config-manager --set-enabled -y devel",
	})
}
