// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"errors"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Formats returns the packaging formats, sorted.
func Formats() []string { return []string{"apk", "brew", "deb", "pkg", "rpm"} }

// decoder converts the values of a target's files to a Release and collects
// errors.
type decoder struct {
	keys          keys
	start         facts.Position // of the nearest file
	distributions *distributionReader
	errs          []error
}

func (d *decoder) release(name string) *Release {
	r := &Release{
		Name: name,
		OS: OS{
			Name:    d.text("os.name", nameRule, true),
			Version: d.text("os.version", nameRule, true),
			Stable:  d.boolean("os.stable", true),
		},
		Packaging: Packaging{
			Format:  d.text("packaging.format", nameRule, true),
			Command: d.text("packaging.command", commandRule, true),
			Repos:   d.list("packaging.repos", urlRule),
		},
		Paths: Paths{
			Bash:    d.text("paths.bash", programRule, false),
			CC:      d.text("paths.cc", programRule, false),
			CCache:  d.text("paths.ccache", programRule, true),
			Make:    d.text("paths.make", programRule, true),
			Ninja:   d.text("paths.ninja", programRule, true),
			Pip3:    d.text("paths.pip3", programRule, true),
			Python:  d.text("paths.python", programRule, true),
			Sudoers: d.text("paths.sudoers", programRule, false),
		},
	}
	if d.has("containers") {
		r.Containers = &Containers{Base: d.text("containers.base", imageRule, true)}
	}
	if of, err := d.distributions.of(r.OS); err != nil {
		d.errs = append(d.errs, err)
	} else {
		r.Manager, r.CrossLimit = of.Packaging, of.Cross
	}
	if d.has("cirrus") {
		r.Cirrus = d.cirrus()
	}
	if d.has("cross.compilers") {
		r.Compilers = d.compilers()
	}
	if d.has("mirror") {
		r.Mirror = d.mirror()
	}
	d.checkName(r)
	d.checkPackaging(r)
	return r
}

func (d *decoder) cirrus() *Cirrus {
	return &Cirrus{
		InstanceType:  d.text("cirrus.instance_type", wordRule, true),
		ImageSelector: d.text("cirrus.image_selector", wordRule, true),
		ImageName:     d.text("cirrus.image_name", wordRule, true),
		Arch:          Arch(d.text("cirrus.arch", nameRule, true)),
	}
}

func (d *decoder) compilers() map[Arch][]Arch {
	compilers := map[Arch][]Arch{}
	for key := range d.keys {
		host, ok := strings.CutPrefix(key, compilersPrefix)
		if !ok {
			continue
		}
		list := []Arch{}
		for _, name := range d.list(key, nameRule) {
			arch, err := ParseArch(name)
			if err != nil {
				d.errorf(key, "%s: %s", key, err)
			}
			list = append(list, arch)
		}
		if arch, err := ParseArch(host); err == nil {
			host = string(arch)
		}
		compilers[Arch(host)] = list
	}
	return compilers
}

func (d *decoder) mirror() *Mirror {
	m := &Mirror{
		URL:        d.text("mirror.url", urlRule, true),
		Suite:      d.text("mirror.suite", wordRule, false),
		Components: d.list("mirror.components", wordRule),
		Keyring:    d.text("mirror.keyring", fileRule, false),
	}
	for key, field := range d.keys {
		repo, ok := strings.CutPrefix(key, "mirror.repos.")
		if !ok {
			continue
		}
		if m.Repos == nil {
			m.Repos = map[string]string{}
		}
		if path, err := field.Value.Text(); err != nil {
			d.errs = append(d.errs, err)
		} else {
			m.Repos[repo] = path
		}
	}
	return m
}

// checkName compares the file's name with its content.
func (d *decoder) checkName(r *Release) {
	if r.OS.Name == "" || r.OS.Version == "" {
		return
	}
	rest, ok := strings.CutPrefix(r.Name, strings.ToLower(r.OS.Name)+"-")
	if !ok {
		d.errorf("os.name", "OS name %s does not match file name %s.yml", yamldoc.Quote(r.OS.Name), r.Name)
		return
	}
	if want := strings.ReplaceAll(rest, "-", ""); want != strings.ToLower(r.OS.Version) {
		d.errorf("os.version", "OS version %s does not match version in file name %s.yml (%s)", yamldoc.Quote(r.OS.Version), r.Name, want)
	}
}

func (d *decoder) checkPackaging(r *Release) {
	format := r.Packaging.Format
	if format != "" && !slices.Contains(Formats(), format) {
		d.errorf("packaging.format", "unknown packaging format %s, expected one of %s", yamldoc.Quote(format), strings.Join(Formats(), ", "))
	}
	if len(r.Packaging.Repos) > 0 && r.Manager.AddRepo == "" {
		d.errorf("packaging.repos", "packaging.repos not supported for %s", yamldoc.OneLine(r.OS.Name))
	}
	if r.Cirrus != nil && r.Cirrus.Arch != "" {
		arch, err := ParseArch(string(r.Cirrus.Arch))
		if err != nil {
			d.errorf("cirrus.arch", "%s", yamldoc.OneLine(err.Error()))
		}
		r.Cirrus.Arch = arch
	}
}

// has reports whether the target has a value other than null for key.
func (d *decoder) has(key string) bool {
	f, ok := d.keys[key]
	return ok && !f.Value.IsNull()
}

// errorf records an error at the position of key, or of its group if it is
// missing.
func (d *decoder) errorf(key, format string, args ...any) {
	pos := d.start
	if f, ok := d.keys[groupOf(key)]; ok {
		pos = f.Pos
	}
	if f, ok := d.keys[key]; ok {
		pos = f.Pos
	}
	d.errs = append(d.errs, diag.Errorf(pos, format, args...))
}

func (d *decoder) text(key string, rule valueRule, required bool) string {
	f, ok := d.keys[key]
	if !ok || f.Value.IsNull() {
		if required {
			d.errorf(key, "key %q is missing", key)
		}
		return ""
	}
	text, err := f.Value.Text()
	if err != nil {
		d.errorf(key, "%s: %s", key, message(err))
		return ""
	}
	if problem := rule.check(text); problem != "" {
		d.errorf(key, "%s: %s", key, problem)
		return ""
	}
	return text
}

func (d *decoder) boolean(key string, missing bool) bool {
	f, ok := d.keys[key]
	if !ok || f.Value.IsNull() {
		return missing
	}
	b, err := f.Value.Bool()
	if err != nil {
		d.errorf(key, "%s: %s", key, message(err))
	}
	return b
}

func (d *decoder) list(key string, rule valueRule) []string {
	f, ok := d.keys[key]
	if !ok || f.Value.IsNull() {
		return nil
	}
	items, err := f.Value.Sequence()
	if err != nil {
		d.errorf(key, "%s: %s", key, message(err))
		return nil
	}
	var list []string
	for _, item := range items {
		text, err := item.Text()
		if err != nil {
			d.errorf(key, "%s: %s", key, message(err))
		} else if problem := rule.check(text); problem != "" {
			d.errorf(key, "%s: %s", key, problem)
		} else {
			list = append(list, text)
		}
	}
	return list
}

// message returns an error's text without its position.
func message(err error) string {
	var f *facts.Problem
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}
