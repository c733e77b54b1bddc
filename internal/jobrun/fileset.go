// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"gitlab.com/lcitool/lcitool/internal/globs"
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
	s := fileSet{paths: selected(paths, trees), never: []string{"**/.git", "**/.git/**"}} // as GitLab Runner does
	for _, p := range exclude {
		inside := inTree([]string{p}, trees)
		if len(inside) == 0 && p != "" {
			break
		}
		s.exclude = append(s.exclude, inside...)
	}
	return s
}

// selected returns the patterns of paths that are inside the tree. GitLab Runner
// expands braces before it looks for files, so that an empty alternative at the end,
// as in */{,x}, stands for the directories. The last alternative does not count if
// it is empty.
func selected(paths, trees []string) []string {
	out := inTree(paths, trees)
	for _, p := range out {
		if strings.Contains(p, ",}") {
			continue
		}
		_, rest := doublestar.SplitPattern(p)
		for _, one := range globs.Expand(rest) {
			dir, ends := strings.CutSuffix(one, "/")
			switch {
			case !ends || dir == "":
				continue
			case strings.Trim(strings.ReplaceAll(dir, "**", ""), "/") == "": // all directories but the tree itself
				dir += "/*/**"
			case strings.ContainsAny(dir, `*?[{`): // no files with such a name
				dir += "/**"
			}
			out = append(out, path.Clean(strings.TrimSuffix(p, rest)+dir))
		}
	}
	return out
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
