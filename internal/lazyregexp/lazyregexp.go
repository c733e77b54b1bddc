// SPDX-License-Identifier: GPL-2.0-or-later

// Package lazyregexp compiles regular expressions of packages when they are used.
//
// To compile all of them would take longer than most commands do.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// A Regexp has the methods of a regexp.Regexp.
type Regexp struct {
	compiled func() *regexp.Regexp
}

// New takes an expression, which must be valid. Tests compile it at once, so
// that a mistake fails all those of the package.
func New(expression string) *Regexp {
	re := &Regexp{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
	if strings.HasSuffix(os.Args[0], ".test") {
		re.compiled()
	}
	return re
}

func (re *Regexp) Match(b []byte) bool                    { return re.compiled().Match(b) }
func (re *Regexp) MatchString(s string) bool              { return re.compiled().MatchString(s) }
func (re *Regexp) FindString(s string) string             { return re.compiled().FindString(s) }
func (re *Regexp) FindSubmatch(b []byte) [][]byte         { return re.compiled().FindSubmatch(b) }
func (re *Regexp) FindStringSubmatch(s string) []string   { return re.compiled().FindStringSubmatch(s) }
func (re *Regexp) FindAllString(s string, n int) []string { return re.compiled().FindAllString(s, n) }
func (re *Regexp) FindAllIndex(b []byte, n int) [][]int   { return re.compiled().FindAllIndex(b, n) }
func (re *Regexp) FindAllStringIndex(s string, n int) [][]int {
	return re.compiled().FindAllStringIndex(s, n)
}
func (re *Regexp) FindAllSubmatch(b []byte, n int) [][][]byte {
	return re.compiled().FindAllSubmatch(b, n)
}
func (re *Regexp) FindAllSubmatchIndex(b []byte, n int) [][]int {
	return re.compiled().FindAllSubmatchIndex(b, n)
}

func (re *Regexp) FindAllStringSubmatch(s string, n int) [][]string {
	return re.compiled().FindAllStringSubmatch(s, n)
}

func (re *Regexp) ReplaceAll(b, with []byte) []byte { return re.compiled().ReplaceAll(b, with) }

func (re *Regexp) ReplaceAllFunc(b []byte, with func([]byte) []byte) []byte {
	return re.compiled().ReplaceAllFunc(b, with)
}

func (re *Regexp) ReplaceAllString(s, with string) string {
	return re.compiled().ReplaceAllString(s, with)
}

func (re *Regexp) ReplaceAllStringFunc(s string, with func(string) string) string {
	return re.compiled().ReplaceAllStringFunc(s, with)
}
