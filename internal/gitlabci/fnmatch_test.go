// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestGlobs has the results of Ruby 3.1 with FNM_PATHNAME, FNM_DOTMATCH and FNM_EXTGLOB.
func TestGlobs(t *testing.T) {
	t.Parallel()
	files := strings.Fields(`a.c src/a.c src/lib/a.c src/lib/deep/b.h .gitlab-ci.yml src/.hidden docs/README.md README a{b [x] a,b src/a\.c`)
	for pattern, want := range map[string]string{
		`*`:                         `a.c .gitlab-ci.yml README a{b [x] a,b`,
		`*.c`:                       `a.c`,
		`**`:                        `a.c .gitlab-ci.yml README a{b [x] a,b`,
		`**.c`:                      `a.c`,
		`**/*`:                      `a.c src/a.c src/lib/a.c src/lib/deep/b.h .gitlab-ci.yml src/.hidden docs/README.md README a{b [x] a,b src/a\.c`,
		`**/*.c`:                    `a.c src/a.c src/lib/a.c src/a\.c`,
		`src`:                       ``,
		`src/`:                      ``,
		`src/*`:                     `src/a.c src/.hidden src/a\.c`,
		`src/**`:                    `src/a.c src/.hidden src/a\.c`,
		`src/**/`:                   ``,
		`src/**/*`:                  `src/a.c src/lib/a.c src/lib/deep/b.h src/.hidden src/a\.c`,
		`src/**/*.c`:                `src/a.c src/lib/a.c src/a\.c`,
		`src/**.c`:                  `src/a.c src/a\.c`,
		`src**/*.c`:                 `src/a.c src/a\.c`,
		`**/lib/**/*`:               `src/lib/a.c src/lib/deep/b.h`,
		`**/lib/*`:                  `src/lib/a.c`,
		`*/*`:                       `src/a.c src/.hidden docs/README.md src/a\.c`,
		`*/**/*.c`:                  `src/a.c src/lib/a.c src/a\.c`,
		`**/**/*.c`:                 `a.c src/a.c src/lib/a.c src/a\.c`,
		`{a,b}.c`:                   `a.c`,
		`{src,docs}/**/*`:           `src/a.c src/lib/a.c src/lib/deep/b.h src/.hidden docs/README.md src/a\.c`,
		`{**/,}*.c`:                 `a.c src/a.c src/lib/a.c src/a\.c`,
		`{src/**,docs}/*`:           `src/a.c src/lib/a.c src/lib/deep/b.h src/.hidden docs/README.md src/a\.c`,
		`src/{lib/deep/,}[ab].[ch]`: `src/a.c src/lib/deep/b.h`,
		`{src/{lib,x}/,}a.c`:        `a.c src/lib/a.c`,
		`{}README`:                  `README`,
		`README{,.md}`:              `README`,
		`a{b`:                       ``,
		`a}`:                        ``,
		`[!a]*`:                     `.gitlab-ci.yml README [x]`,
		`[^a-r]*`:                   `.gitlab-ci.yml README [x]`,
		`[R-]*`:                     `README`,
		`[x]`:                       ``,
		`\[x\]`:                     `[x]`,
		`[]x]*`:                     ``,
		`README\`:                   `README`,
		`src/a\.c`:                  `src/a.c`,
		`src/a\\.c`:                 `src/a\.c`,
		`a\{b`:                      `a{b`,
		`?????`:                     ``,
		`.*`:                        `.gitlab-ci.yml`,
		`**/.*`:                     `.gitlab-ci.yml src/.hidden`,
		`./a.c`:                     ``,
		`/a.c`:                      ``,
		`a,b`:                       `a,b`,
		`{a\,b,x}`:                  `a,b`,
		`src[/]a.c`:                 ``,
		`***/a.c`:                   `src/a.c`,
		`a.c/`:                      ``,
		``:                          ``,
		`é*`:                        ``,
		`[[:alpha:]]*`:              ``,
		`docs/*/README.md`:          ``,
		`docs/**/README.md`:         `docs/README.md`,
		`**/README*`:                `docs/README.md README`,
	} {
		var got []string
		for _, file := range files {
			if globMatches([]string{pattern}, []string{file}, &budget{left: maxMatching}) {
				got = append(got, file)
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
	for _, test := range []struct {
		pattern, file string
		want          bool
	}{
		{"", "a", false},
		{"é?.c", "éé.c", true},
		{"[é-ü].c", "ö.c", true},
		{"[!é].c", "é.c", false},
		{"a", "a/", false},
		{"a/", "a/", true},
		{`-\`, "-", true},
		{"[a", "a", false},
		{"[a/b]", "a", true},
		{"[c-[ab]b", "cb", true},
		{strings.Repeat("*a", 30) + "b", strings.Repeat("a", 60), false},
		{strings.Repeat("**/", 30) + "b", strings.Repeat("a/", 60), false},
		{strings.Repeat("**/a/", 30) + "b", strings.Repeat("a/", 90), false},
		{strings.Repeat("{a,b}", 30), strings.Repeat("a", 30), false}, // too many alternatives
	} {
		if got := globMatches([]string{test.pattern}, []string{test.file}, &budget{left: maxMatching}); got != test.want {
			t.Errorf("%q of %q: %v", test.pattern, test.file, got)
		}
	}
}

func TestAlternativesAreLimited(t *testing.T) {
	t.Parallel()
	if n := len(expandBraces(strings.Repeat("{a,b}", 20))); n > maxAlternatives {
		t.Errorf("%d alternatives", n)
	}
}

func TestExistsMatch(t *testing.T) {
	t.Parallel()
	many := make([]string, maxComparisons)
	for i := range many {
		many[i] = fmt.Sprintf("dir/%d.c", i)
	}
	many = append(many, "top.c")
	slices.Sort(many)
	for _, test := range []struct {
		globs []string
		want  bool
	}{
		{[]string{"**/*.h"}, false},
		{[]string{"**/*.h", "**/*.c"}, true},
		{[]string{"**/*.h", "**/*.o"}, false}, // these do not count
		{[]string{"*.h", "*.o"}, false},       // compared with one file
		{[]string{"*.h", "t?p.c"}, true},
		{[]string{"**/*h"}, true}, // more than are compared
		{[]string{"*.h", "no/*"}, true},
		{[]string{"**.h"}, true}, // not limited to the top directory
		{[]string{"*.h", "**"}, true},
	} {
		if got := existsMatch(test.globs, many, &budget{left: maxMatching}); got != test.want {
			t.Errorf("%q: %v", test.globs, got)
		}
	}
	for glob, want := range map[string]bool{"**/*.[ch]": true, "**/*.?": true, "**/*.{c,h}": true, "**/*.*": true, "**/*.[h]": false, "**/*.c": true, "**/*.c/x": false} {
		if got := existsMatch([]string{glob}, []string{"dir/a.c"}, &budget{left: maxMatching}); got != want {
			t.Errorf("%s: %v", glob, got)
		}
	}
	for pattern, want := range map[string]bool{`a\.c`: false, "a.c": false, `a\*`: true, "{a": true} {
		if isGlob(pattern) != want {
			t.Errorf("%s is a pattern: %v", pattern, !want)
		}
	}
}
