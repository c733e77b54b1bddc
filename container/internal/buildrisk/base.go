// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"slices"
	"strings"
)

// A From is an image that a stage starts from.
type From struct {
	Image    string // as the builder looks it up
	Platform string // of its --platform, such as linux/arm64; empty for the builder's own
	Line     int
}

// A Base is what an image adds to the stages that start from it.
type Base struct {
	Env     []string // NAME=VALUE
	OnBuild []string // files of instructions that run before those of the stage
	WorkDir string   // that the stage begins in; empty for /
}

// OneFile returns the ONBUILD texts of an image as the builder reads them: joined,
// so that an instruction may begin in one and end in the next.
func OneFile(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	return []string{strings.Join(texts, "\n")}
}

// Froms returns the images that stages start from, in order, without earlier
// stages and scratch.
func (f *File) Froms() []From { return f.froms }

// noteFrom records the image of a FROM instruction. The builder compares names
// of stages case-sensitively.
func (j *judge) noteFrom(i instruction, image string) {
	if image != "scratch" && !j.stageNames[image] {
		from := From{Image: image, Line: i.line}
		for _, flag := range i.flags {
			if platform, ok := strings.CutPrefix(flag, "--platform="); ok {
				from.Platform, _ = j.expandGlobal(platform)
			}
		}
		if !slices.Contains(j.froms, from) {
			j.froms = append(j.froms, from)
		}
	}
	if len(i.args) == 3 {
		j.stageNames[i.args[2]] = true
	}
}

// base applies the variables and ONBUILD instructions of a stage's image.
func (j *judge) base(i instruction, b Base) {
	for _, pair := range b.Env {
		if name, value, ok := strings.Cut(pair, "="); ok {
			j.vars[name], j.env[name] = value, value
		}
	}
	if b.WorkDir != "" {
		j.setWorkDir(i, b.WorkDir)
	}
	for _, inside := range j.onBuild(i, b) {
		if inside.name == "FROM" {
			j.refuse(i, "the base image has a FROM for ONBUILD")
			continue
		}
		j.judge(inside)
	}
}

// onBuild returns the ONBUILD instructions of a base image, with the line of the
// FROM instruction.
func (j *judge) onBuild(i instruction, b Base) []instruction {
	var all []instruction
	for _, text := range b.OnBuild {
		list, err := read([]byte(text), j.dialect)
		if err != nil {
			j.refuse(i, "cannot read the base image's ONBUILD %q: %v", text, err)
			continue
		}
		for _, inside := range list {
			inside.line = i.line
			all = append(all, inside)
		}
	}
	return all
}
