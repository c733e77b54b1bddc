// SPDX-License-Identifier: GPL-2.0-or-later

package lazyregexp_test

import (
	"os"
	"slices"
	"sync"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// as makes New see another program name.
func as(t *testing.T, program string) {
	t.Helper()
	before := os.Args[0]
	os.Args[0] = program
	t.Cleanup(func() { os.Args[0] = before })
}

func TestMistakesFailTestsAtOnce(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an expression that is not valid was taken")
		}
	}()
	lazyregexp.New("(")
}

func TestProgramsCompileWhatTheyUse(t *testing.T) {
	as(t, "/usr/bin/lcitool")
	re := lazyregexp.New("(")
	defer func() {
		if recover() == nil {
			t.Error("an expression that is not valid was used")
		}
	}()
	re.MatchString("x")
}

func TestManyUseOneAtOnce(t *testing.T) {
	as(t, "/usr/bin/lcitool")
	re := lazyregexp.New(`^(\w+)=(\w*)$`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := re.FindStringSubmatch("a=b"); !slices.Equal(got, []string{"a=b", "a", "b"}) {
				t.Errorf("%q", got)
			}
		})
	}
	all.Wait()
	if re.MatchString("=b") || re.ReplaceAllString("a=b", "$2=$1") != "b=a" || string(re.ReplaceAll([]byte("c="), []byte("$1"))) != "c" {
		t.Error("not what package regexp gives")
	}
}
