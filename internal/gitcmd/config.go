// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxConfig limits the size of a repository's configuration, in bytes.
const maxConfig = 1 << 20

// A setting is one variable of the repository's configuration.
type setting struct {
	key   string // section and name in lower case: "remote.origin.url"
	value string
}

// parts splits the key.
func (s setting) parts() (section, sub, name string) {
	section, rest, _ := strings.Cut(s.key, ".")
	if i := strings.LastIndexByte(rest, '.'); i >= 0 {
		return section, rest[:i], rest[i+1:]
	}
	return section, "", rest
}

// isPlainValue reports whether a value cannot be a path, a command or a URL.
func isPlainValue(value string) bool {
	other := func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return len(value) <= 20 && !strings.ContainsFunc(value, other)
}

// allowed reports whether git may see a setting. Such settings name no programs,
// files or passwords. All others are hidden: filter.*, diff.*.textconv,
// merge.*.driver, core.sshCommand, credential.*, http.*, include.path,
// remote.*.receivepack, alias.* and more.
func (s setting) allowed() bool {
	section, sub, name := s.parts()
	switch section {
	case "core":
		return sub == "" && isPlainValue(s.value) && slices.Contains([]string{
			"filemode", "ignorecase", "symlinks", "precomposeunicode", "autocrlf", "eol", "trustctime", "checkstat", "sparsecheckout", "sparsecheckoutcone",
		}, name)
	case "extensions":
		return sub == "" && isPlainValue(s.value) && slices.Contains([]string{"objectformat", "refstorage"}, name)
	case "remote":
		return name == "pushdefault" && sub == "" || sub != "" && slices.Contains([]string{"url", "pushurl", "fetch"}, name)
	case "branch":
		return sub != "" && slices.Contains([]string{"remote", "pushremote", "merge"}, name)
	case "url":
		return sub != "" && slices.Contains([]string{"insteadof", "pushinsteadof"}, name)
	case "user":
		return sub == "" && slices.Contains([]string{"name", "email"}, name)
	}
	return false
}

// NotUsed returns the keys of hidden settings that a push with plain git would
// use.
func (r *Repo) NotUsed() []string {
	var keys []string
	for _, s := range r.settings {
		section, sub, name := s.parts()
		relevant := section == "credential" || section == "http" || section == "https" || section == "include" || section == "includeif" ||
			section == "core" && slices.Contains([]string{"sshcommand", "askpass", "gitproxy", "hookspath"}, name) ||
			section == "remote" && sub != "" && slices.Contains([]string{"proxy", "proxyauthmethod", "vcs", "receivepack"}, name)
		if relevant && !slices.Contains(keys, s.key) {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// readSettings reads the repository's configuration without included files.
func (r *Repo) readSettings(ctx context.Context) ([]setting, error) {
	all, err := r.readConfig(ctx, filepath.Join(r.commonDir, "config"))
	if err != nil {
		return nil, err
	}
	if slices.Contains(all, setting{"extensions.worktreeconfig", "true"}) {
		more, err := r.readConfig(ctx, filepath.Join(r.gitDir, "config.worktree"))
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// readConfig parses a configuration file, with git if it is not plain. git reads
// a copy, which is a regular file of limited size and cannot change concurrently.
func (r *Repo) readConfig(ctx context.Context, file string) ([]setting, error) {
	data, err := safefs.ReadFile(file, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if all, plain := parsePlain(string(data)); plain {
		return all, nil
	}
	untrusted := filepath.Join(r.view.dir, "untrusted")
	if err := os.WriteFile(untrusted, data, 0o600); err != nil {
		return nil, err
	}
	defer os.Remove(untrusted)
	out, err := r.run(ctx, command{args: []string{"config", "--file=" + untrusted, "--no-includes", "--list", "-z"}, bare: true, timeout: timeout})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return parseSettings(out), nil
}

var (
	plainSection = lazyregexp.New(`^\[([A-Za-z0-9-]+)(?: "([!#-\[\]-~]+)")?\]$`)
	plainSetting = lazyregexp.New(`^[ \t]*([A-Za-z][A-Za-z0-9-]*) = ([!$-:<-\[\]-~]+(?: [!$-:<-\[\]-~]+)*)$`) // no quotes, escapes or comments
)

// parsePlain parses a configuration file as "git config" writes it. plain is
// false for a file with anything else, which only git parses. The result never
// differs from git's.
func parsePlain(text string) (all []setting, plain bool) {
	section := ""
	all = []setting{}
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		if !ended {
			return nil, false
		}
		if f := plainSection.FindStringSubmatch(line); f != nil {
			if section = strings.ToLower(f[1]) + "."; f[2] != "" {
				section += f[2] + "."
			}
			continue
		}
		f := plainSetting.FindStringSubmatch(line)
		if f == nil || section == "" {
			return nil, false
		}
		all = append(all, setting{section + strings.ToLower(f[1]), f[2]})
	}
	return all, true
}

// parseSettings parses the output of "git config --list -z".
func parseSettings(out string) []setting {
	all := []setting{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if entry == "" {
			continue
		}
		key, value, found := strings.Cut(entry, "\n")
		if !found {
			value = "true"
		}
		all = append(all, setting{key, value})
	}
	return all
}

// lastValue returns the value of a setting that counts, or "".
func lastValue(settings []setting, key string) (value string) {
	for _, s := range settings {
		if s.key == key {
			value = s.value
		}
	}
	return value
}

func configText(settings []setting) []byte {
	var b bytes.Buffer
	version := 0
	if slices.ContainsFunc(settings, func(s setting) bool { return s.allowed() && strings.HasPrefix(s.key, "extensions.") }) {
		version = 1
	}
	fmt.Fprintf(&b, "[core]\n\trepositoryformatversion = %d\n\tbare = true\n", version)
	for _, s := range settings {
		section, sub, name := s.parts()
		if !s.allowed() || strings.ContainsAny(sub, "\n\x00") {
			continue
		}
		if sub != "" {
			section += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(sub) + `"`
		}
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\b", `\b`).Replace(s.value)
		fmt.Fprintf(&b, "[%s]\n\t%s = \"%s\"\n", section, name, value)
	}
	return b.Bytes()
}

// checkFormat fails for a repository with an extension that is hidden from git.
func checkFormat(settings []setting) error {
	known := []string{"objectformat", "refstorage", "worktreeconfig", "noop", "preciousobjects", "partialclone", "relativeworktrees"}
	for _, s := range settings {
		if section, _, name := s.parts(); section == "extensions" && !slices.Contains(known, name) {
			return fmt.Errorf("extension %q is not supported", name)
		}
	}
	return nil
}
