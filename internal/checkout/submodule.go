// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Submodules says which submodules are checked out. Their commits come from the
// developer's checkouts of them; nothing is fetched.
type Submodules struct {
	Enabled   bool
	Recursive bool
	Depth     int      // generations of history, 0 for all
	Paths     []string // only these; empty for all
}

// maxNested limits the nesting of submodules.
const maxNested = 10

// A submodule is an entry of .gitmodules with its commit.
type submodule struct{ name, path, url, commit string }

// populate checks out the submodules of a tree.
func (o Submodules) populate(ctx context.Context, s *Snapshot, t Tree) error {
	if !o.Enabled {
		return nil
	}
	top := level{git: git{dir: filepath.Join(t.Dir, ".git")}, tree: t.Dir, source: s.work, origin: t.Origin, commit: s.Commit}
	if err := o.checkPaths(ctx, top); err != nil {
		return err
	}
	return o.level(ctx, t, top)
}

// checkPaths fails if a path matches no file of the tree, as git does.
func (o Submodules) checkPaths(ctx context.Context, l level) error {
	if len(o.Paths) == 0 {
		return nil
	}
	files, err := l.git.list(ctx, "ls-tree", "-r", "-z", "--name-only", l.commit)
	if err != nil {
		return err
	}
	for _, p := range o.Paths {
		if _, excludes := withoutMagic(p); !excludes && !slices.ContainsFunc(files, func(name string) bool { return matchesPathspec(p, name) }) {
			return fmt.Errorf("GIT_SUBMODULE_PATHS: pathspec %q matches no file", p)
		}
	}
	return nil
}

// A level is a repository that may have submodules.
type level struct {
	git    git
	tree   string // where it is checked out for the job
	source string // where the developer has it
	origin string // its URL
	commit string
	depth  int
}

func (o Submodules) level(ctx context.Context, t Tree, l level) error {
	modules, err := l.submodules(ctx)
	if err != nil {
		return err
	}
	for _, m := range modules {
		if l.depth == 0 && len(o.Paths) > 0 && !matchesPath(o.Paths, m.path) {
			continue
		}
		below, err := o.one(ctx, t, l, m)
		if err != nil {
			return fmt.Errorf("submodule %q: %w", m.path, err)
		}
		if o.Recursive && l.depth < maxNested {
			if err := o.level(ctx, t, below); err != nil {
				return fmt.Errorf("submodule %q: %w", m.path, err)
			}
		}
	}
	return nil
}

// matchesPath implements GIT_SUBMODULE_PATHS: a list of git's pathspecs, where
// ":(exclude)PATH", ":!PATH" or ":^PATH" excludes one.
func matchesPath(paths []string, name string) bool {
	included, only := false, false
	for _, p := range paths {
		if excluded, ok := withoutMagic(p); ok {
			if matchesPathspec(excluded, name) {
				return false
			}
			continue
		}
		only = true
		included = included || matchesPathspec(p, name)
	}
	return included || !only
}

func withoutMagic(pathspec string) (excluded string, ok bool) {
	for _, magic := range []string{":(exclude)", ":!", ":^"} {
		if excluded, ok = strings.CutPrefix(pathspec, magic); ok {
			return excluded, true
		}
	}
	return "", false
}

// matchesPathspec reports whether a pathspec is a path or a directory above it,
// or matches it as a pattern, whose wildcards match slashes as well.
func matchesPathspec(pathspec, name string) bool {
	p := path.Clean(pathspec)
	if p == "." || p == name || strings.HasPrefix(name, p+"/") {
		return true
	}
	ok, err := doublestar.Match(strings.ReplaceAll(withoutBraces(pathspec), "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return err == nil && ok
}

// withoutBraces escapes the braces of a pathspec, in which git sees ordinary
// characters.
func withoutBraces(pathspec string) string {
	var b strings.Builder
	escaped := false
	for _, c := range []byte(pathspec) {
		if !escaped && (c == '{' || c == '}') {
			b.WriteByte('\\')
		}
		escaped = c == '\\' && !escaped
		b.WriteByte(c)
	}
	return b.String()
}

// submodules returns the submodules that are both in .gitmodules and in the
// commit.
func (l level) submodules(ctx context.Context) ([]submodule, error) {
	links, err := l.git.list(ctx, "ls-tree", "-r", "-z", l.commit)
	if err != nil {
		return nil, err
	}
	commits := map[string]string{}
	for _, line := range links {
		meta, name, _ := strings.Cut(line, "\t")
		if fields := strings.Fields(meta); len(fields) == 3 && fields[1] == "commit" {
			commits[name] = fields[2]
		}
	}
	if len(commits) == 0 {
		return nil, nil
	}
	settings, err := l.git.list(ctx, "config", "--blob", l.commit+":.gitmodules", "--no-includes", "--null", "--list")
	if err != nil {
		return nil, fmt.Errorf("%d submodules, but no readable .gitmodules: %w", len(commits), err)
	}
	modules := map[string]*submodule{}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "\n")
		rest, ok := strings.CutPrefix(key, "submodule.")
		at := strings.LastIndex(rest, ".")
		if !ok || at < 0 {
			continue
		}
		m := modules[rest[:at]]
		if m == nil {
			m = &submodule{name: rest[:at]}
			modules[m.name] = m
		}
		switch rest[at+1:] {
		case "path":
			m.path = value
		case "url":
			m.url = value
		}
	}
	var out []submodule
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		commit, ok := commits[m.path]
		if !ok {
			continue
		}
		if !filepath.IsLocal(m.name) || !filepath.IsLocal(m.path) || strings.Contains(m.name, "\n") {
			return nil, fmt.Errorf(".gitmodules: %q at %q leads out of the tree", m.name, m.path)
		}
		m.commit = commit
		out = append(out, *m)
	}
	return out, nil
}

