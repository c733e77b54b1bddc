// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A scope is the input of rules.
type scope struct {
	event *Event
	vars  layers
	tree  *tree

	patterns *budget
	since    func(revision string) []string // see Options.ChangedSince
}

func (s *scope) with(vars layers) *scope {
	return &scope{event: s.event, vars: vars, tree: s.tree, patterns: s.patterns, since: s.since}
}

// match returns the first rule that matches or may match, or nil. The result is
// of no use without a budget left.
func (s *scope) match(rules []rule) *rule {
	for i := range rules {
		if s.patterns.spent() {
			return nil
		}
		if s.holds(&rules[i]) {
			return &rules[i]
		}
	}
	return nil
}

func (s *scope) holds(r *rule) bool {
	return (r.condition == nil || r.condition.holds(s.vars.lookup, s.patterns)) &&
		(r.changes == nil || s.changed(r.changes)) &&
		(r.exists == nil || s.exists(r.exists))
}

// changed reports whether a changed file of the event matches. If the changed
// files are unknown, it returns true, as GitLab does for pipelines that were not
// started by a push to a branch or a merge request.
func (s *scope) changed(p *paths) bool {
	if p.compareTo == "" && !s.event.hasChanges() {
		return true
	}
	switch files := s.changedFiles(p); {
	case files == nil:
		s.tree.unknownChanges = true
		return true
	case p.regexp != "":
		return s.regexpMatches(p.regexp, files)
	default:
		return globMatches(s.expanded(p.patterns), files, s.patterns)
	}
}

// changedFiles returns the files that changes compares, nil if they are not known.
// A list that the user gave stands for any comparison.
func (s *scope) changedFiles(p *paths) []string {
	if p.compareTo == "" || s.event.Changed != nil {
		return s.event.Changed
	}
	to := s.expanded([]string{p.compareTo})[0]
	if s.event.isRef(to) {
		return []string{} // the pipeline's own commit
	}
	if s.since == nil {
		return nil
	}
	return s.since(to)
}

// regexpMatches reports whether a file matches a regular expression. As on GitLab,
// more than maxComparisons files match.
func (s *scope) regexpMatches(source string, files []string) bool {
	if len(files) > maxComparisons {
		return true
	}
	pattern, err := compileRuby(s.expanded([]string{source})[0])
	if err != nil {
		s.patterns.left = -1 // nothing is known of a match that only GitLab can decide
		return false
	}
	s.patterns.take(pattern, compileCost)
	return slices.ContainsFunc(files, func(f string) bool { return s.patterns.take(pattern, len(f)) && pattern.MatchString(f) })
}

// expanded returns the paths of a rule with known variables expanded, also those
// in values. Like GitLab, it keeps other references.
func (s *scope) expanded(patterns []string) []string {
	x := newExpander(s.vars, nil)
	out := make([]string, len(patterns))
	for i, p := range patterns {
		out[i] = variableReference.ReplaceAllStringFunc(p, func(ref string) string {
			if name := bareName(ref); s.vars.has(name) {
				return x.bounded(x.fromGitLab(name))
			}
			return ref
		})
	}
	return out
}

// exists reports whether a file of the tree matches, or is in a directory whose
// name ends with a slash.
func (s *scope) exists(wanted *paths) bool {
	if wanted.regexp != "" {
		return s.regexpMatches(wanted.regexp, s.tree.files())
	}
	var globs []string
	for _, p := range s.expanded(wanted.patterns) {
		switch {
		case isGlob(p):
			globs = append(globs, p)
		case strings.HasSuffix(p, "/") && s.tree.hasBelow(p), s.tree.has(p):
			return true
		}
	}
	return len(globs) > 0 && existsMatch(globs, s.tree.files(), s.patterns)
}

// maxFiles limits the files of a tree that are compared with patterns.
const maxFiles = 200_000

// A tree is the project's files. They are listed when a pattern is first
// evaluated.
type tree struct {
	fsys           fs.FS
	names          func() ([]string, error) // lists the files, sorted, if there is no fsys
	listed         []string
	err            error // that names returned
	unknownChanges bool  // a rule asked for changed files, and they are not known
}

// has reports whether the tree has a file by that name. As in a commit, a link is
// a file, and nothing is below it.
func (t *tree) has(name string) bool {
	if t.fsys == nil {
		_, found := slices.BinarySearch(t.files(), name)
		return found
	}
	if !fs.ValidPath(name) || linked(t.fsys, path.Dir(name)) {
		return false
	}
	info, err := fs.Lstat(t.fsys, name)
	return err == nil && !info.IsDir()
}

// linked reports whether a name is or leads through a symbolic link.
func linked(fsys fs.FS, name string) bool {
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		info, err := fs.Lstat(fsys, name[:i])
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return err == nil
		}
	}
	return false
}

// hasBelow reports whether a file's name begins with a directory, which ends with
// a slash.
func (t *tree) hasBelow(dir string) bool {
	files := t.files()
	at, _ := slices.BinarySearch(files, dir)
	return at < len(files) && strings.HasPrefix(files[at], dir)
}

func (t *tree) files() []string {
	switch {
	case t.listed != nil:
	case t.fsys != nil:
		t.list(".")
	default:
		t.listed, t.err = t.names()
		t.listed = append([]string{}, t.listed...)
	}
	return t.listed
}

// list lists the files below a directory, sorted, without .git. It skips
// unreadable files, because they are not in the commit that GitLab sees.
func (t *tree) list(start string) {
	t.listed = []string{}
	_ = fs.WalkDir(t.fsys, start, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && entry != nil && entry.IsDir():
			return fs.SkipDir
		case err != nil:
			return nil
		case entry.IsDir() && name == ".git":
			return fs.SkipDir
		case !entry.IsDir():
			t.listed = append(t.listed, name)
		}
		if len(t.listed) == maxFiles {
			return fs.SkipAll
		}
		return nil
	})
	slices.Sort(t.listed)
}
