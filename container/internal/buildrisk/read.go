// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// A dialect is what a builder takes for a here-document.
type dialect int

const (
	documents       dialect = iota // podman's builder
	noDocuments                    // buildah before 1.33: none
	spacedDocuments                // imagebuilder 1.2.22: blanks may follow <<
)

// read returns the instructions of a Dockerfile as the parser of podman's builder
// reads it, or an error. FuzzSameInstructions compares both.
func read(text []byte, d dialect) ([]instruction, error) {
	if len(text) > maxSize {
		return nil, fmt.Errorf("larger than %d bytes", maxSize)
	}
	r := &reader{lines: splitLines(string(text)), dialect: d, escape: '\\', atTop: true}
	for r.next < len(r.lines) {
		if err := r.statement(); err != nil {
			return nil, err
		}
	}
	if len(r.all) == 0 {
		return nil, errors.New("no instructions")
	}
	return r.all, nil
}

// splitLines returns the lines without their ends.
func splitLines(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	lines := strings.Split(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

// A reader reads the statements of a Dockerfile: an instruction with its
// continuation lines and here-documents, a comment, or an empty line.
type reader struct {
	lines   []string
	dialect dialect
	next    int  // index of the next line
	escape  rune // ends continued lines, and escapes in ENV, LABEL and ARG
	atTop   bool // where only directives have been, which set escape
	chosen  bool // a directive has set it
	all     []instruction
}

func (r *reader) statement() error {
	first := r.lines[r.next]
	number := r.next + 1
	r.next++
	first = strings.TrimLeftFunc(first, unicode.IsSpace)
	if err := r.directive(first); err != nil {
		return err
	}
	if strings.HasPrefix(first, "#") {
		first = ""
	}
	text, continued := r.cutEscape(first)
	if text == "" && !continued {
		return nil
	}
	var whole strings.Builder
	whole.WriteString(text)
	for continued && r.next < len(r.lines) {
		line := r.lines[r.next]
		r.next++
		if start := strings.TrimLeftFunc(line, unicode.IsSpace); start == "" || strings.HasPrefix(start, "#") {
			continue
		}
		text, continued = r.cutEscape(line)
		whole.WriteString(text)
	}
	return r.instruction(whole.String(), number)
}

// directive reads a line that may be "# escape=`". The first line that is none
// ends the top of the file.
func (r *reader) directive(line string) error {
	if !r.atTop {
		return nil
	}
	value, found := strings.CutPrefix(strings.ToLower(line), "#")
	for _, word := range []string{"escape", "="} {
		if found {
			value, found = strings.CutPrefix(strings.TrimLeft(value, " \t"), word)
		}
	}
	if !found || value == "" {
		r.atTop = false
		return nil
	}
	char := strings.TrimLeft(value, " \t")
	switch {
	case r.chosen:
		return errors.New("more than one escape directive")
	case !strings.HasPrefix(char, "\\") && !strings.HasPrefix(char, "`"):
		return errors.New("the escape directive is neither ` nor \\")
	}
	r.chosen, r.escape = true, rune(char[0])
	return nil
}

// cutEscape removes the escape character that continues a line, and the blanks
// after it.
func (r *reader) cutEscape(line string) (text string, continued bool) {
	text, continued = strings.CutSuffix(strings.TrimRight(line, " \t"), string(r.escape))
	if !continued {
		return line, false
	}
	return text, true
}

// instruction appends the instruction of a line and those nested in it, and
// skips its here-documents.
func (r *reader) instruction(line string, number int) error {
	hasDocuments := false
	text := line
	for depth := 0; ; depth++ {
		keyword, flags, rest := cutKeyword(text)
		i := instruction{line: number, name: strings.ToUpper(keyword), flags: flags}
		args, exec, err := r.args(keyword, rest)
		if err != nil {
			return err
		}
		i.args = args
		r.all = append(r.all, i)
		if depth <= 1 && !exec && (keyword == "add" || keyword == "copy" || keyword == "run") {
			hasDocuments = true
		}
		if keyword != "onbuild" || rest == "" {
			break
		}
		text = rest
	}
	if !hasDocuments || r.dialect == noDocuments || !strings.Contains(line, "<<") {
		return nil
	}
	return r.skipDocuments(line)
}

// cutKeyword splits an instruction.
func cutKeyword(text string) (keyword string, flags []string, rest string) {
	text = strings.TrimSpace(text)
	end := strings.IndexAny(text, blanks)
	if end < 0 {
		return strings.ToLower(text), nil, ""
	}
	flags, rest = cutFlags(strings.TrimLeft(text[end:], blanks))
	return strings.ToLower(text[:end]), flags, strings.TrimSpace(rest)
}

// blanks are between the words of most instructions.
const blanks = "\t\v\f\r "

// cutFlags returns the words at the beginning that start with --, without quotes.
// A word -- ends them.
func cutFlags(text string) (flags []string, rest string) {
	for {
		for text != "" && spaceByte(text[0]) {
			text = text[1:]
		}
		if !strings.HasPrefix(text, "--") {
			return flags, text
		}
		flag, length := flagWord(text)
		text = text[length:]
		if flag == "--" {
			return flags, text
		}
		flags = append(flags, flag)
	}
}

// flagWord returns the first word of a text, and how many bytes it has with its
// quotes. The builder reads flags by bytes, also those of one character.
func flagWord(text string) (word string, length int) {
	var b strings.Builder
	quote := byte(0)
	for n := 0; n < len(text); n++ {
		c := text[n]
		switch {
		case quote == 0 && spaceByte(c):
			return b.String(), n
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			continue
		case quote != 0 && c == quote:
			quote = 0
			continue
		case c == '\\' && n+1 == len(text):
			continue
		case c == '\\':
			n++
			c = text[n]
		}
		b.WriteRune(rune(c))
	}
	return b.String(), len(text)
}

func spaceByte(c byte) bool { return unicode.IsSpace(rune(c)) }

// maxWord limits a word that is expanded or split, in bytes. Either takes time
// that grows with the square of its length.
const maxWord = 8 << 10

// errLong reports a line whose here-documents are not looked for.
var errLong = fmt.Errorf("a line with a here-document is longer than %d bytes", maxWord)

// errCut reports a here-document whose end depends on the builder.
var errCut = errors.New("cannot tell what ends a here-document: there is a blank in an expansion of its name")

// skipDocuments skips the here-documents of an instruction.
func (r *reader) skipDocuments(line string) error {
	if len(line) > maxWord {
		return errLong
	}
	if r.dialect == spacedDocuments {
		line = withoutBlanks(line)
	}
	lex := shell.NewLex('\\')
	lex.RawQuotes, lex.RawEscapes, lex.SkipUnsetEnv = true, true, true
	words, err := lex.ProcessWords(line, nil)
	switch {
	case err != nil && r.dialect == spacedDocuments:
		words = laterWords(lex, line)
	case err != nil:
		return nil // a quote without an end: such a line has no here-documents
	}
	if r.dialect == spacedDocuments && slices.ContainsFunc(words, cutInExpansion) {
		return errCut
	}
	for _, word := range words {
		name, tabs, err := document(word)
		switch {
		case err != nil && r.dialect == spacedDocuments:
			name = strings.Trim(strings.TrimLeft(word, "0123456789<-"), `'"`)
		case err != nil:
			return err
		}
		start := r.next
		if name == "" || r.skipTo(name, tabs) {
			continue
		}
		if r.dialect == documents {
			return fmt.Errorf("the here-document %s has no end", name)
		}
		r.next = start // such a builder fails: what follows is judged nevertheless
	}
	return nil
}

// laterWords splits a line for later builders, which may know more expansions. A quote
// without an end counts as part of a word.
func laterWords(lex *shell.Lex, line string) []string {
	const dollar = "\ue000" // has no meaning for lex
	words, err := lex.ProcessWords(strings.ReplaceAll(line, "$", dollar), nil)
	if err != nil {
		return strings.Fields(line)
	}
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, dollar, "$")
	}
	return words
}

