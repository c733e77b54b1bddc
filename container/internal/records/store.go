// SPDX-License-Identifier: GPL-2.0-or-later

// Package records stores a file for each object that lcitool created in podman's
// store.
//
// A record is written before its object is created, and the object gets an
// unguessable name or token. A kill at any time leaves either a record without
// an object or an object with a record. Package container reads the records to
// find and remove the leftovers of killed runs. Labels are not used for that:
// containers inherit them from images, and any Dockerfile can set them.
package records

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A Kind is the kind of object that a record describes.
type Kind string

const (
	Container Kind = "container"
	Volume    Kind = "volume"
	Image     Kind = "image"     // named by its ID
	Auxiliary Kind = "auxiliary" // an image that Prune removes, named by the image's name
	Base      Kind = "base"      // ONBUILD instructions of an image that others made, named by its ID
	Build     Kind = "build"     // one request to the builder, with all that it makes
	Directory Kind = "directory" // temporary directory, named by the last element of its path
)

const (
	maxRecord  = 256 << 10 // bytes
	maxRecords = 20000     // records read of one kind
	tempPrefix = ".new-"
	suffix     = ".json"
	lockDelay  = 200 * time.Millisecond // usual time from the creation of a file to its lock
	damagedAge = time.Hour              // of damaged records; a network file system may show a new one before its text
)

// A Record states that lcitool has created an object, or was about to.
type Record struct {
	Kind   Kind              `json:"kind"`
	Name   string            `json:"name"`
	ID     string            `json:"id,omitempty"`     // the engine's, empty until it is known
	Token  string            `json:"token,omitempty"`  // random; the object carries it if it can
	Engine string            `json:"engine,omitempty"` // URL of the service that was asked to create it
	Owner  Owner             `json:"owner"`
	Time   time.Time         `json:"time"`
	Extra  map[string]string `json:"extra,omitempty"`
}

// NewToken returns 128 random bits in hex.
func NewToken() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // documented never to fail
	return hex.EncodeToString(random)
}

// A Store is a directory of records. It is safe for concurrent use by goroutines
// and processes.
type Store struct {
	root *os.Root
	dir  string
}

// Open returns the store in dir, an absolute path. It creates the directory with
// mode 0700. It fails if dir is a symbolic link, belongs to another user, or
// cannot be closed to other users.
func Open(dir string) (*Store, error) {
	root, err := openOwn(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open records: %w", err)
	}
	return &Store{root: root, dir: dir}, nil
}

