// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/globs"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

const (
	maxArtifacts     = 8 << 30 // bytes per job
	maxArtifactFiles = 1 << 20
	maxReports       = 10_000  // JUnit reports of a job that are recorded
	maxReportNames   = 1 << 20 // bytes of their names
)

// A fileSet selects files of a tree by GitLab's patterns. A directory that
// matches includes everything below it.
type fileSet struct {
	paths, exclude []string
	reports        []string        // like paths, but exclude does not apply to them
	never          []string        // patterns of files that belong to no set
	tracked        map[string]bool // files that git tracks if all others belong to the set; nil if they do not
}

// newFileSet makes a set of artifacts. Patterns may be relative to the first of
// trees, or absolute and below one of them. As in GitLab Runner, a path that is
// outside is ignored, and so are all exclude patterns after one that is.
func newFileSet(paths, exclude []string, trees ...string) fileSet {
	s := fileSet{paths: inTree(paths, trees), never: []string{"**/.git", "**/.git/**"}} // as GitLab Runner does
	for _, p := range exclude {
		inside := inTree([]string{p}, trees)
		if len(inside) == 0 && p != "" {
			break
		}
		s.exclude = append(s.exclude, inside...)
	}
	return s
}

// inTree returns the patterns that are inside the tree, relative to it.
func inTree(patterns, trees []string) (out []string) {
	if len(trees) == 0 {
		trees = []string{"/tree"}
	}
	for _, p := range patterns {
		if p == "" {
			continue // as GitLab Runner does, with a warning
		}
		if strings.ContainsAny(p, "*?[{") { // GitLab Runner takes escapes out of what precedes the first wildcard
			base, pattern := doublestar.SplitPattern(p)
			p = base + "/" + pattern
		}
		all := trees
		if !path.IsAbs(p) {
			p, all = path.Join(trees[0], p), trees[:1]
		}
		for _, tree := range all {
			if below, ok := strings.CutPrefix(path.Clean(p)+"/", tree+"/"); ok {
				out = append(out, path.Clean(below))
				break
			}
		}
	}
	return out
}

// cacheFileSet selects the files of a cache. A cache may contain repositories,
// but not the tree's own .git.
func cacheFileSet(paths []string, trees ...string) fileSet {
	s := newFileSet(paths, nil, trees...)
	s.never = []string{".git", ".git/**"}
	return s
}

// has reports whether a file that is no directory belongs to the set.
func (s fileSet) has(file string) bool { return s.contains(file, false) }

func (s fileSet) contains(file string, dir bool) bool {
	switch {
	case matchesAny(s.never, file):
		return false
	case includes(s.reports, file, dir):
		return true
	case matchesAny(s.exclude, file):
		return false
	case s.tracked != nil && !s.isTracked(file):
		return true
	}
	return includes(s.paths, file, dir)
}

// hasDir reports whether an empty directory belongs to the set. One that git does
// not track does not, because git lists only files.
func (s fileSet) hasDir(dir string) bool {
	s.tracked = nil
	return s.contains(dir, true)
}

// hasEntry reports whether what is not a directory belongs to the set. A symbolic
// link may stand for a directory.
func (s fileSet) hasEntry(name string, d fs.DirEntry) bool {
	return s.has(name) || d.Type() == fs.ModeSymlink && s.hasDir(name)
}

// isTracked reports whether git tracks a file, or a submodule that the file is in.
func (s fileSet) isTracked(file string) bool {
	for at := file; at != "." && at != "/"; at = path.Dir(at) {
		if s.tracked[at] {
			return true
		}
	}
	return false
}

func matchesAny(patterns []string, file string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return globs.Match(p, file) })
}

// checkPatterns returns an error for patterns of files that would take too much
// time.
func (j *Job) checkPatterns() error {
	var all []string
	for _, c := range j.Cache {
		all = append(all, c.Paths...)
	}
	if a := j.Job.Artifacts; a != nil {
		all = slices.Concat(all, a.Paths, a.Exclude)
		for _, report := range a.Reports {
			all = append(all, report.Paths...)
		}
	}
	for _, p := range all {
		if err := globs.Check(p); err != nil {
			return refusedf("%s: %w", j.Pos, err)
		}
	}
	return nil
}

// includes reports whether a pattern matches a file, or else a directory, or one
// above it.
func includes(patterns []string, file string, dir bool) bool {
	for _, p := range patterns {
		for at := file; ; at = path.Dir(at) {
			if p == "." {
				return true
			}
			if at == "." || at == "/" {
				break // patterns such as .* do not stand for the tree itself
			}
			p := p
			if above, below := strings.CutSuffix(p, "/**"); below && at == file && !dir {
				p = above + "/**/*" // only a directory has something below it
			}
			if globs.Match(p, at) {
				return true
			}
		}
	}
	return false
}

// maxRoots limits the paths for whose sake patterns with braces are expanded.
const maxRoots = 1000

