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

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

const (
	maxArtifacts     = 8 << 30 // bytes per job
	maxArtifactFiles = 1 << 20
	maxReports       = 10_000  // JUnit reports of a job that are recorded
	maxReportNames   = 1 << 20 // bytes of their names
)

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
	wanted.reports = selected(reports, trees)
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

// copyArtifacts copies the stored artifacts of job from into the container of
// job j, over what is there, the newest first. It returns what it has copied.
func (r *Runner) copyArtifacts(ctx context.Context, j, from *Job, c Container, there []placed) (artifactEntries, error) {
	if has, err := r.Artifacts.Has(from.Name, from.Runs); err != nil || !has {
		if err == nil && (j.asksFor(from.Name) || !from.Runs) {
			r.warn(j, fmt.Sprintf("job %q has left no artifacts here", from.Name))
		}
		return nil, err // GitLab too runs the job without the artifacts
	}
	if err := from.checkPatterns(); err != nil {
		return nil, err
	}
	set := newFileSet(from.Job.Artifacts.Paths, from.Job.Artifacts.Exclude, r.dirs(from)...)
	if from.Job.Artifacts.Untracked {
		set.paths = []string{"."}
	}
	if len(set.paths) == 0 || from.noArchive {
		return nil, nil
	}
	dir, err := r.Artifacts.Open(from.Name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := set.entries(dir.Root())
	if err != nil {
		return nil, err
	}
	if why := entries.conflict(there); why != "" {
		return nil, refusedf("GitLab Runner cannot extract them: %s here", why)
	}
	return entries, r.send(ctx, j, c, dir.Root(), entries)
}

// asksFor reports whether j names the job in dependencies or needs, or waits for
// it in this run.
func (j *Job) asksFor(name string) bool {
	if slices.Contains(j.Dependencies, name) || slices.Contains(j.WaitsFor, name) {
		return true
	}
	return slices.ContainsFunc(j.Needs, func(n gitlabci.Need) bool { return n.Job == name })
}

// send copies entries of dir into the tree in the container.
func (r *Runner) send(ctx context.Context, j *Job, c Container, dir *os.Root, entries artifactEntries) error {
	from, into := io.Pipe()
	go func() {
		into.CloseWithError(treetar.PackRoot(ctx, into, dir, treetar.PackOptions{Open: true, Keep: func(name string, _ fs.DirEntry) bool {
			_, ok := entries[name]
			return ok
		}}))
	}()
	err := c.Put(ctx, j.dir, from)
	from.CloseWithError(err)
	return err
}
