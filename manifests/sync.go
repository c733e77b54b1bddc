// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/parallel"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// An Action says what happens to a file.
type Action string

const (
	Keep   Action = "keep"   // it is as it should be
	Write  Action = "write"  // it is new or differs
	Delete Action = "delete" // it is ours and no longer wanted
)

// A Change is the change of one file. Changes are in the order of the plan;
// deleted files come after the others of their kind.
type Change struct {
	PlannedFile
	Action Action
	Old    []byte // what the tree holds, nil for nothing
	New    []byte // nil when the file goes away

	mode  fs.FileMode
	owner *owner // of what the tree holds
}

// maxGenerated limits the size of a generated file that is read, in bytes.
const maxGenerated = 64 << 20

// A Tree is the project's directory. All accesses stay within it: a symbolic
// link that leads out is an error.
type Tree struct {
	root  *os.Root
	owner *owner
	base  string // the directory, as given
	ciDir string

	mu   sync.Mutex
	dirs map[string]*os.Root // open directories, by path
}

// OpenTree opens a project's directory, whose generated files are below ciDir.
func OpenTree(base, ciDir string) (*Tree, error) {
	dir, err := CleanDir(ciDir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, fmt.Errorf("cannot use base directory %q: %w", base, diag.Cause(err))
	}
	t := &Tree{root: root, base: base, ciDir: dir, dirs: map[string]*os.Root{}}
	if info, err := root.Stat("."); err == nil {
		t.owner = otherOwner(info)
	}
	return t, nil
}

func (t *Tree) Close() error {
	t.closeDirs()
	return t.root.Close()
}

// at returns the open directory of a file and its name there. It caches
// directories, because looking up each path is slow.
func (t *Tree) at(file string) (*os.Root, string, error) {
	dir, name := path.Split(file)
	dir = path.Clean(dir)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dirs[dir] == nil {
		open, err := t.root.OpenRoot(dir)
		if err != nil {
			return nil, "", err
		}
		t.dirs[dir] = open
	}
	return t.dirs[dir], name, nil
}

func (t *Tree) closeDirs() {
	for _, dir := range t.dirs {
		_ = dir.Close() // nothing was written through it
	}
	clear(t.dirs)
}

// Compare returns the changes that Sync would make. The error is ErrUnfinished
// if an earlier run was killed while it replaced files.
func (t *Tree) Compare(files []File) ([]Change, error) {
	if t.unfinished() {
		return nil, fmt.Errorf("%s: %w", filepath.Join(t.base, t.stage()), ErrUnfinished)
	}
	defer t.closeDirs()
	return t.compare(files)
}

// Sync writes the files to the tree and returns the changes. It waits for other
// runs on the same tree.
//
// It first writes all new files, and links to the files to be replaced, to a
// private directory. Then it writes a journal and renames the files into place.
// If that fails, it restores the old files. After a kill or crash before the
// journal is written, the tree is unchanged. After a kill during the renames,
// which take a few milliseconds, the journal remains and Compare returns an
// error. The next Sync then completes the changes or, if new files were lost,
// restores the old ones.
func (t *Tree) Sync(ctx context.Context, files []File) ([]Change, error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer t.closeDirs()
	if err := t.recover(); err != nil {
		return nil, err
	}
	changes, err := t.compare(files)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return changes, t.apply(changes)
}

func (t *Tree) compare(files []File) ([]Change, error) {
	changes := make([]Change, len(files))
	errs := make([]error, len(files))
	wanted := make(map[string]bool, len(files))
	for _, f := range files {
		wanted[f.Path] = true
	}
	parallel.Share(len(files), func(numbers iter.Seq[int]) {
		buffer := make([]byte, 16<<10)
		for i := range numbers {
			changes[i], errs[i] = t.compareFile(files[i], buffer)
		}
	})
	for _, p := range places {
		kind := p.kind
		stale, err := t.stale(kind, wanted)
		errs = append(errs, err)
		behind := slices.IndexFunc(changes, func(c Change) bool { return rank(c.Kind) > rank(kind) })
		if behind < 0 {
			behind = len(changes)
		}
		changes = slices.Insert(changes, behind, stale...)
	}
	return changes, errors.Join(errs...)
}

// places are the directories of each kind of file below the CI directory, in the
// order of the output.
//
//nolint:gochecknoglobals // a table
var places = []struct {
	kind        Kind
	dir, suffix string
}{
	{DockerfileKind, "containers", ".Dockerfile"},
	{BuildEnvKind, "buildenv", ".sh"},
	{VariablesKind, "cirrus", ".vars"},
	{GitLabKind, "gitlab", ".yml"},
}

func rank(k Kind) int {
	for i, p := range places {
		if p.kind == k {
			return i
		}
	}
	return len(places)
}

