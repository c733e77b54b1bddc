// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A treeState says what some names of a tree are in a container.
type treeState struct {
	files map[string]fingerprint // also of the directories above a name
	below map[string][]string    // what some directories contain; a directory's name ends in a slash
}

// file returns what a name is. Nothing is below a name that is no directory;
// above is the highest such name, "" for none.
func (s treeState) file(name string) (f fingerprint, above string) {
	for dir := range parents(name) {
		if kind := s.files[dir].kind; kind != 0 && kind != 'd' {
			above = dir
		}
	}
	if above != "" {
		return fingerprint{}, above
	}
	return s.files[name], ""
}

// parents yields the directories above a name, the nearest first.
func parents(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for dir := path.Dir(name); dir != "." && yield(dir); dir = path.Dir(dir) {
		}
	}
}

// stateFunctions are shell functions that print what names are. r succeeds if all
// parents of a name are directories. c prints the kinds of names, each with a NUL
// after it, then the digests of those that are files. t prints what is in a
// directory.
const stateFunctions = `LC_ALL=C; export LC_ALL
r() { r=$1; while r=${r%/*}; [ "$r" != . ]; do [ -d "$r" ] && [ ! -L "$r" ] || return 1; done; }
c() {
	for f do
		shift
		if ! r "$f"; then printf 'n\0'
		elif [ -L "$f" ]; then printf l; readlink "$f"; printf '\0'
		elif [ -d "$f" ]; then printf 'd\0'
		elif [ -f "$f" ]; then if [ -x "$f" ]; then printf 'x\0'; else printf 'f\0'; fi; set -- "$@" "$f"
		elif [ -e "$f" ]; then printf '?\0'
		else printf 'n\0'; fi
	done
	[ $# = 0 ] || sha256sum "$@"
	printf '\0'
}
t() {
	[ -d "$1" ] && [ ! -L "$1" ] && r "$1" || return 0
	for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		if [ -d "$e" ] && [ ! -L "$e" ]; then printf '%s/\0' "$e"; t "$e"
		elif [ -L "$e" ] || [ -e "$e" ]; then printf '%s\0' "$e"; fi
	done
}
`

// ended is the last line that a script of runScript prints.
const ended = "lcitool-ended\n"

// runScript runs commands in a directory of a container and returns what they
// print. Unlike an argument, a script may be long.
func runScript(ctx context.Context, c Container, dir, script string) (string, error) {
	var out bytes.Buffer
	var message strings.Builder
	// The shell reads all commands before it runs one.
	script = "{\nset -e\n" + script + "printf '" + strings.TrimSuffix(ended, "\n") + "\\n'\nexit\n} < /dev/null\n"
	_, err := c.Exec(ctx, api.ExecOptions{
		Command: []string{"sh"}, User: "0", WorkDir: dir, Grace: grace,
		Stdin: strings.NewReader(script), Stdout: &limited{&out, maxTreeState}, Stderr: &limited{&message, maxMessage},
	})
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	text, complete := strings.CutSuffix(out.String(), ended)
	switch {
	case err == nil && complete:
		return text, nil
	case err == nil:
		err = errors.New("the shell in the container did not run all commands")
	default:
		err = ownFailure(err)
	}
	if why := strings.TrimSpace(message.String()); why != "" {
		err = fmt.Errorf("%w: %s", err, termtext.FirstLine(why))
	}
	return "", err
}

// maxTreeState limits the description of a tree, in bytes.
const maxTreeState = 32 << 20

// readTree returns what names are in a tree in a container, and what is below
// those of dirs that are directories.
func readTree(ctx context.Context, c Container, at string, names, dirs []string) (treeState, error) {
	parts := stateParts(names)
	var script strings.Builder
	script.WriteString(stateFunctions)
	for _, part := range parts {
		script.WriteString(shellLine("c", part))
	}
	for _, dir := range dirs {
		script.WriteString(shellLine("t", []string{dir}) + `printf '\0'` + "\n")
	}
	text, err := runScript(ctx, c, at, script.String())
	if err != nil {
		return treeState{}, fmt.Errorf("cannot read the tree in the container: %w", err)
	}
	return parseTree(text, parts, dirs)
}

// partSize is the number of names in one command of a shell.
const partSize = 200

// stateParts returns names and the directories above them in parts. sha256sum may
// print more than one line for names with line breaks.
func stateParts(names []string) [][]string {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
		for dir := range parents(name) {
			all[dir] = true
		}
	}
	var plain []string
	var parts [][]string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.Contains(name, "\n") {
			parts = append(parts, []string{name})
		} else {
			plain = append(plain, name)
		}
	}
	return slices.AppendSeq(parts, slices.Chunk(plain, partSize))
}

// shellLine returns a command with names as its arguments, which cannot be parsed
// as options.
func shellLine(command string, names []string) string {
	var b strings.Builder
	b.WriteString(command)
	for _, name := range names {
		b.WriteString(" " + Quote("./"+name))
	}
	return b.String() + "\n"
}

// shellLines is shellLine for any number of names.
func shellLines(command string, names []string) string {
	var b strings.Builder
	for part := range slices.Chunk(names, partSize) {
		b.WriteString(shellLine(command, part))
	}
	return b.String()
}

var errTreeState = errors.New("cannot read the tree in the container: its shell printed something else")

func parseTree(text string, parts [][]string, dirs []string) (treeState, error) {
	s := treeState{files: map[string]fingerprint{}, below: map[string][]string{}}
	records := strings.Split(text, "\x00")
	next := func() (string, error) {
		if len(records) < 2 { // what follows the last NUL is none
			return "", errTreeState
		}
		record := records[0]
		records = records[1:]
		return record, nil
	}
	for _, part := range parts {
		if err := s.parsePart(part, next); err != nil {
			return s, err
		}
	}
	for _, dir := range dirs {
		for {
			entry, err := next()
			if err != nil {
				return s, err
			}
			if entry == "" {
				break
			}
			s.below[dir] = append(s.below[dir], strings.TrimPrefix(entry, "./"))
		}
	}
	if len(records) != 1 || records[0] != "" {
		return s, errTreeState
	}
	return s, nil
}

func (s treeState) parsePart(part []string, next func() (string, error)) error {
	var files []string
	for _, name := range part {
		record, err := next()
		switch {
		case err != nil:
			return err
		case record == "f" || record == "x":
			s.files[name] = fingerprint{kind: 'f', exec: record == "x"}
			files = append(files, name)
		case record == "d" || record == "?":
			s.files[name] = fingerprint{kind: record[0]}
		case strings.HasPrefix(record, "l"):
			s.files[name] = fingerprint{kind: 'l', sum: strings.TrimSuffix(record[1:], "\n")}
		case record != "n":
			return errTreeState
		}
	}
	text, err := next()
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(text, "\n")
	if len(lines)-1 < len(files) {
		return errTreeState
	}
	for i, name := range files {
		digest, _, _ := strings.Cut(strings.TrimPrefix(lines[i], `\`), " ") // sha256sum marks lines with escapes
		sum, err := hex.DecodeString(digest)
		if err != nil {
			return errTreeState
		}
		f := s.files[name]
		f.sum = string(sum)
		s.files[name] = f
	}
	return nil
}
