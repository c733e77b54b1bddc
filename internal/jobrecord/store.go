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
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	recordFile = "run.json"
	stepFile   = "bisect" // marks a step of a search
)

// maxRecord limits the size of a run's record, in bytes.
const maxRecord = 256 << 20

// A Store is the directory with a user's runs.
type Store struct {
	Dir  string // made when the first run is
	Keep int    // so many runs stay, the newest; 0 means 20

	// Latest is the path of a symbolic link to the newest run's directory. It is
	// outside of Dir; "" means no link.
	Latest string
}

// JobRuns returns the store of job runs in a user's state directory.
func JobRuns(stateDir string) (*Store, error) {
	s, err := storeIn(stateDir, "runs")
	if err == nil {
		s.Latest = filepath.Join(stateDir, "latest")
	}
	return s, err
}

// TargetRuns returns the store of runs of "lcitool run" in a user's state directory.
func TargetRuns(stateDir string) (*Store, error) { return storeIn(stateDir, "target-runs") }

func storeIn(stateDir, kind string) (*Store, error) {
	if stateDir == "" {
		return nil, diag.WithHint(errors.New("no directory for the records and logs of runs"), "set HOME or XDG_STATE_HOME")
	}
	return &Store{Dir: filepath.Join(stateDir, kind)}, nil
}

// A Live is the directory of a run that has not ended. Other runs do not remove
// it.
type Live struct {
	Dir   string
	store *Store
	lock  *flock.Flock
}

// Create creates the directory of a new run. The caller must call Close at the
// end of the run.
func (s *Store) Create() (*Live, error) {
	l, err := s.create()
	if err != nil {
		return nil, notKept(err)
	}
	return l, nil
}

// MarkStep says that the run is a step of a search for what broke a job. Such
// runs are never the newest one if there are others, and do not displace them.
func (l *Live) MarkStep() error {
	if err := os.WriteFile(filepath.Join(l.Dir, stepFile), nil, 0o600); err != nil {
		return notKept(err)
	}
	if l.store != nil {
		l.store.link("")
	}
	return nil
}

// IsStep reports whether the run in dir is a step of a search.
func IsStep(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, stepFile))
	return err == nil
}

// notKept returns the error for a directory of runs that cannot be used.
func notKept(err error) error {
	err = fmt.Errorf("cannot keep logs: %w", err)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return diag.WithHint(err, "XDG_STATE_HOME can name another directory for them")
	}
	return err
}

func (s *Store) create() (*Live, error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := s.makeDir(time.Now)
	if err != nil {
		return nil, err
	}
	l := &Live{Dir: dir, store: s, lock: lockOf(dir)}
	if _, err := l.lock.TryLock(); err != nil { // no other process knows the file
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.link(dir)
	return l, nil
}

// makeDir creates a directory named for the present nanosecond, so that names
// sort by time even within a second. If the clock was set back, the name is after that
// of the newest run.
func (s *Store) makeDir(clock func() time.Time) (string, error) {
	newest := ""
	if dirs := s.dirs(); len(dirs) > 0 {
		newest = filepath.Base(dirs[len(dirs)-1])
	}
	for {
		name := nameOf(clock())
		if name < newest {
			if newest = after(newest); newest > name {
				name = newest
			}
		}
		dir := filepath.Join(s.Dir, name)
		if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

const second = "20060102-150405"

func nameOf(t time.Time) string {
	t = t.UTC()
	return fmt.Sprintf("%s-%09d", t.Format(second), t.Nanosecond())
}

// after returns the name for the nanosecond after that of a run, or "" if it is not
// the name of one.
func after(name string) string {
	var nanosecond time.Duration
	t, err := time.Parse(second, name[:min(len(second), len(name))])
	if err == nil {
		_, err = fmt.Sscanf(name[len(second):], "-%09d", &nanosecond)
	}
	if err != nil {
		return ""
	}
	return nameOf(t.Add(nanosecond + 1))
}

// link points the Latest link to a run, or if dir is "" to the newest one that is
// not a step. The link is only a convenience, so errors are ignored.
func (s *Store) link(dir string) {
	link := s.Latest
	if link == "" {
		return
	}
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return // not a link of ours
	}
	for _, run := range slices.Backward(s.dirs()) {
		if dir == "" && !IsStep(run) {
			dir = run
		}
	}
	if dir == "" {
		_ = os.Remove(link)
		return
	}
	_ = renameio.Symlink(dir, link)
}

// GoesOn reports whether the run in dir has not ended.
func GoesOn(dir string) bool {
	lock := lockOf(dir)
	if _, err := os.Lstat(lock.Path()); err != nil {
		return false // asking for the lock would make it
	}
	free, err := lock.TryRLock()
	defer lock.Close()
	return err == nil && !free
}

// lockOf returns the lock file that a run holds until it ends.
func lockOf(dir string) *flock.Flock { return flock.New(filepath.Join(dir, "lock")) }

// Close ends the run and removes the oldest runs. It removes the run's own
// directory if it has no record.
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

// forget removes the oldest runs that have ended; their names sort by time.
// Directories without a record, left by killed runs, and steps of searches do not
// count towards Keep. It ignores errors.
func (s *Store) forget() {
	keep := s.Keep
	if keep == 0 {
		keep = 20
	}
	var runs, steps, others []string
	for _, dir := range s.dirs() {
		switch {
		case !hasRecord(dir):
			others = append(others, dir)
		case IsStep(dir):
			steps = append(steps, dir)
		default:
			runs = append(runs, dir)
		}
	}
	for _, list := range [][]string{runs, steps, others} {
		removeEnded(list[:max(0, len(list)-keep)])
	}
}

// removeEnded removes the directories of runs that have ended.
func removeEnded(dirs []string) {
	for _, dir := range dirs {
		lock := lockOf(dir)
		if free, err := lock.TryLock(); err == nil && free {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}
}

// dirs returns the directories of runs, oldest first.
func (s *Store) dirs() []string {
	dirs := safefs.Glob(s.Dir, "[0-9]*-[0-9]*-*")
	slices.Sort(dirs)
	return dirs
}

// Write replaces the record in the directory of a run. Only the user can read
// it, because it contains the variables of jobs.
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

// A Stored is a run with the directory that contains it.
type Stored struct {
	Run
	Dir string
}

// Runs returns the runs of a project, newest first, or those of all projects if
// project is "". It skips directories without a valid record.
func (s *Store) Runs(project string) []Stored {
	var all []Stored
	for _, dir := range slices.Backward(s.dirs()) {
		r, err := Read(dir)
		if err == nil && (project == "" || r.IsOf(project)) {
			all = append(all, Stored{*r, dir})
		}
	}
	return all
}

// Newest returns the newest run of a project, and a step of a search only if
// there is nothing else. The error is fs.ErrNotExist if there is none.
func (s *Store) Newest(project string) (*Stored, error) {
	dirs := s.dirs()
	for _, step := range []bool{false, true} {
		for _, dir := range slices.Backward(dirs) {
			if IsStep(dir) != step {
				continue
			}
			if r, err := Read(dir); err == nil && r.IsOf(project) {
				return &Stored{*r, dir}, nil
			}
		}
	}
	return nil, fmt.Errorf("no run of %s: %w", project, fs.ErrNotExist)
}

// Find returns the run whose ID begins with text. The error is fs.ErrNotExist if
// there is none.
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
