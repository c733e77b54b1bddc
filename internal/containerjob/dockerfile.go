// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxDockerfile limits the size of a Dockerfile in the project, in bytes.
const maxDockerfile = 4 << 20

// A Dockerfile is a Dockerfile of the project.
type Dockerfile struct {
	Path   string // below the project
	Text   []byte
	Name   string // what tells it from others: "debian" of tests/docker/debian.docker
	Target string // that lcitool wrote it for, "" for none
	Cross  string // architecture that lcitool generated it for, "" for the native one
}

// ReadDockerfile reads the Dockerfile of a build. The error is fs.ErrNotExist if
// the tree has none.
func ReadDockerfile(tree string, b Build) (*Dockerfile, error) {
	for _, file := range b.Dockerfiles {
		text, err := safefs.ReadFileIn(tree, file, maxDockerfile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", file, err)
		}
		return newDockerfile(file, text), nil
	}
	return nil, fmt.Errorf("cannot read %s: %w", b.Dockerfiles[0], fs.ErrNotExist)
}

func newDockerfile(file string, text []byte) *Dockerfile {
	d := &Dockerfile{Path: file, Text: text, Name: dockerfileName(file)}
	d.Target, d.Cross = madeFor(text)
	return d
}

// dockerfileName returns what distinguishes a Dockerfile from others: its own
// name, or that of its directory.
func dockerfileName(file string) string {
	base := path.Base(file)
	for _, word := range []string{"Dockerfile", "Containerfile", "docker", "dockerfile", "containerfile"} {
		for _, end := range []string{"." + word, "-" + word} {
			if name, ok := strings.CutSuffix(base, end); ok && name != "" {
				return name
			}
		}
		for _, start := range []string{word + ".", word + "-"} {
			if name, ok := strings.CutPrefix(base, start); ok && name != "" {
				return name
			}
		}
	}
	switch base {
	case "Dockerfile", "Containerfile", "dockerfile", "containerfile":
		return path.Base(path.Dir(file)) // "." for one at the top
	}
	return base
}

// header matches the line with the lcitool command that generated a file.
var header = lazyregexp.New(`(?m)^#[ \t]+\$ lcitool(?:[ \t].*)?[ \t]dockerfile[ \t]+(.+)$`)

// madeFor returns the target of a Dockerfile that lcitool, or the original, has
// generated.
func madeFor(text []byte) (target, cross string) {
	m := header.FindSubmatch(text[:min(len(text), 4096)])
	if m == nil {
		return "", ""
	}
	words := strings.Fields(string(m[1]))
	for i := 0; i < len(words); i++ {
		name, value, has := strings.Cut(words[i], "=")
		switch {
		case !strings.HasPrefix(name, "-"):
			return name, cross
		case !has && i+1 < len(words):
			i++
			value = words[i]
		}
		if name == "--cross-arch" || name == "--cross" || name == "-x" {
			cross = value
		}
	}
	return "", ""
}

// Tag returns the tag of a Dockerfile's image in a project.
func (d *Dockerfile) Tag(project string) string {
	if d.Name == "." {
		return "lcitool." + project + ".image"
	}
	return "lcitool." + project + "." + ImageName(d.Name)
}

// notInImageName matches characters that are invalid in an image's name.
var notInImageName = lazyregexp.New(`[^a-z0-9]+`)

// ImageName converts any text to a part of an image's name.
func ImageName(text string) string {
	if name := strings.Trim(notInImageName.ReplaceAllString(strings.ToLower(text), "-"), "-"); name != "" {
		return name
	}
	return "project"
}

// UpToStage removes what follows a stage of a Dockerfile. "" removes nothing.
func UpToStage(text []byte, stage string) ([]byte, error) {
	if stage == "" {
		return text, nil
	}
	number, found := -1, false
	for _, m := range fromLine.FindAllSubmatchIndex(text, -1) {
		if found {
			return text[:m[0]], nil
		}
		number++
		name := ""
		if m[2] >= 0 {
			name = string(text[m[2]:m[3]])
		}
		found = strings.EqualFold(name, stage) || fmt.Sprint(number) == stage
	}
	if !found {
		return nil, fmt.Errorf("there is no stage %q", stage)
	}
	return text, nil
}

var fromLine = lazyregexp.New(`(?im)^[ \t]*FROM[ \t]+(?:--[^ \t\n]+[ \t]+)*[^ \t\r\n]+(?:[ \t]+AS[ \t]+([^ \t\r\n]+))?`)
