// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// LockFile is the path of a lock below the base directory of its project.
const LockFile = "ci/lcitool.lock"

// maxLock limits the size of a lock file, in bytes.
const maxLock = 1 << 20

const lockHeader = "# What the project files held that this project refers to.\n" +
	"# Made by \"lcitool projects lock\"; \"lcitool projects lock --update\" rewrites it.\n"

// A Lock contains the expected digests of files. A nil lock accepts any file.
type Lock struct {
	LockFormat
	dir     string // absolute, without symbolic links
	entries map[string]lockEntry
	set     map[string]bool // locations of the entries that Set has changed
}

// A LockFormat describes a kind of lock file.
type LockFormat struct {
	File   string // below the directory of the project
	Header string // comment at its top, whole lines
	Parse  func(text, dir string) (Reference, error)
}

type lockEntry struct {
	URL    string `yaml:"url"` // or the path below the base directory
	SHA256 string `yaml:"sha256"`

	ref Reference
}

type lockFile struct {
	Version int         `yaml:"version"`
	Files   []lockEntry `yaml:"files"` // sorted by URL
}

// ReadLock reads the lock of the project with base directory dir. A missing lock
// is empty.
func ReadLock(dir string) (*Lock, error) {
	return LockFormat{LockFile, lockHeader, Parse}.Read(dir)
}

// Read reads the lock of the project in a directory. A missing lock is empty.
func (f LockFormat) Read(dir string) (*Lock, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.File, err)
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	l := &Lock{LockFormat: f, dir: dir, entries: map[string]lockEntry{}}
	data, err := l.read()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", l.File, diag.Cause(err))
	}
	return l, l.decode(data)
}

func (l *Lock) read() ([]byte, error) {
	tree, err := safefs.OpenDir(l.dir)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	return tree.ReadFile(l.File, maxLock)
}

func (l *Lock) decode(data []byte) error {
	doc, err := yamldoc.Parse(l.File, data, 0)
	if err != nil {
		return err
	}
	fields, err := doc.Mapping()
	errs := []error{err}
	for _, f := range doc.Duplicates() { // a file that lcitool has written has none
		errs = append(errs, f)
	}
	version := ""
	for _, f := range fields {
		switch f.Key {
		case "version":
			version, _ = f.Value.Scalar()
		case "files":
			errs = append(errs, l.decodeFiles(f.Value))
		default:
			errs = append(errs, diag.Errorf(f.Pos, "unknown key %q", f.Key))
		}
	}
	if err == nil && version != "1" {
		errs = append(errs, diag.Errorf(doc.Pos(), "expected version 1, got %q", version))
	}
	return diag.Join(errs...)
}

func (l *Lock) decodeFiles(files yamldoc.Node) error {
	items, err := files.Sequence()
	errs := []error{err}
	for _, item := range items {
		fields, err := item.Mapping()
		errs = append(errs, err)
		values := map[string]string{}
		for _, f := range fields {
			if f.Key != "url" && f.Key != "sha256" {
				errs = append(errs, diag.Errorf(f.Pos, "unknown key %q", f.Key))
			}
			text, err := lockText(f.Value)
			errs = append(errs, err)
			values[f.Key] = text
		}
		if err == nil {
			errs = append(errs, l.add(item.Pos(), values["url"], values["sha256"]))
		}
	}
	return diag.Join(errs...)
}

// lockText returns a scalar as written, because a digest may look like a number.
func lockText(n yamldoc.Node) (string, error) {
	text, ok := n.Scalar()
	if !ok {
		return "", diag.Errorf(n.Pos(), "expected a string, got %s", n.Describe())
	}
	return text, nil
}

func (l *Lock) add(pos diag.Position, url, sum string) error {
	ref, err := l.Parse(url, l.dir)
	if err != nil {
		return diag.Errorf(pos, "%v", err)
	}
	if !isDigest(sum) {
		return diag.Errorf(pos, "%q is no SHA-256 digest", sum)
	}
	if _, twice := l.entries[ref.Location()]; twice {
		return diag.Errorf(pos, "%s is locked twice", url)
	}
	l.entries[ref.Location()] = lockEntry{URL: url, SHA256: sum, ref: ref}
	return nil
}

// isDigest reports whether s is 64 lower-case hexadecimal digits.
func isDigest(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Digest returns the expected SHA-256 of a file, or "" for any.
func (l *Lock) Digest(ref Reference) string {
	if l == nil {
		return ""
	}
	return l.entries[ref.Location()].SHA256
}

// References returns the files of the lock, sorted by their text.
func (l *Lock) References() []Reference {
	var refs []Reference
	for _, e := range l.sorted() {
		refs = append(refs, e.ref)
	}
	return refs
}

// Set records the digest of a file.
func (l *Lock) Set(f File) {
	text := l.text(f.Reference)
	l.entries[f.Location()] = lockEntry{URL: text, SHA256: f.Digest, ref: f.Reference}
	if l.set == nil {
		l.set = map[string]bool{}
	}
	l.set[f.Location()] = true
}

// text returns a reference that is valid on other machines, if there is one.
func (l *Lock) text(ref Reference) string {
	if ref.remote() {
		return ref.Location()
	}
	if IsURL(ref.Text) {
		return fileURL(ref.path)
	}
	below, err := filepath.Rel(l.dir, ref.path)
	if err != nil || !filepath.IsLocal(below) {
		return ref.path
	}
	below = filepath.ToSlash(below)
	if !IsReference(below) {
		below = "./" + below
	}
	return below
}

func (l *Lock) sorted() []lockEntry {
	entries := make([]lockEntry, 0, len(l.entries))
	for _, e := range l.entries {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b lockEntry) int { return cmp.Compare(a.URL, b.URL) })
	return entries
}

// Write replaces the lock file unless it is unchanged. It keeps entries that another
// process has written since Read. It fails if the path contains a symbolic link, which
// may lead out of the project.
func (l *Lock) Write() error {
	tree, err := safefs.OpenDir(l.dir)
	if err == nil {
		defer tree.Close()
		err = tree.MkdirAll(path.Dir(l.File), 0o777)
	}
	if err == nil {
		defer lockDir(tree, path.Dir(l.File))()
	}
	l.merge()
	text, encodeErr := l.encode()
	if old, err := l.read(); err == nil && bytes.Equal(old, text) {
		return nil
	}
	if err = cmp.Or(err, encodeErr); err == nil {
		err = tree.WriteFile(l.File, text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", l.File, diag.Cause(err))
	}
	return nil
}

func (l *Lock) encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(l.Header)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := enc.Encode(lockFile{Version: 1, Files: l.sorted()})
	return b.Bytes(), err
}

// merge takes the entries of the file that Set has not changed. A file that cannot be
// read is replaced.
func (l *Lock) merge() {
	now, err := l.LockFormat.Read(l.dir)
	if err != nil {
		return
	}
	for location, entry := range now.entries {
		if !l.set[location] {
			l.entries[location] = entry
		}
	}
}

// lockTime is how long another process may need to write a lock file.
const lockTime = 5 * time.Second

// lockDir locks a directory against other processes that write a lock file, as far as
// the file system permits.
func lockDir(tree *safefs.Dir, name string) (unlock func()) {
	dir, err := tree.Root().Open(filepath.FromSlash(name))
	if err != nil {
		return func() {}
	}
	for limit := time.Now().Add(lockTime); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	return func() { _ = dir.Close() }
}
