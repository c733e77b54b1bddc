// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// maxSize limits the size of a settings file, in bytes.
const maxSize = 1 << 20

// A File is the content of a settings file.
type File struct {
	Name      string // as messages have it
	Project   string // directory of the project that it belongs to, absolute; "" for the user's
	Values    map[string]Value
	Variables []Variable
	Mirrors   map[string]string // by target or distribution, in lower case
	Warnings  []*diag.Error     // keys that have no effect
}

// A Value is the value of a key.
type Value struct {
	Text string
	Pos  diag.Position
}

// A Variable is a variable of the pipeline.
type Variable struct {
	Name   string
	Value  string
	Path   string // file with the value of a variable of type file, absolute; "" for one of the usual type
	Masked bool   // its value is hidden in what jobs print
	Pos    diag.Position
}

// projectFiles returns the names of a project's settings file; the first that
// exists is used.
func projectFiles() []string { return []string{"ci/lcitool/config.yml", ".lcitool.yml"} }

// ReadUser reads the user's file, which may contain all keys.
func ReadUser(file string) (*File, error) {
	text, err := safefs.ReadArgument(file, maxSize)
	if err != nil {
		return nil, fmt.Errorf("cannot read the settings: %w", err)
	}
	return parse(file, text, "")
}

// UserFile returns the path of the user's settings file in a configuration
// directory, or "" if there is none.
func UserFile(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	for _, name := range []string{"config.yml", "config.yaml"} {
		file := filepath.Join(dir, name)
		_, err := os.Stat(file)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // with HOME=/dev/null there is no configuration directory
			return "", fmt.Errorf("cannot read the settings: %w", err)
		}
	}
	return "", nil
}

// ReadProject reads the settings file of a project. It returns nil if there is
// none.
func ReadProject(dir string) (*File, error) {
	for _, name := range projectFiles() {
		text, err := safefs.ReadFileIn(dir, name, maxSize)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("cannot read the project's settings: %w", err)
		}
		return parse(filepath.Join(dir, filepath.FromSlash(name)), text, dir)
	}
	return nil, nil
}

// FindProject returns the project that contains start: the nearest directory
// upwards with settings, a pipeline or a repository.
func FindProject(start string) string {
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, name := range append(projectFiles(), ".gitlab-ci.yml", ".git") {
			if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
				return dir
			}
		}
		if dir == filepath.Dir(dir) {
			return start
		}
	}
}

func parse(name string, text []byte, project string) (*File, error) {
	f := &File{Name: name, Project: project, Values: map[string]Value{}, Mirrors: map[string]string{}}
	doc, err := yamldoc.Parse(name, text, 0)
	if err != nil {
		return nil, err
	}
	if doc.IsNull() {
		return f, nil
	}
	if twice := doc.Duplicates(); len(twice) > 0 {
		return nil, twice[0]
	}
	sections, err := doc.Mapping()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, section := range sections {
		errs = append(errs, f.section("", section))
	}
	return f, errors.Join(errs...)
}

func (f *File) warn(pos diag.Position, format string, args ...any) {
	f.Warnings = append(f.Warnings, diag.Errorf(pos, format, args...))
}

// section reads one key. within is the mapping that contains it, or "".
func (f *File) section(within string, field yamldoc.Field) error {
	name := field.Key
	if within != "" {
		name = within + "." + field.Key
	}
	at := slices.IndexFunc(Keys(), func(k Key) bool { return k.Name == name })
	switch {
	case field.Value.IsNull():
		return nil
	case at >= 0:
		return f.value(Keys()[at], field)
	case within == "" && isSection(name):
		inner, err := field.Value.Mapping()
		if err != nil {
			return err
		}
		var errs []error
		for _, i := range inner {
			errs = append(errs, f.section(name, i))
		}
		return errors.Join(errs...)
	case within == "" && f.Project == "" && (name == "install" || name == "gitlab"):
		return nil // the Python lcitool's settings of virtual machines, in the same file
	}
	f.warn(field.Pos, "unknown key %s%s", yamldoc.Quote(name), facts.DidYouMean(name, names()))
	return nil
}

func isSection(name string) bool {
	return slices.ContainsFunc(Keys(), func(k Key) bool { return strings.HasPrefix(k.Name, name+".") })
}

// names returns all keys, for suggestions.
func names() []string {
	var all []string
	for _, k := range Keys() {
		all = append(all, k.Name)
		if section, _, ok := strings.Cut(k.Name, "."); ok && !slices.Contains(all, section) {
			all = append(all, section)
		}
	}
	return all
}

