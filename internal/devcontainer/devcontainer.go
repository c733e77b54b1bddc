// SPDX-License-Identifier: GPL-2.0-or-later

// Package devcontainer describes a target's image to editors.
package devcontainer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// A File is .devcontainer/devcontainer.json. Its fields are defined in
// https://containers.dev/implementors/json_reference.
type File struct {
	Name              string   `json:"name"`
	InitializeCommand []string `json:"initializeCommand,omitempty"` // on the machine, before the container starts
	Image             string   `json:"image,omitempty"`
	Build             *Build   `json:"build,omitempty"`
	Init              bool     `json:"init"` // reap orphaned processes of the editor
}

// A Build has paths relative to devcontainer.json.
type Build struct {
	Dockerfile string `json:"dockerfile"`
	Context    string `json:"context"`
}

// Committed returns the file for the Dockerfile of a target that the project in
// baseDir has below ciDir.
func Committed(t targets.Target, baseDir, ciDir string) (*File, error) {
	file := path.Join(filepath.ToSlash(ciDir), "containers", t.Environment()+".Dockerfile")
	if _, err := os.Stat(filepath.Join(baseDir, file)); errors.Is(err, fs.ErrNotExist) {
		return nil, diag.WithHint(fmt.Errorf("the project has no %s", file),
			fmt.Sprintf(`"lcitool manifest" writes it if the manifest has %s; with PROJECTS none is needed`, t.Environment()))
	} else if err != nil {
		return nil, err
	}
	build := &Build{Dockerfile: "../" + file, Context: "../" + path.Dir(file)}
	return &File{Name: t.Environment(), Build: build, Init: true}, nil
}

// Dirs are the directories of the command line that decide what an image
// contains.
type Dirs struct {
	Base        string // the project's, where editors run commands
	Data, Facts string // "" for none
}

// Built returns the file for the image that "lcitool container build" builds for
// a target and a pattern of projects.
func Built(t targets.Target, pattern string, d Dirs) *File {
	command := []string{"lcitool"}
	if d.Data != "" {
		command = append(command, "--data-dir", workspace.PathFrom(d.Base, d.Data))
	}
	if d.Facts != "" {
		command = append(command, "--facts-dir", workspace.PathFrom(d.Base, d.Facts))
	}
	command = append(command, "container", "build", "--target", t.Name, "--projects", workspace.PatternFrom(d.Base, pattern))
	if t.Cross != "" {
		command = append(command, "--cross-arch", string(t.Cross))
	}
	return &File{Name: t.Environment(), InitializeCommand: command, Image: "localhost/lcitool." + t.Environment(), Init: true}
}
