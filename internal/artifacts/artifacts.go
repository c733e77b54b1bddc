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
	if err := os.Chmod(files.Name(), 0o755); err != nil {
		return err
	}
	if err := s.owner.chown(files.Name()); err != nil {
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
	return s.owner.chown(files.Name())
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
	all, err := s.open()
	if err == nil {
		defer all.Close()
		var left *safefs.Dir
		if left, err = all.Sub(filepath.Base(s.Dir(job))); err == nil {
			_ = left.Close() // it exists and is not a symbolic link
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
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

// make opens the directory of the artifacts and creates it if needed.
func (s *Store) make() (*safefs.Dir, error) {
	all, made, err := safefs.OpenOutput(s.project, s.dir)
	if err != nil {
		return nil, err
	}
	for _, name := range made {
		if err := s.owner.chown(name); err != nil {
			_ = all.Close()
			return nil, err
		}
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

// chown changes the owner of a file or directory tree.
func (o *owner) chown(name string) error {
	if o == nil {
		return nil
	}
	return filepath.WalkDir(name, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, o.uid, o.gid)
	})
}