func (o Submodules) one(ctx context.Context, t Tree, l level, m submodule) (level, error) {
	source := filepath.Join(l.source, filepath.FromSlash(m.path))
	if !isRealDir(l.source, m.path) {
		return level{}, fmt.Errorf("it is not checked out in %s", l.source)
	}
	p, err := find(ctx, source, nil)
	if err != nil {
		return level{}, err
	}
	defer p.close()
	if p.repo == nil || p.prefix != "" {
		return level{}, fmt.Errorf("it is not checked out in %s; run git submodule update --init there", l.source)
	}
	tree := filepath.Join(l.tree, filepath.FromSlash(m.path))
	if err := realDir(l.tree, m.path); err != nil {
		return level{}, err
	}
	g := git{dir: filepath.Join(l.git.dir, "modules", filepath.FromSlash(m.name))}
	below := level{git: g, tree: tree, source: source, origin: resolveURL(l.origin, m.url), commit: m.commit, depth: l.depth + 1}
	if err := g.create(p.format, p.objects, p.shallow); err != nil {
		return below, err
	}
	h, err := g.history(ctx, m.commit, o.Depth, p.shallow)
	if err != nil {
		return below, fmt.Errorf("%s has no commit %s; run git submodule update there", source, m.commit)
	}
	if err := g.create(p.format, p.objects, h.boundary); err != nil {
		return below, err
	}
	up, err := filepath.Rel(tree, g.dir)
	if err != nil {
		return below, err
	}
	back, err := filepath.Rel(g.dir, tree)
	if err != nil {
		return below, err
	}
	config := (&Tree{Origin: below.origin, Include: t.Include}).config(p.format)
	config += "[core]\n\tworktree = " + quoteConfig(filepath.ToSlash(back)) + "\n"
	if err := os.WriteFile(filepath.Join(g.dir, "config"), []byte(config), 0o666); err != nil {
		return below, err
	}
	if err := os.WriteFile(filepath.Join(tree, ".git"), []byte("gitdir: "+filepath.ToSlash(up)+"\n"), 0o666); err != nil {
		return below, err
	}
	if _, err := g.of(tree).run(ctx, "checkout", "--force", "--quiet", "--detach", m.commit); err != nil {
		return below, err
	}
	for key, value := range map[string]string{"active": "true", "url": below.origin} {
		if _, err := l.git.run(ctx, "config", "submodule."+m.name+"."+key, value); err != nil {
			return below, err
		}
	}
	return below, g.finish(ctx, "", p.objects)
}

// realDir fails unless every element of a path below dir is a directory and not
// a symbolic link.
func realDir(dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.FromSlash(name), 0o777); err != nil {
		return err
	}
	if !isRealDir(dir, name) {
		return fmt.Errorf("%s is not a directory", name)
	}
	return nil
}

// isRealDir reports whether every element of a path below dir is a directory and
// not a symbolic link, which could lead to a repository of somebody else.
func isRealDir(dir, name string) bool {
	for at := path.Clean(name); at != "."; at = path.Dir(at) {
		if info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(at))); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// resolveURL returns the URL of a submodule. ref may be relative to origin, the
// URL of the parent repository.
func resolveURL(origin, ref string) string {
	if !strings.HasPrefix(ref, "./") && !strings.HasPrefix(ref, "../") {
		return ref
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		u.Path = path.Join("/", u.Path, ref)
		return u.String()
	}
	host, name, ok := strings.Cut(origin, ":")
	if !ok {
		return path.Join(origin, ref)
	}
	return host + ":" + path.Join(name, ref)
}
