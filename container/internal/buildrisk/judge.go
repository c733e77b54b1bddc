// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// ownLabels is the prefix of lcitool's labels.
const ownLabels = "lcitool."

// A judge checks the instructions of one interpretation, in order.
type judge struct {
	*scope
	bases      map[string]Base // by name
	dialect    dialect
	stageNames map[string]bool // as written
	cacheDirs  []string        // of cache mounts, relative to the builder's directory for them
	workDir    string
	froms      []From
	refused    []Problem
	risks      []risk
}

func newJudge(args map[string]string, bases map[string]Base, d dialect, all []instruction) *judge {
	j := &judge{scope: newScope(args), bases: bases, dialect: d, stageNames: map[string]bool{}, workDir: "/"}
	for _, name := range slices.Sorted(maps.Keys(bases)) {
		all = append(slices.Clip(all), j.onBuild(instruction{}, bases[name])...)
	}
	j.refused = nil // reported where the base image is used
	for _, i := range all {
		if i.name != "RUN" {
			continue
		}
		for _, flag := range i.flags {
			if value, ok := strings.CutPrefix(flag, "--mount="); ok {
				if m, plain := readMount(value); plain {
					j.cacheDirs = append(j.cacheDirs, m.dir)
				}
			}
		}
	}
	return j
}

func (j *judge) refuse(i instruction, format string, args ...any) {
	j.refused = append(j.refused, Problem{i.line, i.name + ": " + fmt.Sprintf(format, args...)})
}

func (j *judge) judge(i instruction) {
	switch i.name {
	case "FROM":
		if len(i.args) > 0 {
			text, known := j.expandGlobal(i.args[0])
			j.image(i, i.args[0], text, known)
			stage := j.stageNames[text]
			j.noteFrom(i, text)
			j.from(i.args)
			j.workDir = "/"
			if b, known := j.bases[text]; known && !stage {
				j.base(i, b)
			}
		}
	case "ARG":
		for _, word := range i.args {
			j.arg(word)
		}
	case "ENV":
		for k := 0; k+1 < len(i.args); k += 2 {
			j.setEnv(i.args[k], i.args[k+1])
		}
	case "LABEL":
		for k := 0; k < len(i.args); k += 2 {
			j.label(i, i.args[k])
		}
	case "COPY", "ADD":
		j.copy(i)
	case "RUN":
		j.run(i)
	case "WORKDIR":
		j.workdir(i)
	}
}

// label refuses lcitool's labels. No decision depends on them, but they would
// mislead users.
func (j *judge) label(i instruction, word string) {
	name, known := j.expand(word)
	switch {
	case !known:
		j.refuse(i, "cannot tell what label %s sets: it depends on a variable that is not set in the Dockerfile", word)
	case strings.HasPrefix(strings.ToLower(name), ownLabels):
		j.refuse(i, "label %q is lcitool's own", name)
	}
}

// transports are image transports of the builder that do not read from a
// registry.
var transports = map[string]bool{ //nolint:gochecknoglobals // a table
	"atomic": true, "containers-storage": true, "dir": true, "docker-archive": true, "docker-daemon": true,
	"oci": true, "oci-archive": true, "ostree": true, "sif": true, "tarball": true, "tar": true, "file": true,
}

// image refuses images that are neither in a registry nor in the local store.
func (j *judge) image(i instruction, word, text string, known bool) {
	for _, t := range []string{text, strings.Trim(word, `"'`)} {
		transport, _, has := strings.Cut(strings.TrimSpace(t), ":")
		if has && transports[strings.ToLower(transport)] || strings.HasPrefix(t, "/") || strings.HasPrefix(t, ".") {
			j.refuse(i, "image %q is not read from a registry but from this machine", t)
			return
		}
	}
	if !known {
		j.refuse(i, "cannot tell which image %s is: it depends on a variable that is not set in the Dockerfile", word)
	}
}