func openOwn(dir string) (*os.Root, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("%s: not absolute", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s: not a directory", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := closeToOthers(root, dir); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// closeToOthers checks the open directory, so that a concurrent change of its
// path has no effect.
func closeToOthers(root *os.Root, dir string) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if !ours(info) {
		return fmt.Errorf("%s: belongs to another user", dir)
	}
	if info.Mode().Perm() == 0o700 {
		return nil
	}
	return root.Chmod(".", 0o700)
}

func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

func (s *Store) Dir() string { return s.dir }

func (s *Store) Close() error { return s.root.Close() }

// plainName matches names that are used as file names unchanged.
var plainName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$`)

func fileOf(kind Kind, name string) (string, error) {
	if !plainName.MatchString(name) || !plainName.MatchString(string(kind)) {
		return "", fmt.Errorf("%s %q cannot be recorded: not a plain name", kind, name)
	}
	return string(kind) + "@" + name + suffix, nil
}

// Put writes a record and replaces one of the same kind and name. It sets Time
// if it is zero.
func (s *Store) Put(r Record) error {
	file, err := fileOf(r.Kind, r.Name)
	if err != nil {
		return err
	}
	if r.Time.IsZero() {
		r.Time = time.Now().UTC()
	}
	data, err := json.Marshal(r)
	if err == nil && len(data) > maxRecord {
		err = errors.New("too large")
	}
	if err == nil {
		err = s.replace(file, data)
	}
	if err != nil {
		return fmt.Errorf("cannot record %s %s: %w", r.Kind, r.Name, err)
	}
	return nil
}

// replace tries again if another process removed the temporary file as
// abandoned.
func (s *Store) replace(file string, data []byte) error {
	err := s.replaceOnce(file, data)
	for tries := 0; errors.Is(err, fs.ErrNotExist) && tries < 3; tries++ {
		err = s.replaceOnce(file, data)
	}
	return err
}

// replaceOnce holds a lock on the temporary file until it is renamed. A
// temporary file without a lock was left by a killed process.
func (s *Store) replaceOnce(file string, data []byte) error {
	temp := tempPrefix + NewToken()
	f, err := s.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = s.root.Rename(temp, file)
	}
	if err != nil {
		_ = s.root.Remove(temp)
	}
	return err
}

// Get returns a record. The error is fs.ErrNotExist if there is none.
func (s *Store) Get(kind Kind, name string) (Record, error) {
	file, err := fileOf(kind, name)
	if err != nil {
		return Record{}, err
	}
	return s.read(file)
}

// Lock locks a record until unlock, or until the process ends. Its content does not
// change meanwhile unless it is replaced, and others may still remove it. busy says
// that another lock prevents it. The error is fs.ErrNotExist if there is no record.
func (s *Store) Lock(kind Kind, name string, shared bool) (unlock func(), busy bool, err error) {
	file, err := fileOf(kind, name)
	if err != nil {
		return nil, false, err
	}
	f, err := s.root.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, err
	}
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, true, nil
		}
		return nil, false, fmt.Errorf("cannot lock the record of %s %s: %w", kind, name, err)
	}
	return func() { _ = f.Close() }, false, nil
}

// read accepts only a regular file of this user, and checks that its content
// matches its name.
func (s *Store) read(file string) (Record, error) {
	info, err := s.root.Lstat(file)
	if err != nil {
		return Record{}, err
	}
	if !info.Mode().IsRegular() || !ours(info) {
		return Record{}, fmt.Errorf("%s: not a file of ours", filepath.Join(s.dir, file))
	}
	f, err := s.root.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err == nil && len(data) > maxRecord {
		err = errors.New("too large")
	}
	var r Record
	if err == nil && !json.Valid(data) {
		err = errDamaged
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err == nil {
		var want string
		if want, err = fileOf(r.Kind, r.Name); err == nil && want != file {
			err = errors.New("is about something else")
		}
	}
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", filepath.Join(s.dir, file), err)
	}
	return r, nil
}

// errDamaged reports a record that is not whole. No process of lcitool leaves one, but
// a crash of the machine can.
var errDamaged = errors.New("not whole")

// Damaged returns the files of records that are not whole. Nothing is known of their
// objects.
func (s *Store) Damaged(kinds ...Kind) ([]string, error) {
	files, err := s.files()
	var damaged []string
	for _, file := range files {
		if !slices.Contains(kinds, kindOf(file)) {
			continue
		}
		info, err := s.root.Lstat(file)
		if err != nil || time.Since(info.ModTime()) < damagedAge {
			continue
		}
		if _, err := s.read(file); errors.Is(err, errDamaged) {
			damaged = append(damaged, file)
		}
	}
	return damaged, err
}

// RemoveDamaged removes a file that Damaged has returned, unless it was replaced
// meanwhile.
func (s *Store) RemoveDamaged(file string) error {
	if _, err := s.read(file); !errors.Is(err, errDamaged) {
		return nil
	}
	return s.root.Remove(file)
}

// files returns the names in the directory without looking at the files.
func (s *Store) files() ([]string, error) {
	dir, err := s.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// kindOf returns the kind of a record by the name of its file, or "" for another
// file.
func kindOf(file string) Kind {
	kind, _, ok := strings.Cut(file, "@")
	if !ok || !strings.HasSuffix(file, suffix) {
		return ""
	}
	return Kind(kind)
}

// List returns the records of the given kinds in no particular order. It skips
// invalid files, and the error names them, except for damaged ones.
func (s *Store) List(kinds ...Kind) ([]Record, error) {
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	var list []Record
	var faults []error
	count := map[Kind]int{}
	for _, file := range files {
		s.sweep(file)
		kind := kindOf(file)
		if !slices.Contains(kinds, kind) || count[kind] > maxRecords {
			continue
		}
		if count[kind]++; count[kind] > maxRecords {
			faults = append(faults, fmt.Errorf("%s: more than %d records of kind %s", s.dir, maxRecords, kind))
			continue
		}
		r, err := s.read(file)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errDamaged): // removed meanwhile, or Damaged has it
		case err != nil:
			faults = append(faults, err)
		default:
			list = append(list, r)
		}
	}
	return list, errors.Join(faults...)
}

// sweep removes the temporary file of a killed process.
func (s *Store) sweep(file string) {
	if !strings.HasPrefix(file, tempPrefix) {
		return
	}
	info, err := s.root.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < lockDelay {
		return
	}
	f, err := s.root.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = s.root.Remove(file)
	}
}

// Remove removes a record. It is no error if there is none.
func (s *Store) Remove(kind Kind, name string) error {
	file, err := fileOf(kind, name)
	if err != nil {
		return err
	}
	if err := s.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
