// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

const (
	searchTime = time.Minute
	maxOutput  = 1 << 20 // bytes
)

// RaiseLimit is a command of a shell that raises its limit on the size of cores
// as far as the engine permits.
const RaiseLimit = `{ ulimit -S -c unlimited || ulimit -S -c "$(ulimit -H -c)"; } 2> /dev/null || :`

// A Place says where the cores of a container are and what can read them.
type Place struct {
	Pattern  Pattern
	Limit    string // hard limit on their size, in the words of ulimit
	Debugger bool   // the image has gdb
}

// kernelDir has the kernel's settings. The machine of the engine may be another
// one, so that only the container knows them.
const kernelDir = "/proc/sys/kernel"

// lookScript prints the fields of a Place, one per line, and then the names of
// files that may be cores, each with a zero byte after it. A name matches if it
// has any text in the place of each specifier of the kernel's pattern. The
// arguments are kernelDir, the directory to leave out, the file that cores are
// newer than, the directory to search if the pattern names none, and the
// directories to search instead if the image has no find.
const lookScript = `
IFS= read -r pattern < "$1/core_pattern" || :
read -r pid < "$1/core_uses_pid" || :
gdb=; command -v gdb > /dev/null && gdb=yes
printf '%s\n' "${pattern-}" "$(ulimit -H -c)" "$gdb"
case ${pattern-} in ''|'|'*) exit 0;; esac
name=; rest=${pattern##*/}
while case $rest in *%*) :;; *) false;; esac; do
	name=$name${rest%%%*}*; rest=${rest#*%}; rest=${rest#?}
done
name=$name$rest
case ${pid:-0}$pattern in 0*|*%p*) ;; *) name=$name.*;; esac
skip=$2 after=$3 root=$4
shift 4
case $pattern in /*) root=${pattern%%%*}; root=${root%/*}/; set -- "$root";; esac
if command -v find > /dev/null; then
	exec find "$root" \( -path /proc -o -path /sys -o -path "$skip" \) -prune -o -type f -name "$name" -newer "$after" -print0
fi
walk() {
	for file in "$1"/* "$1"/.[!.]*; do
		if [ -h "$file" ]; then
			continue
		elif [ -d "$file" ]; then
			walk "$file"
		elif [ -f "$file" ] && [ "$file" -nt "$after" ]; then
			case ${file##*/} in $name) printf '%s\0' "$file";; esac
		fi
	done
}
for dir; do walk "${dir%/}"; done`

// look returns where cores are, and the paths of files that may be some, sorted.
func look(ctx context.Context, o Options) (Place, []string, error) {
	command := append([]string{"sh", "-c", lookScript, "sh", kernelDir, o.Skip, o.After, "/"}, o.Dirs...)
	text, err := run(ctx, o.Container, searchTime, command...)
	if exit := new(api.ExitError); err != nil && !errors.As(err, &exit) { // a status only says that some directory could not be read
		return Place{}, nil, fmt.Errorf("cannot look for cores: %w", err)
	}
	return parseLook(text)
}

func parseLook(text string) (Place, []string, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return Place{}, nil, fmt.Errorf("cannot look for cores: unexpected output %.200q", text)
	}
	var files []string
	for name := range strings.SplitSeq(lines[3], "\x00") {
		if strings.HasPrefix(name, "/") {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return Place{ParsePattern(lines[0]), lines[1], lines[2] != ""}, slices.Compact(files), nil
}

// run returns the output of a command that root runs in the container.
func run(ctx context.Context, c Container, limit time.Duration, command ...string) (string, error) {
	out := stdio.NewBeginning(maxOutput)
	_, err := c.Exec(ctx, api.ExecOptions{
		Command: command, User: "0", WorkDir: "/", Env: []string{"LC_ALL=C", "DEBUGINFOD_URLS="}, Stdout: out, Timeout: limit, Grace: time.Second,
	})
	return out.String(), err
}
