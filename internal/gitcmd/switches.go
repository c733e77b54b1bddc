// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"os"
	"strings"
)

// switches returns the options before each command. The repository's
// configuration is not read (see view.go), so for it they are a second
// protection. They also disable settings of the user's configuration that are
// meant for trusted trees. writeIndex is for repositories of lcitool itself.
func switches(writeIndex bool) []string {
	options := []string{"--no-pager"} // core.pager and pager.COMMAND are programs
	if !writeIndex {
		options = append(options, "--no-optional-locks") // "status" writes nothing: no index, no post-index-change hook
	}
	for _, setting := range []string{
		"safe.bareRepository=explicit",   // a directory of the tree is not a repository
		"core.hooksPath=/dev/null",       // hooks are programs: pre-push, post-checkout, reference-transaction, post-index-change
		"core.fsmonitor=false",           // a program that "status" asks what has changed
		"core.untrackedCache=false",      // part of the index, which a stranger may have written
		"core.alternateRefsCommand=true", // a program that lists refs of alternates
		"core.editor=false",              // a program
		"sequence.editor=false",          // a program
		"log.showSignature=false",        // runs gpg.program for commits that claim to be signed
		"gpg.program=false",              // programs that check or make signatures
		"gpg.openpgp.program=false",      //
		"gpg.x509.program=false",         //
		"gpg.ssh.program=false",          //
		"gpg.ssh.defaultKeyCommand=",     // a program
		"commit.gpgSign=false",           //
		"push.gpgSign=false",             //
		"tag.gpgSign=false",              //
		"log.mailmap=false",              // reads .mailmap of the tree, which may be a FIFO
		"diff.ignoreSubmodules=dirty",    // runs git in submodules, with their configuration
		"status.submoduleSummary=false",
		"submodule.recurse=false",       // runs git in submodules
		"fetch.recurseSubmodules=false", //
		"push.recurseSubmodules=no",     //
		"protocol.ext.allow=never",      // ext::COMMAND as an address
		"gc.auto=0",                     // no work in the background
		"maintenance.auto=false",        //
		"init.defaultRefFormat=files",   //
		"advice.detachedHead=false",     //
		"core.protectHFS=true",          // names such as .git with ignored characters in it
		"core.protectNTFS=true",         //
	} {
		options = append(options, "-c", setting)
	}
	return options
}

// environment returns this process' environment without variables that make git
// use another repository, run a program or write files: GIT_DIR, GIT_INDEX_FILE,
// GIT_EXTERNAL_DIFF, GIT_TRACE, GIT_CONFIG_PARAMETERS and similar ones.
func environment(network bool) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "GIT_") || kept(name, network) {
			env = append(env, entry)
		}
	}
	return append(env,
		"LC_ALL=C",
		"GIT_NO_LAZY_FETCH=1",                        // do not fetch missing objects of a partial clone
		"GIT_NO_REPLACE_OBJECTS=1",                   // refs/replace shows other commits than those that are pushed
		"GIT_ALLOW_PROTOCOL=file:git:http:https:ssh", // no remote helpers, no ext::
		"GIT_EDITOR=false", "GIT_SEQUENCE_EDITOR=false",
	)
}

// kept reports whether a variable says where the user's configuration is or,
// with network, how to authenticate.
func kept(name string, network bool) bool {
	switch name {
	case "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH":
		return true
	case "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT", "GIT_PROXY_COMMAND", "GIT_CONFIG_COUNT":
		return network
	}
	for _, prefix := range []string{"GIT_SSL_", "GIT_HTTP_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"} {
		if strings.HasPrefix(name, prefix) {
			return network
		}
	}
	return false
}
