// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

//go:embed CORRECTIONS.md mappings/*.yml projects/*.yml projects/internal/*.yml
var embedded embed.FS

// maxFile limits the size of one file of facts, in bytes.
const maxFile = 2 << 20

// A Layer is a tree of facts: mappings.yml or mappings/*.yml, targets/*.yml,
// projects/*.yml, and projects/internal/*.yml.
type Layer struct {
	Name      string // stands before file names in messages
	FS        fs.FS
	Bundled   bool              // takes the place of the built-in facts: its projects/internal counts
	Proven    bool              // checked by this program's own tests; not worth a check at each run
	Locations map[string]string // locations by file, shown in messages instead of Name and the file's name

	generated bool // the mappings are in builtInTable, too
}

// BuiltIn returns the built-in layer without targets, which are in package
// targets.
func BuiltIn() Layer {
	return Layer{Name: "facts", FS: embedded, Bundled: true, Proven: true, generated: true}
}

// Dir returns the layer of an existing directory. Symbolic links in it may lead
// anywhere.
func Dir(dir string) (Layer, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return Layer{}, fmt.Errorf("cannot use data directory %q: %w", dir, diag.Cause(err))
	}
	if !info.IsDir() {
		return Layer{}, fmt.Errorf("cannot use data directory %q: not a directory", dir)
	}
	return Layer{Name: dir, FS: safefs.DirFS(dir)}, nil
}

// noFacts says what a directory without facts lacks.
const noFacts = "no facts: expected mappings.yml, targets or projects in the directory"

// holdsFacts reports whether a name at the top of a layer is one that has facts.
func holdsFacts(name string) bool {
	return name == singleFile || name == "mappings" || name == "projects" || name == "targets"
}

// Whole returns the layer of a directory that replaces the built-in facts. One
// without any facts is an error.
func Whole(dir string) (Layer, error) {
	layer, err := Dir(dir)
	if err != nil {
		return Layer{}, err
	}
	entries, err := fs.ReadDir(layer.FS, ".")
	if err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return holdsFacts(e.Name()) }) {
		err = errors.New(noFacts)
	}
	if err != nil {
		return Layer{}, fmt.Errorf("%s: %w", dir, diag.Cause(err))
	}
	layer.Bundled = true
	return layer, nil
}

// TreeDir returns the layer of a directory in an untrusted tree. Symbolic links
// must not lead out of the tree.
func TreeDir(tree, dir string) (Layer, error) {
	name := filepath.Join(tree, filepath.FromSlash(dir))
	base, err := safefs.OpenDir(tree)
	if err != nil {
		return Layer{}, fmt.Errorf("cannot use data directory %q: %w", name, diag.Cause(err))
	}
	info, err := base.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		_ = base.Close()
		return Layer{}, fmt.Errorf("cannot use data directory %q: %w", name, diag.Cause(err))
	}
	return Layer{Name: name, FS: base.FS()}.Sub(dir).named(name), nil
}

func (l Layer) named(name string) Layer {
	l.Name = name
	return l
}

// Sub returns the part of the layer below dir, which need not exist.
func (l Layer) Sub(dir string) Layer {
	sub, err := fs.Sub(l.FS, dir)
	if err != nil { // only for a dir that is no valid path, which would be ours
		panic(err)
	}
	return Layer{Name: path.Join(l.Name, dir), FS: sub, Bundled: l.Bundled, Proven: l.Proven}
}

// Files returns the files NAME.yml directly in dir, sorted. A missing directory
// has none.
func (l Layer) Files(dir string) ([]string, error) {
	entries, err := fs.ReadDir(l.FS, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, diag.Errorf(Position{File: path.Join(l.Name, dir)}, "cannot list: %v", diag.Cause(err))
	}
	var files []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yml") || e.Name() == ".yml" {
			continue
		}
		if yamldoc.OneLine(e.Name()) != e.Name() {
			return nil, diag.Errorf(Position{File: path.Join(l.Name, dir, e.Name())}, "cannot use a file of such a name")
		}
		file := path.Join(dir, e.Name())
		if l.Has(file) {
			files = append(files, file)
		}
	}
	slices.Sort(files)
	return files, nil
}

// Dangling returns a problem for each symbolic link NAME.yml directly in dir that
// leads nowhere. Files leaves them out, as the original lcitool does.
func (l Layer) Dangling(dir string) []*Problem {
	entries, err := fs.ReadDir(l.FS, dir)
	if err != nil || l.Proven {
		return nil // Files returns the error
	}
	var problems []*Problem
	for _, e := range entries {
		if e.Type()&fs.ModeSymlink == 0 || path.Ext(e.Name()) != ".yml" {
			continue
		}
		file := path.Join(dir, e.Name())
		if _, err := fs.Stat(l.FS, file); errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, diag.Errorf(Position{File: l.Path(file)}, "cannot read: %v", diag.Cause(err)))
		}
	}
	return problems
}

// Has reports whether the layer has a file called file that is not a directory.
// It is true for a file that cannot be read; Read returns the error.
func (l Layer) Has(file string) bool {
	info, err := fs.Stat(l.FS, file)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	return !info.IsDir()
}

// Path returns the file's name in messages.
func (l Layer) Path(file string) string {
	if location, ok := l.Locations[file]; ok {
		return location
	}
	return path.Join(l.Name, file)
}

// Read returns the content of a file of at most 2 MiB.
func (l Layer) Read(file string) ([]byte, error) {
	pos := Position{File: l.Path(file)}
	f, err := l.FS.Open(file)
	if err != nil {
		return nil, diag.Errorf(pos, "cannot read: %v", diag.Cause(err))
	}
	defer func() { _ = f.Close() }() // only read from
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, diag.Errorf(pos, "cannot read: not a regular file")
	}
	data, err := safefs.ReadAll(f, maxFile)
	if err != nil {
		return nil, diag.Errorf(pos, "cannot read: %v", diag.Cause(err))
	}
	return data, nil
}
