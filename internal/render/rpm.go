// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"cmp"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// rpm is the packaging format of Fedora, its derivatives and openSUSE.
type rpm struct{}

func (rpm) wrapper(t targets.Target) string {
	if t.Manager.Wrapper == "" {
		return ""
	}
	return t.Manager.Wrapper + " "
}

func (rpm) install(r recipe) string { return r.wrapper + r.target.Packaging.Command + " install -y" }

func (p rpm) native(r recipe) []string {
	t := r.target
	plain := t.Packaging.Command
	command := r.wrapper + plain
	var commands []string
	if keys := t.Manager.Keys; keys != "" {
		commands = append(commands, plain+" update -y --nogpgcheck "+quote(keys))
	}
	if r.image && t.Manager.Wrapper != "" {
		commands = append(commands, rpmWrapper(t)...)
	}
	commands = append(commands, command+" "+cmp.Or(t.Manager.Update, "update")+" -y")
	for _, args := range t.Manager.Enable {
		commands = append(commands, command+" "+arguments(args))
	}
	for _, url := range t.Packaging.Repos {
		commands = append(commands, command+" "+arguments(t.Manager.AddRepo)+" "+quote(url))
	}
	commands = append(commands, r.withNames(p.install(r), r.packages.Native, plain))
	return append(commands, rpmCleanUp(r, []string{"autoremove -y", "clean all -y"})...)
}

// arguments quotes each word of text.
func arguments(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = quote(word)
	}
	return strings.Join(words, " ")
}

func (p rpm) foreign(r recipe) []string {
	var commands []string
	if names := r.packages.Foreign; len(names) > 0 {
		command := r.target.Packaging.Command
		commands = append(commands, r.withNames(p.install(r), names, command))
	}
	if !r.image {
		return commands
	}
	return append(commands, r.wrapper+r.target.Packaging.Command+" clean all -y")
}

func (p rpm) add(r recipe, names []string) []string {
	commands := []string{r.withNames(p.install(r), names, r.target.Packaging.Command)}
	return append(commands, rpmCleanUp(r, []string{"clean all -y"})...)
}

// cache is not supported, because the Dockerfile's cleanup empties all caches.
func (rpm) cache(string) (first string, commands []string) { return "", nil }

func (rpm) list() string { return "rpm -qa | sort > /packages.txt" }

func rpmCleanUp(r recipe, verbs []string) []string {
	if !r.image {
		return nil
	}
	if own := r.target.Manager.Clean; own != nil {
		verbs = own
	}
	var commands []string
	for _, verb := range verbs {
		commands = append(commands, r.wrapper+r.target.Packaging.Command+" "+arguments(verb))
	}
	return commands
}

// rpmWrapper installs a package such as nosync, whose library is preloaded. The
// package's own wrapper script looks only in one library directory.
func rpmWrapper(t targets.Target) []string {
	name := t.Manager.Wrapper
	script := []string{
		"#!/bin/sh",
		"if test -d /usr/lib64",
		"then",
		"    export LD_PRELOAD=/usr/lib64/" + name + "/" + name + ".so",
		"else",
		"    export LD_PRELOAD=/usr/lib/" + name + "/" + name + ".so",
		"fi",
		`exec "$@"`,
	}
	return []string{
		t.Packaging.Command + " install -y " + name,
		"printf '" + printfText(script) + "' > /usr/bin/" + name,
		"chmod +x /usr/bin/" + name,
	}
}
