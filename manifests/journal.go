// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// ErrUnfinished reports a tree in which a run was killed while it replaced
// files.
var ErrUnfinished = errors.New(`an earlier run was killed while it replaced files: "lcitool manifest" completes it`)

const (
	stageName   = ".lcitool-manifest" // below the CI directory
	journalName = "journal.json"
	maxJournal  = 16 << 20 // bytes
)

// A step is one file in a journal. All paths are relative to the project's
// directory.
type step struct {
	Path   string `json:"path"`
	New    string `json:"new,omitempty"`    // staged text to rename to Path, "" to delete Path
	Digest string `json:"digest,omitempty"` // SHA-256 of that text
	Old    string `json:"old,omitempty"`    // what Path held, "" for nothing
}

func (t *Tree) stage() string { return path.Join(t.ciDir, stageName) }

func (t *Tree) journal() string { return path.Join(t.stage(), journalName) }

func (t *Tree) unfinished() bool {
	_, err := t.root.Lstat(t.journal())
	return err == nil
}

// apply makes all changes, or none on an error.
func (t *Tree) apply(changes []Change) (err error) {
	var todo []Change
	for _, c := range changes {
		if c.Action != Keep {
			todo = append(todo, c)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for i := len(made) - 1; i >= 0; i-- {
			_ = t.root.Remove(made[i])
		}
	}()
	there := map[string]bool{}
	for _, c := range todo {
		dir := path.Dir(c.Path)
		if there[dir] {
			continue
		}
		there[dir] = true
		dirs, err := t.makeDirs(dir)
		made = append(made, dirs...)
		if err != nil {
			return err
		}
	}
	steps, err := t.prepare(todo)
	if err == nil {
		err = t.writeJournal(steps)
	}
	if err != nil {
		_ = t.root.RemoveAll(t.stage())
		return err
	}
	if err := t.replay(steps); err != nil {
		undone := t.undo(steps)
		if undone != nil {
			return errors.Join(err, fmt.Errorf("cannot bring back what was there: %w", undone))
		}
		_ = t.discard()
		return err
	}
	return t.discard()
}

// prepare writes the new files, and links to the files to be replaced, to the
// private directory.
func (t *Tree) prepare(todo []Change) ([]step, error) {
	stage := t.stage()
	t.closeDirs() // one of an earlier call may be of a directory that is gone
	if err := t.root.Mkdir(stage, 0o777); err != nil {
		return nil, t.cannot("make", stage, err)
	}
	t.owner.chownDir(t.root, stage)
	steps := make([]step, len(todo))
	for i, c := range todo {
		s := step{Path: c.Path}
		if c.Old != nil {
			s.Old = path.Join(stage, "old-"+strconv.Itoa(i))
			if err := t.keepOld(c, s.Old); err != nil {
				return nil, t.cannot("save", c.Path, err)
			}
		}
		if c.Action == Write {
			s.New = path.Join(stage, "new-"+strconv.Itoa(i))
			if err := t.writeNew(c, s.New); err != nil {
				return nil, t.cannot("write", c.Path, err)
			}
			s.Digest = digest(c.New)
		}
		steps[i] = s
	}
	return steps, nil
}

// keepOld links to a file, or copies it if links are not supported.
func (t *Tree) keepOld(c Change, name string) error {
	if t.root.Link(c.Path, name) == nil {
		return nil
	}
	return c.owner.create(t.root, name, c.Old, c.mode)
}

// clearStage removes the files of a run that was killed before it wrote the
// journal.
func (t *Tree) clearStage() error {
	if _, err := t.root.Lstat(t.stage()); errors.Is(err, fs.ErrNotExist) {
		return nil // asking first lets a tree be read-only that needs no change
	}
	if err := t.root.RemoveAll(t.stage()); err != nil {
		return t.cannot("remove", t.stage(), err)
	}
	return nil
}

// writeNew writes a file with its previous mode and owner, or with mode 0644 modified
// by the umask and the owner of the project.
func (t *Tree) writeNew(c Change, name string) error {
	dir, name, err := t.at(name)
	if err != nil {
		return err
	}
	if c.Old == nil {
		return t.owner.create(dir, name, c.New, 0)
	}
	return c.owner.create(dir, name, c.New, c.mode)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeJournal makes the steps durable. From then on, they will be completed.
func (t *Tree) writeJournal(steps []step) error {
	text, err := json.Marshal(steps)
	if err != nil {
		return err
	}
	err = renameio.WriteFile(t.journal(), text, 0o644, renameio.WithRoot(t.root))
	if err != nil {
		return t.cannot("write", t.journal(), err)
	}
	return nil
}

// replay performs the steps that have not been performed yet.
func (t *Tree) replay(steps []step) error {
	f, err := t.openStepDirs(steps)
	defer f.close()
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.New == "" {
			if err := f.remove(s.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return t.cannot("delete", s.Path, err)
			}
			continue
		}
		if err := f.rename(s.New, s.Path); err != nil && !t.holds(s.Path, s.Digest) {
			return t.cannot("write", s.Path, err)
		}
	}
	return nil
}

// undo restores the files from before the steps.
func (t *Tree) undo(steps []step) error {
	var errs []error
	for _, s := range steps {
		switch _, err := t.root.Lstat(s.Old); {
		case s.Old == "":
			if !t.holds(s.Path, s.Digest) {
				continue // the step was not performed
			}
			err := t.root.Remove(s.Path)
			errs = append(errs, err)
		case err == nil:
			errs = append(errs, t.root.Rename(s.Old, s.Path))
		}
	}
	return errors.Join(errs...)
}

// holds reports whether a file has the content with this digest.
func (t *Tree) holds(name, want string) bool {
	info, err := t.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxGenerated {
		return false
	}
	data, err := safefs.In(t.root).ReadFile(name, maxGenerated)
	return err == nil && digest(data) == want
}

// discard removes the private directory, the journal first.
func (t *Tree) discard() error {
	if err := t.root.Remove(t.journal()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t.cannot("remove", t.journal(), err)
	}
	if err := t.root.RemoveAll(t.stage()); err != nil {
		return t.cannot("remove", t.stage(), err)
	}
	return nil
}

// recover completes the changes of a killed run.
func (t *Tree) recover() error {
	text, err := safefs.In(t.root).ReadFile(t.journal(), maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return t.clearStage()
	}
	if err != nil {
		return t.cannot("read", t.journal(), err)
	}
	var steps []step
	if err := json.Unmarshal(text, &steps); err != nil {
		return t.cannot("read", t.journal(), err)
	}
	if err := t.checkJournal(steps); err != nil {
		return err
	}
	whole := true
	for _, s := range steps {
		whole = whole && (s.New == "" || t.holds(s.New, s.Digest) || t.holds(s.Path, s.Digest))
	}
	if whole {
		err = t.replay(steps)
	} else {
		err = t.undo(steps)
	}
	if err != nil {
		return err
	}
	return t.discard()
}

// checkJournal refuses a journal that no run can have written, because it may
// come with an untrusted tree.
func (t *Tree) checkJournal(steps []step) error {
	bad := func() error {
		return fmt.Errorf("cannot use %s: no run has written it; remove %s", t.name(t.journal()), t.name(t.stage()))
	}
	for i, s := range steps {
		number := strconv.Itoa(i)
		old, staged := path.Join(t.stage(), "old-"+number), path.Join(t.stage(), "new-"+number)
		if s.Old != "" && s.Old != old || s.New != "" && s.New != staged || !t.isOurs(s.Path) {
			return bad()
		}
		if data, err := safefs.In(t.root).ReadFile(s.Path, maxGenerated); s.New == "" && err == nil && !generated(data) {
			return bad()
		}
	}
	return nil
}

// isOurs reports whether a path is one of generated files.
func (t *Tree) isOurs(name string) bool {
	if name == path.Join(t.ciDir, "gitlab.yml") {
		return true
	}
	for _, p := range places {
		dir, file := path.Split(name)
		if dir == path.Join(t.ciDir, p.dir)+"/" && path.Ext(file) == p.suffix && file != p.suffix {
			return true
		}
	}
	return false
}
