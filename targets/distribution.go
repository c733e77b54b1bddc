// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"gopkg.in/yaml.v3"
)

// distributions holds distributions/NAME.yml, NAME as in os.name. They are read
// whatever data directories there are: a target is enough to get what its
// distribution needs.
//
//go:embed distributions/*.yml
var distributions embed.FS

// A PackageManager is how a distribution's package manager is driven where that
// differs from other distributions of the same packaging format. All of it may
// be empty. Commands are arguments of packaging.command, separated by blanks.
type PackageManager struct {
	Wrapper string   `yaml:"wrapper"`  // a program to install first, in images, that runs slow commands
	Keys    string   `yaml:"keys"`     // a package with keys, updated before the others without a look at its signature
	Update  string   `yaml:"update"`   // the command that updates everything
	Enable  []string `yaml:"enable"`   // commands that make more packages available
	AddRepo string   `yaml:"add_repo"` // the command that a URL of packaging.repos follows; without it there can be none
	Clean   []string `yaml:"clean"`    // commands that empty caches
}

// A CrossLimit says what a distribution can cross compile for.
type CrossLimit struct {
	Systems []string     `yaml:"systems"` // linux, windows
	Since   map[Arch]int `yaml:"since"`   // the first release that can, by architecture
	Until   map[Arch]int `yaml:"until"`   // the last release that can, by architecture
}

type distribution struct {
	Packaging PackageManager `yaml:"packaging"`
	Cross     *CrossLimit    `yaml:"cross"` // nil if it cannot cross compile
	Releases  map[string]struct {
		Packaging PackageManager `yaml:"packaging"`
	} `yaml:"releases"` // what differs, by os.version
}

// distributionOf gives what holds for a release; it is empty for a
// distribution without a file.
func distributionOf(os OS) (distribution, error) {
	var d distribution
	file := "distributions/" + os.Name + ".yml"
	data, err := distributions.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); err != nil {
		return d, fmt.Errorf("targets/%s: %w", file, err)
	}
	d.Packaging = d.Releases[os.Version].Packaging.over(d.Packaging)
	return d, nil
}

// over fills what p leaves empty.
func (p PackageManager) over(other PackageManager) PackageManager {
	p.Wrapper = cmp.Or(p.Wrapper, other.Wrapper)
	p.Keys = cmp.Or(p.Keys, other.Keys)
	p.Update = cmp.Or(p.Update, other.Update)
	p.AddRepo = cmp.Or(p.AddRepo, other.AddRepo)
	if p.Enable == nil {
		p.Enable = other.Enable
	}
	if p.Clean == nil {
		p.Clean = other.Clean
	}
	return p
}
