// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// beforeFile has the state of the script's shell before the command that began
// last, as commands that bring it back.
const beforeFile = stateDir + "/before"

// saveState writes the state of the shell to beforeFile: variables, functions,
// options, mask, traps and directory. It starts no program. Variables that
// belong to bash cannot be set, and end a shell that tries. A shell that is no
// bash does not print its functions; functionsOf finds those.
func saveState() string {
	return `{ if [ "${BASH_VERSION-}" ]; then compgen -v | while IFS= read -r _lcitool_v; do case $_lcitool_v in ` +
		`BASH*|EUID|UID|PPID|SHELLOPTS|FUNCNAME|GROUPS|DIRSTACK|PIPESTATUS|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH*|_|_lcitool_*) ;; ` +
		`*) declare -p "$_lcitool_v";; esac; done; declare -f; shopt -p; alias -p; else set; readonly -p; export -p; fi; ` +
		`printf 'umask '; umask; trap; set +o; echo 'command cd "$PWD"'; } > ` + beforeFile
}

// restoreState is what a shell begins with that goes on in the state of
// beforeFile. What belongs to a shell and cannot be set is not.
func restoreState(functions string) string {
	return functions + ". " + beforeFile + " 2> /dev/null || :\n"
}

// functionsOf gives the functions that commands declare, as text that declares
// them again. Commands that cannot be read declare none.
func functionsOf(commands []string) string {
	var b strings.Builder
	for _, text := range commands {
		file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
		if err != nil {
			continue
		}
		for _, s := range file.Stmts {
			if f, ok := s.Cmd.(*syntax.FuncDecl); ok {
				b.WriteString(text[f.Pos().Offset():f.End().Offset()] + "\n")
			}
		}
	}
	return b.String()
}
