// SPDX-License-Identifier: GPL-2.0-or-later

package errortext_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
)

func printed(err error) (lines []string) {
	errortext.Print(func(format string, args ...any) { lines = append(lines, termtext.Message(format, args...)) }, err)
	return lines
}

func TestPrint(t *testing.T) {
	plain := errors.New("it broke")
	for _, c := range []struct {
		err  error
		want []string
	}{
		{nil, nil},
		{plain, []string{"Application error: it broke"}},
		{diag.WithHint(plain, "mend it"), []string{"Application error: it broke", "hint: mend it"}},
		{errors.Join(plain, errors.New("so did this")), []string{"Application error: it broke", "Application error: so did this"}},
		{workspace.ManifestErrors(plain, false), []string{"Manifest error: Failed to generate configuration: it broke"}},
		{workspace.ManifestErrors(plain, true), []string{"Manifest error: it broke"}},
		{workspace.ManifestErrors(manifests.ErrUnfinished, false), []string{"Manifest error: " + manifests.ErrUnfinished.Error()}},
		{workspace.ManifestErrors(errors.Join(plain, plain), true), []string{"Manifest error: it broke", "Manifest error: it broke"}},
		{errors.New("changed:\n-a\n+b\nmore"), []string{"Application error: changed:\n-a\n+b\n  more"}},
		{fmt.Errorf("x: %w", api.ErrNoUser), []string{"Container error: x: " + api.ErrNoUser.Error()}},
	} {
		if got := printed(c.err); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

// TestPrefixes: the prefixes of the original, which scripts know, precede the error.
func TestPrefixes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&targets.Error{Err: errors.New("e")}, "Targets error: "},
		{&targets.CrossError{}, "Project error: "},
		{&facts.ProjectError{Err: errors.New("e")}, "Project error: "},
		{&render.UnsupportedError{Output: "Dockerfile", Target: targets.Target{}}, "Docker formatter error: "},
		{&render.UnsupportedError{Output: "build environment script"}, "Shell build env formatter error: "},
		{&targets.ResolveError{Err: errors.New("e")}, "Package generic name resolution error: "},
		{&facts.MappingsError{Err: errors.New("e")}, "Package generic name resolution error: "},
		{&api.EngineError{Err: errors.New("e")}, "Container error: "},
		{&api.BuildError{Text: "e"}, "Container error: "},
		{&api.UnsafeError{}, "Container error: "},
	} {
		lines := printed(fmt.Errorf("x: %w", c.err))
		if len(lines) == 0 || lines[0] != c.want+"x: "+c.err.Error() {
			t.Errorf("%T: %q, want %q", c.err, lines, c.want)
		}
	}
}

func TestTargetWithoutImageHasAHint(t *testing.T) {
	got := printed(&render.UnsupportedError{Output: "Dockerfile", Target: targets.Target{}})
	if len(got) != 2 || !strings.HasPrefix(got[1], "hint: no image of ") {
		t.Errorf("%q", got)
	}
}

// TestHintsOfPodman: only podman's own errors get a hint for podman's words. They may be a
// package's name in others, or the state of a disk that podman does not use.
func TestHintsOfPodman(t *testing.T) {
	for _, text := range []string{`no package of debian-13 is called "catatonit"`, "write /dev/stdout: no space left on device"} {
		if got := printed(errors.New(text)); len(got) != 1 {
			t.Errorf("%q", got)
		}
		if got := printed(&api.EngineError{Op: "run image x", Err: errors.New(text)}); len(got) != 2 || !strings.HasPrefix(got[1], "hint: ") {
			t.Errorf("%q", got)
		}
	}
}
