// SPDX-License-Identifier: GPL-2.0-or-later

package imageupdates

import (
	"bytes"
	"context"
	_ "embed" // for scripts
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

var (
	//go:embed layer-apt.sh
	layerApt string
	//go:embed layer-dnf.sh
	layerDnf string
)

// A Builder makes images from the good one.
type Builder struct {
	Engine     Engine
	Comparison *Comparison
	Tag        string // of the newest image; the one before is removed
	Network    api.Network
	Offline    bool
}

// A RefusedError says that the package manager does not make a set of updates.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "cannot be installed: " + e.Reason }

// Build makes the good image with some updates, and returns its ID. The error is
// a RefusedError if the package manager fails.
func (b *Builder) Build(ctx context.Context, updates []string) (id string, err error) {
	text, err := b.dockerfile(updates)
	if err != nil {
		return "", err
	}
	log := stdio.NewBeginning(maxOutput)
	result, err := b.Engine.Build(ctx, api.BuildOptions{
		Tag: b.Tag, Dockerfile: text, Network: b.Network, Offline: b.Offline, Pull: api.PullNever, Force: true, Exact: true, Lifetime: api.UntilExit, Log: log,
	})
	if failed, ok := errors.AsType[*api.BuildError](err); ok && failed.Code != 0 {
		reason := failed.Error()
		if complaints := complaintsIn(log.String()); len(complaints) > 0 {
			reason = complaints[0]
		}
		return "", &RefusedError{reason}
	}
	return result.ID, err
}

// Remove removes the newest image, if there is one.
func (b *Builder) Remove(ctx context.Context) error {
	err := b.Engine.Remove(ctx, api.RemoveOptions{Image: b.Tag})
	if errors.Is(err, api.ErrNoImage) {
		return nil
	}
	return err
}

var userText = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9_.:-]*$`)

// dockerfile returns the text that makes the good image with some updates.
func (b *Builder) dockerfile(names []string) ([]byte, error) {
	good := b.Comparison.Good
	var text bytes.Buffer
	fmt.Fprintf(&text, "FROM %s\n", good.ID)
	if good.User != "" {
		if !userText.MatchString(good.User) {
			return nil, fmt.Errorf("cannot change packages in image %s: its user is %.80q", good.Reference, good.User)
		}
		fmt.Fprintln(&text, "USER 0")
	}
	if good.Manager == Apt { // a step of its own, which later images have from the cache
		command(&text, "apt-get -o APT::Sandbox::User=root update")
	}
	command(&text, b.script(), b.arguments(b.Comparison.Select(names))...)
	if good.User != "" {
		fmt.Fprintf(&text, "USER %s\n", good.User)
	}
	return text.Bytes(), nil
}

func (b *Builder) script() string {
	if b.Comparison.Good.Manager == Dnf {
		return layerDnf
	}
	return layerApt
}

// arguments returns those of the script.
func (b *Builder) arguments(updates []Update) []string {
	var install, remove []string
	for i := range updates {
		for _, p := range updates[i].Packages {
			if p.To == "" {
				remove = append(remove, b.toRemove(p))
			} else {
				install = append(install, b.toInstall(p))
			}
		}
	}
	if b.Comparison.Good.Manager == Dnf {
		return append(append([]string{strconv.Itoa(len(install))}, install...), remove...)
	}
	var pins []string
	for i := range b.Comparison.Updates {
		for _, p := range b.Comparison.Updates[i].Packages {
			if p.To != "" && len(b.Comparison.Updates[i].Missing) == 0 {
				pins = append(pins, p.Name+"="+p.To)
			}
		}
	}
	return append(append(append(pins, "--"), install...), remove...)
}

func (b *Builder) toInstall(p Change) string {
	if b.Comparison.Good.Manager == Apt {
		return p.Name + "=" + p.To
	}
	name, arch, foreign := strings.Cut(p.Name, ":")
	if !foreign {
		return name + "-" + p.To
	}
	return name + "-" + p.To + "." + arch
}

func (b *Builder) toRemove(p Change) string {
	if b.Comparison.Good.Manager == Apt {
		return p.Name + "-"
	}
	name, arch, foreign := strings.Cut(p.Name, ":")
	if !foreign {
		return name
	}
	return name + "." + arch
}

// command appends a RUN instruction. The list is one instruction on many lines,
// since builders limit the length of a line.
func command(text *bytes.Buffer, script string, arguments ...string) {
	text.WriteString(`RUN ["/bin/sh", "-c", `)
	words := []string{script}
	if len(arguments) > 0 {
		words = append(append(words, "sh"), arguments...)
	}
	for i, word := range words {
		quoted := &bytes.Buffer{}
		e := json.NewEncoder(quoted)
		e.SetEscapeHTML(false)
		_ = e.Encode(word) // a string always has a form
		if i > 0 {
			text.WriteString(", \\\n")
		}
		text.Write(bytes.TrimSpace(quoted.Bytes()))
	}
	text.WriteString("]\n")
}