// roots returns paths without patterns that contain every file of the set. No
// path is below another one.
func (s fileSet) roots() []string {
	if s.tracked != nil {
		return []string{"."}
	}
	var all []string
	for _, pattern := range slices.Concat(s.paths, s.reports) {
		expanded := []string{pattern}
		if len(all) < maxRoots {
			expanded = globs.Expand(pattern)
		}
		for _, p := range expanded {
			base := p
			if strings.ContainsAny(p, `*?[{\`) {
				base, _ = doublestar.SplitPattern(p)
			}
			if base = path.Clean(base); !fs.ValidPath(base) { // braces can begin with ".." or a slash
				base = "."
			}
			all = append(all, base)
		}
	}
	slices.Sort(all)
	var out []string
	for _, p := range all {
		if !slices.ContainsFunc(out, func(above string) bool { return above == "." || p == above || strings.HasPrefix(p, above+"/") }) {
			out = append(out, p)
		}
	}
	return out
}

// collect copies a job's artifacts and reports out of its container and replaces
// those of an earlier run.
func (r *Runner) collect(ctx context.Context, j *Job, c Container, passed bool, out *Outcome) error {
	a := j.Job.Artifacts
	if a == nil || r.Artifacts == nil {
		return nil
	}
	var paths, reports, junit []string
	untracked := false
	if j.noArchive = !fits(a.When, passed); !j.noArchive {
		paths, untracked = a.Paths, a.Untracked
	}
	for _, report := range a.Reports {
		if reports = append(reports, report.Paths...); report.Kind == "junit" {
			junit = append(junit, report.Paths...)
		}
	}
	trees := r.dirs(j)
	wanted := newFileSet(paths, a.Exclude, trees...)
	wanted.reports = inTree(reports, trees)
	if untracked {
		var err error
		if wanted.tracked, err = r.tracked(ctx, j, c, "artifacts"); err != nil {
			return fmt.Errorf("artifacts of job %q: %w", j.Name, err)
		}
	}
	if len(wanted.paths) == 0 && len(wanted.reports) == 0 && !untracked {
		return nil
	}
	files, err := r.collectFiles(ctx, j, c, wanted)
	if err != nil {
		return fmt.Errorf("artifacts of job %q: %w", j.Name, err)
	}
	for i, p := range slices.Concat(paths, reports) {
		exclude := a.Exclude
		if i >= len(paths) {
			exclude = nil
		}
		if one := newFileSet([]string{p}, exclude, trees...); !slices.ContainsFunc(files, one.hasDir) && !isDir(r.Artifacts.Dir(j.Name), p) {
			r.warn(j, fmt.Sprintf("artifacts: nothing matches %q", p))
		}
	}
	out.Artifacts = r.Artifacts.Dir(j.Name)
	forPeople := newFileSet(junit, nil, trees...)
	for _, file := range files {
		if forPeople.has(file) {
			out.JUnit = append(out.JUnit, file)
		}
	}
	out.JUnit = r.recorded(j, out.JUnit)
	return r.checkReports(j)
}

// fits reports whether the "when" of artifacts or a cache fits the result of a job,
// so that they are stored.
func fits(when string, passed bool) bool {
	return when == "always" || (when == "on_failure") != passed
}

// recorded returns those of a job's JUnit reports that are recorded.
func (r *Runner) recorded(j *Job, reports []string) []string {
	size := 0
	for i, name := range reports {
		if size += len(name); i >= maxReports || size > maxReportNames {
			r.warn(j, fmt.Sprintf("%d of its JUnit reports are not read", len(reports)-i))
			return reports[:i]
		}
	}
	return reports
}

// dirs returns the directories that absolute paths of a job may be below.
func (r *Runner) dirs(j *Job) []string {
	if j.dir == "" {
		return []string{r.Tree.MountPath} // it has not run here
	}
	return []string{j.dir, r.Tree.MountPath}
}

// tracked returns the files that git tracks, for untracked in a keyword of a job.
// The script may have changed the index. Without a repository, GitLab Runner warns
// and takes no untracked file; then it returns nil.
func (r *Runner) tracked(ctx context.Context, j *Job, c Container, keyword string) (map[string]bool, error) {
	if !r.Tree.Writable {
		if names, ok := indexed(ctx, j, c); ok {
			return names, nil
		}
	}
	if j.noRepository {
		r.warn(j, keyword+": untracked files are left out: GIT_STRATEGY makes no repository")
		return nil, nil
	}
	if r.Tree.Snapshot == nil {
		return nil, errors.New("untracked files are not known in a directory that jobs change")
	}
	return r.Tree.Snapshot.Tracked(ctx)
}

// isDir reports whether name is a directory below dir. It may be empty.
func isDir(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path.Join("/", name))))
	return err == nil && info.IsDir()
}

// collectFiles stores all files of a set as the job's artifacts, or none if it
// fails.
func (r *Runner) collectFiles(ctx context.Context, j *Job, c Container, set fileSet) (files []string, err error) {
	err = r.Artifacts.Replace(j.Name, func(fresh *safefs.Dir) error {
		for _, root := range set.roots() {
			some, err := r.fetch(ctx, j, c, root, fresh.Root(), set)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			files = append(files, some...)
		}
		return dropEmpty(fresh, set)
	})
	return files, err
}

// dropEmpty removes empty directories that do not belong to the set.
func dropEmpty(dir *safefs.Dir, set fileSet) error {
	var dirs []string
	err := dir.Walk(func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, name)
		}
		return err
	})
	for _, name := range slices.Backward(dirs) { // children before their parents
		if !set.hasDir(name) {
			_ = dir.Root().Remove(filepath.FromSlash(name)) // fails unless the directory is empty
		}
	}
	return err
}

// fetch copies the files of a set below root out of the container. If root is a
// symbolic link, it is copied as a link, unless only what it leads to belongs to
// the set.
func (r *Runner) fetch(ctx context.Context, j *Job, c Container, root string, to *os.Root, set fileSet) ([]string, error) {
	o := treetar.UnpackOptions{
		Below: path.Dir(root), LinkRoot: j.dir, MaxBytes: maxArtifacts, MaxFiles: maxArtifactFiles,
		Keep: func(name string, d fs.DirEntry) bool {
			if dir, base := path.Split(name); base == ".git" && dir != "" && set.tracked != nil {
				set.tracked[path.Clean(dir)] = true // git lists no files of another repository, such as a clone
			}
			return d.IsDir() || set.hasEntry(name, d)
		},
		Refused: func(name, why string) { r.warn(j, fmt.Sprintf("%s is not taken: %s", name, why)) },
	}
	known := len(set.tracked)
	get := c.Get
	switch {
	case root == ".":
		o.Strip = 1
	case set.hasDir(root):
		get = c.GetNoFollow
	}
	from, into := io.Pipe()
	fetched := make(chan error, 1)
	go func() {
		err := get(ctx, path.Join(j.dir, root), into)
		into.CloseWithError(err)
		fetched <- err
	}()
	files, err := treetar.UnpackRoot(ctx, from, to, o)
	from.CloseWithError(errors.New("no more is wanted"))
	if got := <-fetched; got != nil && (err == nil || errors.Is(err, got)) {
		err = got
	}
	if err == nil && len(set.tracked) > known {
		files, err = set.dropOthers(to, files)
	}
	return files, err
}

// dropOthers removes files that do not belong to the set: those of a repository
// that come before its .git in an archive.
func (s fileSet) dropOthers(dir *os.Root, files []string) (left []string, err error) {
	for _, name := range files {
		info, err := dir.Lstat(name)
		if err != nil {
			return nil, err
		}
		if s.hasEntry(name, fs.FileInfoToDirEntry(info)) {
			left = append(left, name)
			continue
		}
		err = dir.Remove(name)
		if errors.Is(err, fs.ErrPermission) { // its directory may be read-only
			err = errors.Join(dir.Chmod(path.Dir(name), 0o755), dir.Remove(name))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return left, nil
}

// copyArtifacts copies the stored artifacts of job from into the container of
// job j.
func (r *Runner) copyArtifacts(ctx context.Context, j, from *Job, c Container) error {
	if has, err := r.Artifacts.Has(from.Name, from.Runs); err != nil || !has {
		if err == nil && (j.asksFor(from.Name) || !from.Runs) {
			r.warn(j, fmt.Sprintf("job %q has left no artifacts here", from.Name))
		}
		return err // GitLab too runs the job without the artifacts
	}
	if err := from.checkPatterns(); err != nil {
		return err
	}
	set := newFileSet(from.Job.Artifacts.Paths, from.Job.Artifacts.Exclude, r.dirs(from)...)
	if from.Job.Artifacts.Untracked {
		set.paths = []string{"."}
	}
	if len(set.paths) == 0 || from.noArchive {
		return nil
	}
	dir, err := r.Artifacts.Open(from.Name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return r.send(ctx, j, c, dir.Root(), set.hasEntry)
}

// asksFor reports whether j names the job in dependencies or needs, or waits for
// it in this run.
func (j *Job) asksFor(name string) bool {
	if slices.Contains(j.Dependencies, name) || slices.Contains(j.WaitsFor, name) {
		return true
	}
	return slices.ContainsFunc(j.Needs, func(n gitlabci.Need) bool { return n.Job == name })
}

// send copies the files of dir for which keep returns true into the tree in the
// container.
func (r *Runner) send(ctx context.Context, j *Job, c Container, dir *os.Root, keep func(string, fs.DirEntry) bool) error {
	from, into := io.Pipe()
	go func() {
		into.CloseWithError(treetar.PackRoot(ctx, into, dir, treetar.PackOptions{Open: true, Keep: func(name string, d fs.DirEntry) bool { return d.IsDir() || keep(name, d) }}))
	}()
	err := c.Put(ctx, j.dir, from)
	from.CloseWithError(err)
	return err
}