func (j *judge) copy(i instruction) {
	for _, flag := range i.flags {
		text, known := j.expand(flag)
		if from, ok := strings.CutPrefix(text, "--from="); ok { // the builder may not take it for the stage that it seems to name
			j.image(i, strings.TrimPrefix(flag, "--from="), from, known)
		}
	}
	if i.name != "ADD" || len(i.args) < 2 {
		return
	}
	for _, word := range i.args[:len(i.args)-1] {
		if text, _ := j.expand(word); gitURL(text) {
			j.risk(i, "a git repository", gitContext)
		}
	}
}

// gitURL reports whether the builder clones a source of ADD with git.
func gitURL(text string) bool {
	for _, prefix := range []string{"git://", "git@", "ssh://", "git+", "github.com/"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	rest, _, _ := strings.Cut(text, "#")
	return strings.Contains(rest, "://") && strings.HasSuffix(rest, ".git")
}

// run checks the flags of RUN. The command itself runs in the container.
func (j *judge) run(i instruction) {
	for _, flag := range i.flags {
		text, known := j.expand(flag)
		name, value, _ := strings.Cut(text, "=")
		switch {
		case name == "--mount":
			j.mount(i, value, known)
		case name == "--network" && (value == "none" || value == "default"):
		default:
			j.risk(i, flag+" gives the step more than a container has", nil)
		}
	}
}

func (j *judge) mount(i instruction, value string, known bool) {
	m, plain := readMount(value)
	if m.from != "" {
		j.image(i, m.from, m.from, known)
	}
	switch {
	case !known || !plain:
		j.risk(i, "--mount="+value, anyMount)
	case m.leaves() || j.nested(m.dir):
		j.risk(i, "--mount="+value, cacheMount)
	}
}

// nested reports whether a cache directory is inside another one, which could
// contain a symbolic link in its place.
func (j *judge) nested(dir string) bool {
	for _, other := range j.cacheDirs {
		if dir != other && (strings.HasPrefix(dir, other+"/") || strings.HasPrefix(other, dir+"/")) {
			return true
		}
	}
	return false
}

// workdir checks WORKDIR. runc before 1.1.12 opens some directories on the host.
func (j *judge) workdir(i instruction) {
	text, _ := j.expand(strings.Join(i.args, " "))
	j.setWorkDir(i, text)
}

func (j *judge) setWorkDir(i instruction, text string) {
	if !path.IsAbs(text) {
		text = path.Join(j.workDir, text)
	}
	if j.workDir = path.Clean(text); j.workDir == "/proc" || strings.HasPrefix(j.workDir, "/proc/") {
		j.refuse(i, "%s: a working directory below /proc leads out of the container (CVE-2024-21626)", j.workDir)
	}
}

type mount struct {
	dir  string // of a cache, below the directory for them, absolute
	id   string
	from string
}

// leaves reports whether the mount uses another directory than that of its ID.
func (m mount) leaves() bool {
	return m.dir == "/" || m.id != "" && (strings.Contains(m.id, "/") || m.id == "." || m.id == "..")
}

// readMount parses the value of --mount. plain is true only for a cache mount
// without unusual options.
func readMount(value string) (m mount, plain bool) {
	plain = true
	kind, target := "", ""
	for _, field := range strings.Split(value, ",") {
		key, v, _ := strings.Cut(field, "=")
		switch key {
		case "type":
			if kind != "" && kind != v {
				plain = false
			}
			kind = v
		case "target", "dst", "destination":
			target = v
		case "id":
			m.id = v
		case "from":
			m.from, plain = v, false
		case "sharing", "mode", "uid", "gid", "ro", "readonly", "rw", "readwrite", "z":
		default:
			plain = false
		}
	}
	if m.dir = target; m.id != "" {
		m.dir = "/" + m.id
	}
	if !path.IsAbs(target) || strings.Contains(target, "..") {
		plain = false
	}
	m.dir = path.Clean(m.dir)
	return m, plain && kind == "cache"
}
