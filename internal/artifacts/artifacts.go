// SPDX-License-Identifier: GPL-2.0-or-later

// Package artifacts stores the artifacts of a project's jobs, in one directory
// per job.
package artifacts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Below is the path of the artifacts below a project.
const Below = ".lcitool/artifacts"

// A Store contains the artifacts of a project's jobs. It follows no symbolic
// links in the project. It is safe for concurrent use.
type Store struct {
	project string
	dir     string // below project
	owner   *owner // of what is written; nil for this process's

	mu    sync.Mutex
	fresh map[string]bool // jobs whose artifacts were stored by this process
}

// In returns the store of a project, given by its absolute directory. It creates
// no files before there are artifacts. These belong to the project's owner.
func In(project string) *Store {
	return &Store{project: project, dir: filepath.Join(project, filepath.FromSlash(Below)), owner: ownerOf(project)}
}

// Dir returns the directory for the artifacts of a job.
func (s *Store) Dir(job string) string { return filepath.Join(s.dir, termtext.FileName(job)) }

// Check fails if the project has something other than a directory in the place
// of the artifacts.
func (s *Store) Check() error {
	all, err := s.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot put artifacts into %s: %w", s.dir, diag.Cause(err))
	}
	return all.Close()
}

// Sweep removes temporary files of killed processes.
func (s *Store) Sweep() {
	if all, err := s.open(); err == nil {
		scratch.Sweep(s.dir)
		_ = all.Close()
	}
}

// Remove removes the artifacts of an earlier run of a job. It is called before
// the job begins, so that old files are not mistaken for new ones.
func (s *Store) Remove(job string) error {
	s.mu.Lock()
	delete(s.fresh, job)
	s.mu.Unlock()
	all, err := s.open()
	if err == nil {
		defer all.Close()
		err = all.RemoveAll(filepath.Base(s.Dir(job)))
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("cannot remove artifacts of an earlier run: %w", err)
}

// Replace atomically replaces the artifacts of a job by the directory that fill
// has filled.
func (s *Store) Replace(job string, fill func(*safefs.Dir) error) error {
	all, err := s.make()
	if err != nil {
		return err
	}
	defer all.Close()
	work, done, err := scratch.New(s.dir)
	if err != nil {
		return err
	}
	defer done()
	name := path.Join(filepath.Base(work), "files")
	files, err := all.MakeSub(name, 0o755)
	if err != nil {
		return err
	}
	defer files.Close()
	if err := fill(files); err != nil {
		return err
	}
	if err := files.Root().Chmod(".", 0o755); err != nil {
		return err
	}
	if err := s.owner.chown(files); err != nil {
		return err
	}
	if err := all.ReplaceDir(name, filepath.Base(s.Dir(job))); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh == nil {
		s.fresh = map[string]bool{}
	}
	s.fresh[job] = true
	return nil
}

func (s *Store) Add(job, name string, data []byte) error {
	all, err := s.make()
	if err != nil {
		return err
	}
	defer all.Close()
	files, err := all.MakeSub(filepath.Base(s.Dir(job)), 0o755)
	if err != nil {
		return err
	}
	defer files.Close()
	if err := files.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	return s.owner.chown(files)
}

// Has reports whether there are artifacts of a job. With fresh, only those
// stored by this process count.
func (s *Store) Has(job string, fresh bool) (bool, error) {
	s.mu.Lock()
	stored := s.fresh[job]
	s.mu.Unlock()
	if fresh && !stored {
		return false, nil
	}
	left, err := s.Open(job)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, left.Close()
}

// Open opens the artifacts of a job. The error is fs.ErrNotExist if there are
// none. A job that can write to the project can put a link in the place of Dir.
func (s *Store) Open(job string) (*safefs.Dir, error) {
	all, err := s.open()
	if err != nil {
		return nil, err
	}
	defer all.Close()
	return all.Sub(filepath.Base(s.Dir(job)))
}

// Stamp returns a text that changes when the artifacts of a job are replaced, or
// "" if there are none.
func (s *Store) Stamp(job string) string {
	files, err := s.Open(job)
	if err != nil {
		return ""
	}
	defer files.Close()
	info, err := files.Root().Stat(".")
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano())
}

// open opens the directory of the artifacts. The error is fs.ErrNotExist if it
// does not exist.
func (s *Store) open() (*safefs.Dir, error) {
	tree, err := safefs.OpenDir(s.project)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	return tree.Sub(Below)
}

// Make creates the directory of the artifacts, so that git ignores what is beside it.
func (s *Store) Make() error {
	all, made, err := safefs.OpenOutput(s.project, s.dir)
	if err != nil {
		return err
	}
	_ = s.chownMade(made) // the file system may not permit it
	return all.Close()
}

// make opens the directory of the artifacts and creates it if needed.
func (s *Store) make() (*safefs.Dir, error) {
	all, made, err := safefs.OpenOutput(s.project, s.dir)
	if err != nil {
		return nil, err
	}
	if err := s.chownMade(made); err != nil {
		_ = all.Close()
		return nil, err
	}
	return all, nil
}

type owner struct{ uid, gid int }

// ownerOf returns the owner of a directory, or nil if files need not or cannot
// be given to that user.
func ownerOf(dir string) *owner {
	info, err := os.Stat(dir)
	if err != nil || os.Getuid() != 0 {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return nil
	}
	return &owner{int(stat.Uid), int(stat.Gid)}
}

// chown changes the owner of a directory and of what is in it.
func (o *owner) chown(dir *safefs.Dir) error {
	if o == nil {
		return nil
	}
	if err := dir.Root().Lchown(".", o.uid, o.gid); err != nil {
		return err
	}
	return dir.Walk(func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return dir.Root().Lchown(filepath.FromSlash(name), o.uid, o.gid)
	})
}

// chownMade changes the owner of what was created in the project, given by its
// paths.
func (s *Store) chownMade(made []string) error {
	if s.owner == nil || len(made) == 0 {
		return nil
	}
	tree, err := safefs.OpenDir(s.project)
	if err != nil {
		return err
	}
	defer tree.Close()
	for _, name := range made {
		below, err := filepath.Rel(s.project, name)
		if err != nil {
			return err
		}
		if err := tree.Root().Lchown(below, s.owner.uid, s.owner.gid); err != nil {
			return err
		}
	}
	return nil
}