func (f *File) value(k Key, field yamldoc.Field) error {
	if f.Project != "" && k.User {
		f.warn(field.Pos, "%s has no effect in a project's settings, only in the user's", k.Name)
		return nil
	}
	switch k.Kind {
	case Mirrors:
		return f.mirrors(field.Value)
	case Variables:
		return f.variables(field.Value)
	}
	text, ok := field.Value.Scalar()
	if !ok {
		return diag.Errorf(field.Value.Pos(), "%s takes a single value, got %s", k.Name, field.Value.Describe())
	}
	switch {
	case k.Values != nil && !slices.Contains(k.Values, text):
		return diag.Errorf(field.Value.Pos(), "%s: %s is none of %s", k.Name, yamldoc.Quote(text), strings.Join(k.Values, ", "))
	case f.Project != "" && slices.Contains(k.Refused, text):
		f.warn(field.Value.Pos(), "%s: %s has no effect in a project's settings, only in the user's", k.Name, text)
		return nil
	case k.Kind == Number:
		if n, err := strconv.ParseFloat(text, 64); err != nil || n < 0 || n > 1e6 {
			return diag.Errorf(field.Value.Pos(), "%s: %s is not a number of 0 or more", k.Name, yamldoc.Quote(text))
		}
	case k.Kind == Directory:
		if text, ok = f.path(field.Value.Pos(), k.Name, text); !ok {
			return nil
		}
	}
	f.Values[k.Name] = Value{text, field.Value.Pos()}
	return nil
}

// path makes a path absolute, relative to the project or to the user's file. A
// path that leads out of a project has no effect.
func (f *File) path(pos diag.Position, what, name string) (string, bool) {
	if f.Project == "" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(f.Name), name)
		}
		return name, true
	}
	dir, err := filepath.EvalSymlinks(f.Project)
	real := filepath.Join(f.Project, filepath.FromSlash(name))
	if err == nil && !filepath.IsAbs(name) {
		if resolved, e := filepath.EvalSymlinks(real); e == nil || !errors.Is(e, fs.ErrNotExist) {
			real, err = resolved, e
		} else {
			real = filepath.Join(dir, filepath.FromSlash(name)) // the command that uses it reports that it does not exist
		}
	}
	if err != nil || filepath.IsAbs(name) || real != dir && !strings.HasPrefix(real, dir+string(filepath.Separator)) {
		f.warn(pos, "%s: %s is outside the project, so it has no effect", what, yamldoc.Quote(name))
		return "", false
	}
	return real, true
}

func (f *File) mirrors(v yamldoc.Node) error {
	entries, err := v.Mapping()
	if err != nil {
		return err
	}
	for _, e := range entries {
		url, err := e.Value.Text()
		if err != nil {
			return err
		}
		f.Mirrors[strings.ToLower(e.Key)] = url
	}
	return nil
}

// variables reads variables with a value or a mapping.
func (f *File) variables(v yamldoc.Node) error {
	entries, err := v.Mapping()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if err := CheckName(e.Key); err != nil {
			errs = append(errs, diag.Errorf(e.Pos, "variables: %v", err))
			continue
		}
		x := Variable{Name: e.Key, Pos: e.Pos}
		if e.Value.IsMapping() {
			ok, err := f.variable(&x, e.Value)
			if errs = append(errs, err); err == nil && ok {
				f.Variables = append(f.Variables, x)
			}
			continue
		}
		if !e.Value.IsNull() {
			text, ok := e.Value.Scalar()
			if !ok {
				errs = append(errs, diag.Errorf(e.Value.Pos(), "variable %s takes a single value, got %s", e.Key, e.Value.Describe()))
				continue
			}
			x.Value = text
		}
		f.Variables = append(f.Variables, x)
	}
	return errors.Join(errs...)
}

// variable reads the mapping of a variable. ok is false if it has no effect.
func (f *File) variable(x *Variable, v yamldoc.Node) (ok bool, err error) {
	fields, err := v.Mapping()
	if err != nil {
		return false, err
	}
	ok = true
	for _, field := range fields {
		switch field.Key {
		case "value":
			if x.Value, ok = field.Value.Scalar(); !ok {
				return false, diag.Errorf(field.Value.Pos(), "variable %s takes a single value, got %s", x.Name, field.Value.Describe())
			}
		case "path":
			text, err := field.Value.Text()
			if err != nil {
				return false, err
			}
			if x.Path, ok = f.path(field.Value.Pos(), "variables."+x.Name, text); !ok {
				return false, nil
			}
		case "masked":
			if x.Masked, err = field.Value.Bool(); err != nil {
				return false, err
			}
		default:
			f.warn(field.Pos, "unknown key %s%s", yamldoc.Quote(field.Key), facts.DidYouMean(field.Key, []string{"value", "path", "masked"}))
		}
	}
	return true, nil
}
