// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"gopkg.in/yaml.v3"
)

// distributions contains distributions/NAME.yml, where NAME is os.name. It does
// not depend on data directories, so that a user's target gets the settings of
// its distribution.
//
//go:embed distributions/*.yml
var distributions embed.FS

// A PackageManager says how to use a distribution's package manager, as far as
// it differs from other distributions with the same packaging format. All fields
// may be empty. Commands are arguments of packaging.command, separated by
// spaces.
type PackageManager struct {
	Wrapper string   `yaml:"wrapper"`  // a program to install first, in images, that runs slow commands
	Keys    string   `yaml:"keys"`     // a package with keys, updated before the others without a look at its signature
	Update  string   `yaml:"update"`   // the command that updates everything
	Enable  []string `yaml:"enable"`   // commands that make more packages available
	AddRepo string   `yaml:"add_repo"` // the command for a URL of packaging.repos; without it, repos are not supported
	Clean   []string `yaml:"clean"`    // commands that empty caches
}

// A CrossLimit says for which architectures a distribution can cross compile.
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
	} `yaml:"releases"` // overrides, by os.version
}

// A distributionReader reads each file of a distribution once. It is safe for
// concurrent use.
type distributionReader struct {
	mu   sync.Mutex
	read map[string]distribution // by os.name
}

// of returns the settings of a release's distribution. They are empty for a
// distribution without a file.
func (r *distributionReader) of(os OS) (distribution, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, ok := r.read[os.Name]
	if !ok {
		var err error
		if d, err = readDistribution(os.Name); err != nil {
			return d, err
		}
		if r.read == nil {
			r.read = map[string]distribution{}
		}
		r.read[os.Name] = d
	}
	d.Packaging = d.Releases[os.Version].Packaging.over(d.Packaging)
	return d, nil
}

func readDistribution(name string) (distribution, error) {
	var d distribution
	file := "distributions/" + name + ".yml"
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
	return d, nil
}

// over returns p with empty fields taken from other.
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
