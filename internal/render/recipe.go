// SPDX-License-Identifier: GPL-2.0-or-later

package render

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/targets"
)

// A format is what differs by packaging format. Its methods give commands,
// one an item, in the order in which they run.
type format interface {
	// wrapper is the program that spares package installation its syncs in an
	// image, with a blank behind it, or "".
	wrapper(t targets.Target) string
	// native brings the system up to date and installs the host's packages.
	native(r recipe) []string
	// foreign installs the cross architecture's packages.
	foreign(r recipe) []string
	// install is the command that the names of packages follow.
	install(r recipe) string
	// add installs more packages in an image that native or foreign made, and
	// removes none.
	add(r recipe, names []string) []string
	// cache gives the command that a layer with packages begins with, and
	// commands before it that have packages kept in dir. first is "" if there
	// is no way.
	cache(dir string) (first string, commands []string)
	// list writes all installed packages to /packages.txt.
	list() string
}

var formats = map[string]format{"apk": apk{}, "deb": deb{}, "rpm": rpm{}} //nolint:gochecknoglobals // a table that nothing writes to

// A recipe is what the commands of one output are made from.
type recipe struct {
	target   targets.Target
	packages *targets.Packages
	image    bool   // for an image, which wants to be small, not for a script
	wrapper  string // stands before slow commands
	hidden   *hidden
}

// hidden are names of packages that an output leaves out.
type hidden struct {
	names []string
	times int // how often that happened
}

// hides reports whether names are those to be left out, not only equal ones.
func (h *hidden) hides(names []string) bool {
	if h == nil || len(names) == 0 || len(names) != len(h.names) || &names[0] != &h.names[0] {
		return false
	}
	h.times++
	return true
}

// native gives the commands for the host in groups, each a layer of an image:
// packages of the distribution, of pip, of cpanm.
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
		groups = append(groups, []string{pip + " install " + r.names(names, pip)})
	}
	if names := r.packages.CPAN; len(names) > 0 {
		groups = append(groups, []string{"cpanm --notest " + r.names(names, "cpanm")})
	}
	return groups
}

// foreign gives the commands for the cross architecture.
func (r recipe) foreign(f format) []string {
	commands := append(f.foreign(r), r.mesonCrossFile()...)
	commands = append(commands, f.list())
	return append(commands, r.ccache()...)
}

// names writes the arguments of an installing command, one a line below the
// tool's first argument, or on the command's own line when there is but one.
// The column is what the original's is: it counts the wrapper even where no
// wrapper is used (internal/render/testdata/debian-12-pip.Dockerfile).
func (r recipe) names(names []string, tool string) string {
	if r.hidden.hides(names) {
		return ""
	}
	if len(names) == 1 {
		return quote(names[0])
	}
	line := "\\\n" + strings.Repeat(" ", 4+len(r.wrapper)+len(tool)+1)
	var b strings.Builder
	b.Grow(len(names) * (len(line) + 24))
	for i, n := range names {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(line)
		b.WriteString(quote(n))
	}
	return b.String()
}

// ccache gives the commands that put ccache before the compilers.
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

// mesonCrossFile gives the commands that tell Meson of the cross compilers.
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

// printfText writes lines as the format of a printf, each on a line of its own.
func printfText(lines []string) string {
	return strings.Join(lines, "\\n\\\n") + "\\n"
}