// compareFile returns the change of a file. It reads a file that is as it should be
// through buffer.
func (t *Tree) compareFile(f File, buffer []byte) (Change, error) {
	c := Change{PlannedFile: f.PlannedFile, Action: Write, New: f.Data}
	var info fs.FileInfo
	dir, name, err := t.at(f.Path)
	if err == nil {
		info, err = dir.Lstat(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return c, t.cannot("look at", f.Path, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return t.compareLink(c)
	case !info.Mode().IsRegular():
		return c, fmt.Errorf("cannot write %s: %s is in its place", t.name(f.Path), describe(info.Mode()))
	}
	c.mode, c.owner = info.Mode().Perm(), otherOwner(info)
	if info.Size() == int64(len(c.New)) && safefs.In(dir).Holds(name, c.New, buffer) {
		c.Action, c.Old = Keep, c.New // share memory
		return c, nil
	}
	c.Old, err = t.read(f.Path, info)
	return c, err
}

// compareLink keeps a symbolic link to a file with the right content. It refuses
// other links, because their targets may not be generated files.
func (t *Tree) compareLink(c Change) (Change, error) {
	info, err := t.root.Stat(c.Path)
	if err == nil && info.Mode().IsRegular() && info.Size() <= maxGenerated {
		c.Old, err = safefs.In(t.root).ReadFile(c.Path, maxGenerated)
	}
	if err != nil || !bytes.Equal(c.Old, c.New) {
		return c, fmt.Errorf("cannot write %s: a symbolic link is in its place", t.name(c.Path))
	}
	c.Action = Keep
	return c, nil
}

func describe(mode fs.FileMode) string {
	if mode.IsDir() {
		return "a directory"
	}
	return "something that is no file"
}

func (t *Tree) read(name string, info fs.FileInfo) ([]byte, error) {
	if info.Size() > maxGenerated {
		return nil, fmt.Errorf("cannot compare %s: larger than %d MiB", t.name(name), maxGenerated>>20)
	}
	dir, file, err := t.at(name)
	if err != nil {
		return nil, t.cannot("read", name, err)
	}
	data, err := safefs.In(dir).ReadFile(file, maxGenerated)
	if err != nil {
		return nil, t.cannot("read", name, err)
	}
	return data, nil
}

// stale returns generated files of a kind that are not wanted, sorted.
func (t *Tree) stale(kind Kind, wanted map[string]bool) ([]Change, error) {
	names, err := t.candidates(kind)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, name := range names {
		if wanted[name] {
			continue
		}
		info, err := t.root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxGenerated {
			continue
		}
		data, err := safefs.In(t.root).ReadFile(name, maxGenerated)
		if err != nil || !generated(data) {
			continue // an unreadable file is not known to be generated
		}
		changes = append(changes, Change{PlannedFile: PlannedFile{Path: name, Kind: kind}, Action: Delete, Old: data, mode: info.Mode().Perm()})
	}
	return changes, nil
}

// candidates returns the files that are named like generated ones, sorted.
func (t *Tree) candidates(kind Kind) ([]string, error) {
	p := places[rank(kind)]
	dir := path.Join(t.ciDir, p.dir)
	entries, err := fs.ReadDir(safefs.In(t.root).FS(), dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, t.cannot("list", dir, err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), p.suffix) {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	if kind == GitLabKind {
		names = append(names, path.Join(t.ciDir, "gitlab.yml"))
	}
	return names, nil
}

// generated reports whether a file was generated from a manifest, by this
// program or the original: it begins with the mark of generated files, and does
// not name another command.
func generated(data []byte) bool {
	lines := strings.SplitN(string(data[:min(len(data), 4096)]), "\n", 4)
	if strings.TrimRight(lines[0], "\r") != render.Mark {
		return false
	}
	for _, verb := range []string{"dockerfile", "buildenvscript", "variables"} {
		if len(lines) > 2 && strings.HasPrefix(lines[2], "#  $ lcitool "+verb+" ") {
			return false
		}
	}
	return true
}

func (t *Tree) name(file string) string { return filepath.Join(t.base, filepath.FromSlash(file)) }

func (t *Tree) cannot(do, file string, err error) error {
	return fmt.Errorf("cannot %s %s: %w", do, t.name(file), diag.Cause(err))
}

// lock waits until no other run uses the tree. It locks the directory itself, so
// there is no lock file.
func (t *Tree) lock(ctx context.Context) (unlock func(), err error) {
	made, err := t.makeDirs(t.ciDir)
	if err != nil {
		return nil, err
	}
	lock := flock.New(t.name(t.ciDir), flock.SetFlag(os.O_RDONLY))
	ok, err := lock.TryLockContext(ctx, 20*time.Millisecond)
	switch {
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EBADF):
		return func() {}, nil // a network file system without locks on directories
	case err != nil:
		return nil, t.cannot("lock", t.ciDir, err)
	case !ok:
		return nil, fmt.Errorf("cannot lock %s: another run holds it", t.name(t.ciDir))
	}
	return func() {
		for _, dir := range slices.Backward(made) {
			_ = t.root.Remove(dir) // fails unless the directory is empty
		}
		_ = lock.Close()
	}, nil
}

// makeDirs creates a directory with its parents and returns the created ones.
func (t *Tree) makeDirs(dir string) (made []string, err error) {
	at := ""
	for _, part := range strings.Split(dir, "/") {
		at = path.Join(at, part)
		switch err := t.root.Mkdir(at, 0o777); {
		case err == nil:
			made = append(made, at)
			t.owner.chownDir(t.root, at)
		case errors.Is(err, fs.ErrExist):
			info, err := t.root.Stat(at)
			if err != nil {
				return made, t.cannot("use", at, err)
			}
			if !info.IsDir() {
				return made, fmt.Errorf("cannot use %s: not a directory", t.name(at))
			}
		default:
			return made, t.cannot("make", at, err)
		}
	}
	return made, nil
}
