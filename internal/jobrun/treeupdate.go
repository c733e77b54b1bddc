// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// An update says what updateTree did with the files that changed between two
// trees.
type update struct {
	replaced, removed []string
	kept              []string // what the job made of them stays
}

// updateTree applies the changes between two trees of the host to the tree in a
// container. Files that the job has changed are kept. If it is interrupted, the
// next call completes it, whatever the tree is then.
func updateTree(ctx context.Context, c Container, before, now view, at string, to io.Writer) (update, error) {
	changed, err := treeChanges(before, now)
	if err != nil {
		return update{}, err
	}
	journal, err := readJournal(ctx, c)
	if err != nil {
		return update{}, err
	}
	p := treePlan{before: before, now: now, journal: journal}
	if err := p.compare(changed); err != nil || len(p.changes) == 0 {
		return p.update, err
	}
	if n := len(changed); n > maxNamed {
		fmt.Fprintf(to, "lcitool: updating the container's tree: %d files have changed\n", n)
	}
	if p.there, err = readTree(ctx, c, at, p.names(), p.dirNames()); err != nil {
		return p.update, err
	}
	p.decide()
	if !p.empty() {
		err = p.apply(ctx, c, at)
	}
	return p.update, err
}

// stagingDir is the directory in the tree for files until they replace others.
// Renames within a file system leave no file incomplete.
const stagingDir = ".lcitool-update"

// apply makes the changes of the plan. The journal says before the first change
// which states each file can get, and afterwards which one it has.
func (p *treePlan) apply(ctx context.Context, c Container, at string) error {
	begin, err := p.begun().script()
	if err != nil {
		return err
	}
	begin += "rm -rf ./" + stagingDir + "\n" + shellLines("rm -f", p.removed)
	for part := range slices.Chunk(p.dirs, partSize) { // those that are not empty stay
		begin += strings.TrimSuffix(shellLine("rmdir", part), "\n") + " 2> /dev/null || :\n"
	}
	end, err := p.done().script()
	if err != nil {
		return err
	}
	if len(p.replaced) > 0 {
		if _, err := runScript(ctx, c, at, begin); err != nil {
			return fmt.Errorf("cannot remove files of the tree: %w", err)
		}
		if err := p.stage(ctx, c, at); err != nil {
			return err
		}
		begin, end = "", p.install()+end
	}
	if _, err := runScript(ctx, c, at, begin+end); err != nil {
		return fmt.Errorf("cannot change files of the tree: %w", err)
	}
	return nil
}

// stage copies the new files to the staging directory.
func (p *treePlan) stage(ctx context.Context, c Container, at string) error {
	from, into := io.Pipe()
	go func() { into.CloseWithError(p.pack(into)) }()
	err := c.Put(ctx, at, from)
	from.CloseWithError(cmp.Or(err, io.ErrClosedPipe))
	return err
}

// install returns the commands that put staged files in their places. They are
// newer than all that the job made, by the container's clock: make and ninja
// compare times. mv fails for a directory that should be a file.
func (p *treePlan) install() string {
	var files []string
	dirs := map[string][]string{}
	for _, name := range p.replaced {
		staged := path.Join(stagingDir, name)
		if p.changes[name].is.kind == 'f' {
			files = append(files, staged)
		}
		dirs[path.Dir(name)] = append(dirs[path.Dir(name)], staged)
	}
	var moves strings.Builder
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		for part := range slices.Chunk(dirs[dir], partSize) {
			moves.WriteString(shellLine("mv -f", append(slices.Clone(part), dir+"/")))
		}
	}
	return shellLines("touch -c", files) + moves.String() + "rm -rf ./" + stagingDir + "\n"
}

// pack writes an archive of the directories that the new files need, and of the
// files as they are staged.
func (p *treePlan) pack(to io.Writer) error {
	w, at := tar.NewWriter(to), time.Now()
	for _, dir := range p.newDirs() {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: at, Format: tar.FormatPAX}
		if info, err := os.Lstat(p.now.file(dir)); err == nil {
			h.Mode = int64(info.Mode().Perm())
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
	}
	for _, name := range p.replaced {
		if err := packFile(w, p.now.file(name), path.Join(stagingDir, name), at); err != nil {
			return fmt.Errorf("cannot pack %s: %w", name, err)
		}
	}
	return w.Close()
}

func packFile(w *tar.Writer, file, name string, at time.Time) error {
	info, err := os.Lstat(file)
	if err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: at, Format: tar.FormatPAX}
	if info.Mode()&fs.ModeSymlink != 0 {
		h.Typeflag, h.Size = tar.TypeSymlink, 0
		if h.Linkname, err = os.Readlink(file); err != nil {
			return err
		}
		return w.WriteHeader(h)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyN(w, f, h.Size)
	return err
}

func (u *update) tell(to io.Writer) {
	for _, list := range []struct {
		what  string
		names []string
	}{
		{"updated from the tree", u.replaced},
		{"removed, because the tree no longer has them", u.removed},
		{"changed in the tree, but kept as the job left them", u.kept},
	} {
		if n := len(list.names); n > 0 {
			more := ""
			if n > maxNamed {
				more = fmt.Sprintf(" and %d more", n-maxNamed)
			}
			names := make([]string, min(n, maxNamed))
			for i := range names {
				names[i] = termtext.Quoted(list.names[i])
			}
			fmt.Fprintf(to, "lcitool: %s: %s%s\n", list.what, strings.Join(names, ", "), more)
		}
	}
}

// maxNamed is the number of file names printed per list.
const maxNamed = 20

// ownFailure returns the error of a command that is not the job's. Otherwise its
// exit status would be taken for the job's.
func ownFailure(err error) error {
	if exit, ok := errors.AsType[*api.ExitError](err); ok {
		return errors.New(exit.Error())
	}
	return err
}
