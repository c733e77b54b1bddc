// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// recordFile is the file of a run that has its Run.
const recordFile = "run.json"

// maxRecord bounds the record of a run, in bytes.
const maxRecord = 256 << 20

// A Store is the directory in which the runs of a user are.
type Store struct {
	Dir  string // made when the first run is
	Keep int    // so many runs stay, the newest; 0 means 20

	// Latest is where a link to the directory of the newest run is, outside of
	// Dir; "" for nowhere.
	Latest string
}

// A Live is the directory of a run that goes on. No other run removes it.
type Live struct {
	Dir   string
	store *Store
	lock  *flock.Flock
}

// Create makes the directory of a new run. Close ends the run.
func (s *Store) Create() (*Live, error) {
	l, err := s.create()
	if err != nil {
		return nil, fmt.Errorf("cannot keep logs: %w", err)
	}
	return l, nil
}

func (s *Store) create() (*Live, error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.Dir, time.Now().UTC().Format("20060102-150405")+"-")
	if err != nil {
		return nil, err
	}
	l := &Live{Dir: dir, store: s, lock: lockOf(dir)}
	if _, err := l.lock.TryLock(); err != nil { // nobody else can have it
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.link(dir)
	return l, nil
}

// link makes the latest link lead to a run, "" for the newest that there is. It
// is for people: one that cannot be made is no reason to fail.
func (s *Store) link(dir string) {
	link := s.Latest
	if link == "" {
		return
	}
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return // somebody else's
	}
	if dirs := s.dirs(); dir == "" && len(dirs) > 0 {
		dir = dirs[len(dirs)-1]
	}
	if dir == "" {
		_ = os.Remove(link)
		return
	}
	_ = renameio.Symlink(dir, link)
}

// GoesOn reports whether the run of a directory goes on.
func GoesOn(dir string) bool {
	lock := lockOf(dir)
	if _, err := os.Lstat(lock.Path()); err != nil {
		return false // asking for the lock would make it
	}
	free, err := lock.TryRLock()
	defer lock.Close()
	return err == nil && !free
}

// lockOf is the lock that the run of a directory holds while it goes on.
func lockOf(dir string) *flock.Flock { return flock.New(filepath.Join(dir, "lock")) }

// Close ends the run. Its directory stays if it has a record, and the oldest
// runs with one are removed.
func (l *Live) Close() error {
	if hasRecord(l.Dir) {
		defer l.store.forget()
		return errors.Join(os.Remove(l.lock.Path()), l.lock.Close())
	}
	defer l.store.link("")
	return errors.Join(os.RemoveAll(l.Dir), l.lock.Close())
}

func hasRecord(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, recordFile))
	return err == nil
}

// forget removes the oldest runs that are over; their names begin with their
// time. Directories without a record, which killed runs leave, do not count as
// runs. One that cannot be removed is no reason to fail.
func (s *Store) forget() {
	keep := s.Keep
	if keep == 0 {
		keep = 20
	}
	var runs, others []string
	for _, dir := range s.dirs() {
		if hasRecord(dir) {
			runs = append(runs, dir)
		} else {
			others = append(others, dir)
		}
	}
	for _, dir := range slices.Concat(runs[:max(0, len(runs)-keep)], others[:max(0, len(others)-keep)]) {
		lock := lockOf(dir)
		if free, err := lock.TryLock(); err == nil && free {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}
}

// dirs lists the directories of runs, oldest first.
func (s *Store) dirs() []string {
	dirs, _ := filepath.Glob(filepath.Join(s.Dir, "[0-9]*-[0-9]*-*")) // the pattern is right
	slices.Sort(dirs)
	return dirs
}

// Write replaces the record in the directory of a run. Only the user can read
// it, since a job's variables may be nobody else's business.
func Write(dir string, r *Run) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(dir, recordFile), append(data, '\n'), 0o600, renameio.WithTempDir(dir)) // goes with dir if we are killed
	}
	if err != nil {
		return fmt.Errorf("cannot keep the record of this run: %w", err)
	}
	return nil
}

// Read reads the record in the directory of a run.
func Read(dir string) (*Run, error) {
	data, err := safefs.ReadFile(filepath.Join(dir, recordFile), maxRecord)
	if err != nil {
		return nil, fmt.Errorf("cannot read the record of a run: %w", err)
	}
	var r Run
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: not the record of a run: %w", filepath.Join(dir, recordFile), err)
	}
	return &r, nil
}

// A Stored is a run with where it is.
type Stored struct {
	Run
	Dir string
}

// Runs reads the runs of a project, newest first; those of all projects if
// project is "". What is no record is left out.
func (s *Store) Runs(project string) []Stored {
	var all []Stored
	for _, dir := range slices.Backward(s.dirs()) {
		r, err := Read(dir)
		if err == nil && (project == "" || r.Project == project) {
			all = append(all, Stored{*r, dir})
		}
	}
	return all
}

// Newest gives the newest run of a project, or an error that is
// fs.ErrNotExist.
func (s *Store) Newest(project string) (*Stored, error) {
	for _, dir := range slices.Backward(s.dirs()) {
		if r, err := Read(dir); err == nil && r.Project == project {
			return &Stored{*r, dir}, nil
		}
	}
	return nil, fmt.Errorf("no run of %s: %w", project, fs.ErrNotExist)
}

// Find gives the run whose ID begins with text, or an error that is
// fs.ErrNotExist.
func (s *Store) Find(text string) (*Stored, error) {
	var found []string
	for _, dir := range s.dirs() {
		if text != "" && strings.HasPrefix(filepath.Base(dir), text) {
			found = append(found, dir)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no run %q: %w", text, fs.ErrNotExist)
	case 1:
		r, err := Read(found[0])
		if err != nil {
			return nil, err
		}
		return &Stored{*r, found[0]}, nil
	}
	return nil, errors.New("more than one run begins with " + text)
}