// cutInExpansion reports whether a blank in ${} has cut the name of a here-document.
func cutInExpansion(word string) bool {
	_, name, found := strings.Cut(word, "<<")
	return found && strings.Count(name, "${") > strings.Count(name, "}")
}

// withoutBlanks removes the blanks between << or <<- and what follows.
func withoutBlanks(line string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(line, "<<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("<<")
		after, dash := strings.CutPrefix(after, "-")
		if dash {
			b.WriteByte('-')
		}
		line = strings.TrimLeft(after, blanks)
	}
}

// document returns the line that ends the here-document of a word such as
// <<-"EOF", or "" for other words. tabs is set if tabs may be before it.
func document(word string) (name string, tabs bool, err error) {
	text, found := strings.CutPrefix(strings.TrimLeft(word, "0123456789"), "<<")
	text, tabs = strings.CutPrefix(text, "-")
	if !found || text == "" || strings.Contains(text, "<") {
		return "", false, nil
	}
	lex := shell.NewLex('\\')
	lex.SkipUnsetEnv = true
	words, err := lex.ProcessWords(text, nil)
	if err != nil || len(words) != 1 {
		return "", tabs, err
	}
	lex.RawQuotes = true
	if raw, err := lex.ProcessWords(text, nil); err != nil || len(raw) != 1 {
		return "", false, fmt.Errorf("cannot tell what ends the here-document %s", word)
	}
	return words[0], tabs, nil
}

func (r *reader) skipTo(end string, tabs bool) bool {
	for r.next < len(r.lines) {
		line := strings.TrimRight(r.lines[r.next], "\r")
		r.next++
		if tabs {
			line = strings.TrimLeft(line, "\t")
		}
		if line == end {
			return true
		}
	}
	return false
}
