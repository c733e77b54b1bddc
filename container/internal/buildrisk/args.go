// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// args returns the arguments of an instruction. exec is set if they are in the
// form of a JSON array.
func (r *reader) args(keyword, text string) (args []string, exec bool, err error) {
	switch keyword {
	case "add", "copy", "volume":
		if args, exec, err = execForm(text); err == nil && !exec {
			args = strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(blanks, c) })
		}
	case "cmd", "entrypoint", "run", "shell":
		if args, exec, err = execForm(text); err == nil && !exec {
			args = one(text)
		}
	case "healthcheck":
		return healthcheck(text)
	case "expose", "from":
		args = strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(blanks, c) })
	case "maintainer", "stopsignal", "user", "workdir":
		args = one(text)
	case "arg":
		args = r.words(text)
	case "env", "label":
		args, err = r.nameValues(keyword, text)
	case "onbuild":
		if text != "" {
			args = []string{""} // and the instruction that follows
		}
	default: // the builder refuses it later
		args = []string{""}
	}
	return args, exec, err
}

func one(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// execForm returns the strings of a JSON array. What is after it does not count.
func execForm(text string) (args []string, isArray bool, err error) {
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	if !strings.HasPrefix(text, "[") {
		return nil, false, nil
	}
	var list []any
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&list); err != nil {
		return nil, false, nil //nolint:nilerr // it is a command that begins with a bracket
	}
	for _, item := range list {
		arg, isString := item.(string)
		if !isString {
			return nil, false, fmt.Errorf("not all items of the array are strings: %.100s", text)
		}
		args = append(args, arg)
	}
	return args, true, nil
}

// healthcheck returns NONE, or CMD and its command.
func healthcheck(text string) (args []string, exec bool, err error) {
	end := 0
	for end < len(text) && !spaceByte(text[end]) {
		end++
	}
	if end == 0 {
		return nil, false, nil
	}
	command := end
	for command < len(text) && spaceByte(text[command]) {
		command++
	}
	args, exec, err = execForm(text[command:])
	if err == nil && !exec {
		args = one(text[command:])
	}
	return append([]string{text[:end]}, args...), exec, err
}

// nameValues returns names and values by turns. The old form has one name, a
// blank and its value.
func (r *reader) nameValues(keyword, text string) (args []string, err error) {
	words := r.words(text)
	if len(words) == 0 {
		return nil, nil
	}
	if !strings.Contains(words[0], "=") {
		end := strings.IndexAny(text, blanks)
		if end < 0 {
			return nil, fmt.Errorf("%s has a name and no value", strings.ToUpper(keyword))
		}
		return []string{text[:end], strings.TrimLeft(text[end:], blanks)}, nil
	}
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		if !found {
			return nil, fmt.Errorf("%s: %q has no =", strings.ToUpper(keyword), word)
		}
		args = append(args, name, value)
	}
	return args, nil
}

// words returns the words of a text as written, quotes included. Spaces separate
// them, except in quotes and after the escape character.
func (r *reader) words(text string) []string {
	var words []string
	var word []rune
	quote := rune(0)
	runes := []rune(text)
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
		}
		word = nil
	}
	for n := 0; n < len(runes); n++ {
		c := runes[n]
		switch {
		case quote == 0 && unicode.IsSpace(c):
			flush()
			continue
		case c == r.escape && quote != '\'':
			if n+1 == len(runes) {
				continue // it escapes nothing
			}
			word = append(word, c)
			n++
			c = runes[n]
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		}
		word = append(word, c)
	}
	flush()
	return words
}
