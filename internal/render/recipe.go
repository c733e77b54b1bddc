// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// A format implements what differs by packaging format. Methods return commands
// in the order of their execution.
type format interface {
	// wrapper returns the program, followed by a space, that suppresses syncs
	// during package installation in an image, or "".
	wrapper(t targets.Target) string
	// native returns the commands that upgrade the system and install the host's
	// packages.
	native(r recipe) []string
	// foreign returns the commands that install the cross architecture's
	// packages.
	foreign(r recipe) []string
	// install returns the command in front of package names.
	install(r recipe) string
	// add returns the commands that install more packages and remove none.
	add(r recipe, names []string) []string
	// cache returns the first command of a layer with packages, and commands to
	// run before it so that packages are kept in dir. first is "" if that is not
	// supported.
	cache(dir string) (first string, commands []string)
	// list returns the command that writes all installed packages to
	// /packages.txt.
	list() string
}

var formats = map[string]format{"apk": apk{}, "deb": deb{}, "rpm": rpm{}} //nolint:gochecknoglobals // a table that nothing writes to

// A recipe contains the input for the commands of one output.
type recipe struct {
	target   targets.Target
	packages *targets.Packages
	image    bool   // for an image, which wants to be small, not for a script
	wrapper  string // stands before slow commands
	hidden   *hidden
}

// hidden are package names that an output leaves out.
type hidden struct {
	names []string
	times int // how often that happened
}

// hides reports whether names is the same slice as the hidden one, not only
// equal.
func (h *hidden) hides(names []string) bool {
	if h == nil || len(names) == 0 || len(names) != len(h.names) || &names[0] != &h.names[0] {
		return false
	}
	h.times++
	return true
}

// native returns the commands for the host, grouped by layers of an image:
// packages of the distribution, of pip, and of cpanm.
func (r recipe) native(f format) [][]string {
	commands := f.native(r)
	if r.packages.Has("python3") || len(r.packages.PyPI) > 0 {
		commands = append(commands, "rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED")
	}
	if r.target.Cross == "" {
		commands = append(commands, f.list())
		commands = append(commands, r.ccache()...)
	}
	groups := [][]string{commands}
	if names := r.packages.PyPI; len(names) > 0 {
		pip := r.target.Paths.Pip3
		groups = append(groups, []string{r.withNames(pip+" install", names, pip)})
	}
	if names := r.packages.CPAN; len(names) > 0 {
		groups = append(groups, []string{r.withNames("cpanm --notest", names, "cpanm")})
	}
	return groups
}

func (r recipe) foreign(f format) []string {
	commands := append(f.foreign(r), r.mesonCrossFile()...)
	commands = append(commands, f.list())
	return append(commands, r.ccache()...)
}

// withNames appends packages to an installing command: a single one is on the
// command's line, others are one per line, aligned below the first argument of tool.
// As in the original lcitool, the column includes the wrapper even if none is used
// (internal/render/testdata/debian-12-pip.Dockerfile).
func (r recipe) withNames(command string, names []string, tool string) string {
	if len(names) == 0 || r.hidden.hides(names) {
		return command + " "
	}
	if len(names) == 1 {
		return command + " " + quote(names[0])
	}
	indent := 4 + len(r.wrapper) + len(tool) + 1
	size := len(command)
	for _, n := range names {
		size += len(" \\\n") + indent + len(n)
	}
	var b strings.Builder
	b.Grow(size) // enough unless names need quotes
	b.WriteString(command)
	for _, n := range names {
		b.WriteString(" \\\n")
		for range indent {
			b.WriteByte(' ')
		}
		b.WriteString(quote(n))
	}
	return b.String()
}

// ccache returns the commands that put ccache in front of the compilers.
func (r recipe) ccache() []string {
	if !r.packages.Has("ccache") {
		return nil
	}
	var compilers []string
	for _, c := range []struct{ mapping, generic string }{{"gcc", "cc"}, {"clang", "cc"}, {"g++", "c++"}} {
		if r.packages.Has(c.mapping) {
			compilers = append(compilers, c.mapping, c.generic)
		}
	}
	if len(compilers) == 0 {
		return nil
	}
	slices.Sort(compilers)
	prefix := ""
	if r.target.Cross != "" {
		prefix = r.target.Cross.ABI() + "-"
	}
	commands := []string{"mkdir -p " + wrappersDir}
	for _, c := range slices.Compact(compilers) {
		commands = append(commands, fmt.Sprintf("ln -s %s %s/%s%s", quote(r.target.Paths.CCache), wrappersDir, prefix, c))
	}
	return commands
}

const mesonCrossDir = "/usr/local/share/meson/cross"

func (r recipe) mesonCrossFile() []string {
	family, cpu, endian, ok := r.target.Cross.MesonCPU()
	if !ok {
		return nil
	}
	abi := r.target.Cross.ABI()
	lines := []string{
		"[binaries]",
		"c = '/usr/bin/" + abi + "-gcc'",
		"ar = '/usr/bin/" + abi + "-gcc-ar'",
		"strip = '/usr/bin/" + abi + "-strip'",
		"pkgconfig = '/usr/bin/" + abi + "-pkg-config'",
		"",
		"[host_machine]",
		"system = 'linux'",
		"cpu_family = '" + family + "'",
		"cpu = '" + cpu + "'",
		"endian = '" + endian + "'",
	}
	return []string{
		"mkdir -p " + mesonCrossDir,
		`printf "` + printfText(lines) + `" > ` + mesonCrossDir + "/" + abi,
	}
}

// printfText formats lines as the format string of printf, one per line.
func printfText(lines []string) string {
	return strings.Join(lines, "\\n\\\n") + "\\n"
}
