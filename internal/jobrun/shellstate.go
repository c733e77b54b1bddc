// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// beforeFile has the state of the script's shell before the latest command, as
// shell commands that restore it.
const beforeFile = stateDir + "/before"

// saveState returns the commands that write the shell's state to beforeFile:
// variables, functions, options, umask, traps, positional parameters and
// directory. They start no programs. Variables that bash reserves are left out,
// because a shell that sets them exits. Other shells cannot print their functions;
// functionsOf finds those.
func saveState() string {
	return `{ if [ "${BASH_VERSION-}" ]; then compgen -v | while IFS= command read -r _lcitool_v; do case $_lcitool_v in ` +
		`BASH*|EUID|UID|PPID|SHELLOPTS|FUNCNAME|GROUPS|DIRSTACK|PIPESTATUS|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH*|_|_lcitool_*) ;; ` +
		`*) declare -p "$_lcitool_v";; esac; done; declare -f; shopt -p; alias -p; else set; readonly -p; export -p; fi; ` +
		`printf 'umask '; umask; trap; set +o; ` + savePositional + `; echo 'command cd "$PWD"'; } >| ` + beforeFile
}

// savePositional prints a command that sets the positional parameters.
const savePositional = `( _lcitool_q="'"; command printf %s 'set --'; for _lcitool_v do command printf %s " '"; while :; do case $_lcitool_v in ` +
	`*$_lcitool_q*) command printf %s "${_lcitool_v%%$_lcitool_q*}'\\''"; _lcitool_v=${_lcitool_v#*$_lcitool_q};; *) break;; esac; done; ` +
	`command printf %s "$_lcitool_v'"; done; command echo )`

// restoreState returns the commands that restore the state from beforeFile in a
// new shell. Reserved variables are not restored.
func restoreState(functions string) string {
	return functions + ". " + beforeFile + " 2> /dev/null || :\n"
}

// functionsOf returns the declarations of the functions that commands declare.
// Commands that cannot be parsed declare none.
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
