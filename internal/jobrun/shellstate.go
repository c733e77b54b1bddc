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
// directory, in bash also limits and the directory stack. They start no programs.
// Variables that bash reserves are left out, because a shell that sets them exits.
// Other shells cannot print their functions; functionsOf finds those.
func saveState() string {
	return `{ if [ "${BASH_VERSION-}" ]; then ` + saveExported + `; compgen -v | while IFS= command read -r _lcitool_v; do case $_lcitool_v in ` +
		`BASH*|EUID|UID|PPID|SHELLOPTS|FUNCNAME|GROUPS|DIRSTACK|PIPESTATUS|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH*|_|_lcitool_*) ;; ` +
		`*) declare -p "$_lcitool_v";; esac; done; declare -f; shopt -p; alias -p; else set; readonly -p; export -p; fi; ` +
		saveDescriptors + `; command echo ` + Quote(restoreDirectory) + `; [ ! "${BASH_VERSION-}" ] || ` + saveStack + `; ` +
		`printf 'umask '; umask; trap; set +o; ` + savePositional + `; [ ! "${BASH_VERSION-}" ] || ` + saveLimits + `; } >| ` + beforeFile
}

// saveExported prints commands for a new bash that unset those variables of its
// environment that the script has unset, and unexport those that it does not export.
const saveExported = `( command printf '_lcitool_all="'; compgen -v | while command read -r _lcitool_v; do command printf ' %s ' "$_lcitool_v"; done; ` +
	`command printf '"\n_lcitool_exported="'; compgen -e | while command read -r _lcitool_v; do command printf ' %s ' "$_lcitool_v"; done; ` +
	`command echo '"'; command echo 'for _lcitool_v in $(compgen -e); do case $_lcitool_all in *" $_lcitool_v "*) ;; *) unset -v "$_lcitool_v";; esac; ` +
	`case $_lcitool_exported in *" $_lcitool_v "*) ;; *) export -n "$_lcitool_v";; esac; done; unset -v _lcitool_all _lcitool_exported' )`

// saveDescriptors prints a command that reports descriptors that the script has
// opened or redirected. Those from 10 on are the shell's copies of its output,
// unless they are other files.
const saveDescriptors = `( set +f; _lcitool_out=/proc/${_lcitool_pid-}/fd; for _lcitool_v in /proc/self/fd/*; do case ${_lcitool_v##*/} in [012]) continue;; ` +
	`[0-9]) ;; *) [ -e "$_lcitool_out/3" ] || continue; [ "$_lcitool_v" -ef /dev/null ] && continue; ` +
	`[ "$_lcitool_v" -ef "$_lcitool_out/3" ] && continue; [ "$_lcitool_v" -ef "$_lcitool_out/4" ] && continue;; esac; ` +
	`[ ! -e "$_lcitool_v" ] || { command echo 'command echo "lcitool: files that the script had opened with exec are closed, and its output is not redirected any more"'; break; }; done )`

// restoreDirectory returns to the directory, and restores OLDPWD, which cd sets.
// The script must not continue elsewhere.
const restoreDirectory = `_lcitool_old=${OLDPWD-}; _lcitool_set=${OLDPWD+yes}
command cd "$PWD" || { command echo "lcitool: cannot continue: the working directory of the script is gone: $PWD; lcitool job retry without --from-failed runs all of the script"; exit 1; }
if [ "$_lcitool_set" ]; then OLDPWD=$_lcitool_old; else unset OLDPWD; fi; unset _lcitool_old _lcitool_set`

// saveStack prints commands that restore the directory stack of bash.
const saveStack = `( _lcitool_v=$(builtin dirs -p -l | while command read -r _; do command printf x; done); _lcitool_v=${#_lcitool_v}; ` +
	`while [ "$((_lcitool_v -= 1))" -gt 0 ]; do builtin printf 'builtin pushd -n %q > /dev/null\n' "$(builtin dirs -l +"$_lcitool_v")"; done )`

// saveLimits prints commands that restore the soft limits of bash.
const saveLimits = `( for _lcitool_v in c d e f i l m n q r s t u v x; do command echo "ulimit -S$_lcitool_v $(ulimit -S"$_lcitool_v")"; done )`

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
