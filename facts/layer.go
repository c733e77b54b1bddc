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

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

//go:embed CORRECTIONS.md mappings/*.yml projects/*.yml projects/internal/*.yml
var embedded embed.FS

// maxFile bounds what one file of facts may hold, in bytes.
const maxFile = 2 << 20

// A Layer is one tree of facts: mappings.yml or mappings/*.yml,
// targets/*.yml, projects/*.yml, and projects/internal/*.yml.
type Layer struct {
	Name      string // stands before file names in messages
	FS        fs.FS
	Bundled   bool              // takes the place of the built-in facts: its projects/internal counts
	Proven    bool              // checked by this program's own tests; not worth a check at each run
	Locations map[string]string // what messages show for a file instead of Name and the file's name
}

// BuiltIn is the layer that comes with the program, less its targets, which
// package targets holds.
func BuiltIn() Layer {
	return Layer{Name: "facts", FS: embedded, Bundled: true, Proven: true}
}

// Dir is the layer of the directory at dir, which must be there. Links in it
// may lead anywhere.
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

// TreeDir is the layer of a directory below a tree that may be a stranger's:
// no link leads out of the tree.
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

// Sub is the part of the layer below the directory dir, which need not be there.
func (l Layer) Sub(dir string) Layer {
	sub, err := fs.Sub(l.FS, dir)
	if err != nil { // only for a dir that is no valid path, which would be ours
		panic(err)
	}
	return Layer{Name: path.Join(l.Name, dir), FS: sub, Bundled: l.Bundled, Proven: l.Proven}
}

// Files lists the files NAME.yml in the directory dir, sorted, without
// what stands below. A directory that is not there holds none.
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

// Has reports whether the layer holds something of that name which is no
// directory. Read says what is wrong with a FIFO or a link that leads out.
func (l Layer) Has(file string) bool {
	info, err := fs.Stat(l.FS, file)
	return err == nil && !info.IsDir() || safefs.Outside(err) || errors.Is(err, safefs.ErrNotRegular)
}

// Path is the name of the layer's file in messages.
func (l Layer) Path(file string) string {
	if location, ok := l.Locations[file]; ok {
		return location
	}
	return path.Join(l.Name, file)
}

// Read gives the bytes of a file, of 2 MiB at most.
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
