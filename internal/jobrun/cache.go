// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/zstd"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/globs"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

// keptCaches is the number of caches kept per project and scope. The least
// recently used are removed first.
const keptCaches = 20

// ccacheVolume names the volume with the job's ccache results. Each combination
// of project, scope, target, architecture and image has its own.
func (r *Runner) ccacheVolume(j *Job) string {
	role := j.Role()
	of := r.Project + "\x00" + r.cacheScope(false) + "\x00" + role.Target + "\x00" + role.Arch + "\x00" + j.Image.Reference
	return api.CacheVolume(fmt.Sprintf("%.16x", sha256.Sum256([]byte(of))))
}

// maxKeyFile limits the size of one file in cache:key:files, in bytes.
const maxKeyFile = 256 << 20

// cacheKey returns the key of the cache at index place of a job. A key from
// cache:key:files depends on the contents of those files that exist, not on
// their names.
func (r *Runner) cacheKey(c gitlabci.Cache, place int) (string, error) {
	if len(c.KeyFiles) == 0 {
		return c.Key, nil
	}
	tree, err := safefs.OpenDir(r.Tree.Dir)
	if err != nil {
		return "", err
	}
	defer tree.Close()
	names, err := keyFiles(tree, c.KeyFiles)
	if err != nil {
		return "", err
	}
	var sums []string
	for _, name := range names {
		sum, err := fileSum(tree, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("cache:key:files: cannot read %q: %w", name, err)
		}
		sums = append(sums, sum)
	}
	key := "default"
	if slices.Sort(sums); len(sums) > 0 {
		key = fmt.Sprintf("%.20x", sha256.Sum256([]byte(strings.Join(slices.Compact(sums), "-"))))
	}
	return cmp.Or(c.KeyPrefix, strconv.Itoa(place)) + "-" + key, nil
}

func keyFiles(tree *safefs.Dir, patterns []string) ([]string, error) {
	var out []string
	for _, p := range patterns {
		p = strings.TrimPrefix(path.Join("/", p), "/")
		if !strings.Contains(p, "*") {
			out = append(out, p)
			continue
		}
		found, err := globs.Files(tree.FS(), p)
		if err != nil {
			return nil, fmt.Errorf("cache:key:files: %q: %w", p, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

func fileSum(tree *safefs.Dir, name string) (string, error) {
	f, err := tree.Open(name)
	if err != nil {
		return "", diag.Cause(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxKeyFile {
		return "", errors.Join(err, &safefs.TooLargeError{Limit: maxKeyFile})
	}
	h := sha256.New()
	if _, err := io.Copy(h, safefs.Limit(f, maxKeyFile)); err != nil {
		return "", diag.Cause(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// checkCaches returns an error for a cache policy that GitLab Runner refuses.
func (j *Job) checkCaches() error {
	for _, c := range j.Cache {
		if selectsFiles(c) && !slices.Contains([]string{"", "pull-push", "pull", "push"}, c.Policy) {
			return refusedf("%s: unknown cache policy %q", j.Pos, c.Policy)
		}
	}
	return nil
}

// selectsFiles reports whether a cache has paths. GitLab Runner ignores one that
// has none.
func selectsFiles(c gitlabci.Cache) bool {
	return c.Untracked || slices.ContainsFunc(c.Paths, func(p string) bool { return p != "" })
}

// A storedCache is a cache by its key, as messages name it, and the file that has
// it if it exists.
type storedCache struct{ key, file string }

// stored returns the caches to try, in order.
func (r *Runner) stored(j *Job, c gitlabci.Cache, key string) []storedCache {
	var all []storedCache
	for _, key := range append([]string{key}, c.FallbackKeys...) {
		all = append(all, storedCache{key, r.cacheFile(c, r.cleanKey(j, key))})
	}
	v, _ := j.Variables.Get("CACHE_FALLBACK_KEY")
	if v.Value == "" {
		return all
	}
	whole := r.cleanWholeKey(j, v.Value)
	switch {
	case strings.HasSuffix(strings.TrimRight(whole, ". "), "-protected"):
		r.warn(j, fmt.Sprintf("CACHE_FALLBACK_KEY %q must not end in -protected", v.Value))
		return all
	case whole == "":
		r.warn(j, fmt.Sprintf("CACHE_FALLBACK_KEY %q is not a key", v.Value))
		return all
	}
	all = append(all, storedCache{v.Value, r.cacheFile(c, whole)})
	if bare, ok := strings.CutSuffix(whole, nonProtected); ok {
		for _, scope := range []string{r.unprotectedScope(), r.cacheScope(true)} {
			all = append(all, storedCache{v.Value, r.scopedFile(scope, bare)})
		}
	}
	return all
}

// nonProtected is what GitLab appends to the keys of caches of unprotected refs,
// though not to that in CACHE_FALLBACK_KEY.
const nonProtected = "-non_protected"

// cleanKey returns a key as GitLab Runner uses it, where keys are paths. GitLab
// appends a suffix before, so that a key such as ".." is the name of a file.
func (r *Runner) cleanKey(j *Job, key string) string {
	return strings.TrimSuffix(r.cleanWholeKey(j, key+nonProtected), nonProtected)
}

// cleanWholeKey is cleanKey for a key that gets no suffix. It returns "" if nothing
// is left of the key.
func (r *Runner) cleanWholeKey(j *Job, key string) string {
	if isOn(value(r.environment(j), "FF_HASH_CACHE_KEYS"), false) {
		return key
	}
	decoded := strings.NewReplacer("%2f", "/", "%2F", "/", "%2e", ".", "%2E", ".", `\`, "/").Replace(key)
	key = path.Clean("/" + decoded)[1:]
	for {
		end := strings.LastIndexByte(key, '/')
		if strings.TrimSpace(key[end+1:]) != "" || end < 0 {
			return strings.TrimRightFunc(key, unicode.IsSpace)
		}
		key = key[:end]
	}
}

// cacheScope returns the suffix that separates the caches of protected and
// unprotected refs, as GitLab's key suffix does: a fork's job must not write the
// default branch's cache. With unprotect set, both share one cache.
func (r *Runner) cacheScope(unprotect bool) string {
	switch {
	case unprotect:
		return "non_protected"
	case r.Protected:
		return r.Source + "\x00protected"
	}
	return r.unprotectedScope()
}

func (r *Runner) unprotectedScope() string { return r.Source + "\x00non_protected" }

// cacheFile returns the path of a cache's archive. Paths in the archive are
// relative to the tree. Each scope has its own directory, so that caches of one
// scope do not evict those of another.
func (r *Runner) cacheFile(c gitlabci.Cache, key string) string {
	return r.scopedFile(r.cacheScope(c.Unprotect), key)
}

func (r *Runner) scopedFile(scope, key string) string {
	dir := sha256.Sum256([]byte(r.Project + "\x00" + scope))
	return filepath.Join(r.Caches, fmt.Sprintf("%.32x", dir), fmt.Sprintf("%.32x.tar.zst", sha256.Sum256([]byte(key))))
}

// restoreCaches extracts the caches of a job over what is there, and returns what is
// there then, the newest first.
func (r *Runner) restoreCaches(ctx context.Context, j *Job, c Container, there []placed) ([]placed, error) {
	if r.Caches == "" {
		return there, nil
	}
	for i, cache := range j.Cache {
		if cache.Policy == "push" || !selectsFiles(cache) {
			continue
		}
		first, err := r.cacheKey(cache, i)
		if err != nil {
			r.warn(j, fmt.Sprintf("cache is not used: %v", err))
			continue
		}
		for _, s := range r.stored(j, cache, first) {
			entries, err := r.restore(ctx, j, c, s.file, there)
			if err != nil {
				r.warn(j, fmt.Sprintf("cache %q cannot be used: %v", s.key, err))
			}
			restored := entries != nil && err == nil
			if !restored {
				entries.remove(r.removeUncached(ctx, j, c, cache))
			}
			if entries != nil {
				there = slices.Insert(there, 0, placed(entries))
			}
			if restored {
				break
			}
		}
	}
	return there, ctx.Err()
}

// removeUncached removes the paths of a cache that cannot be extracted if
// FF_CLEAN_UP_FAILED_CACHE_EXTRACT is on, and returns them, relative to the tree. Patterns in
// them have no effect, as in GitLab Runner.
func (r *Runner) removeUncached(ctx context.Context, j *Job, c Container, cache gitlabci.Cache) []string {
	if r.Tree.Writable || !isOn(value(r.environment(j), "FF_CLEAN_UP_FAILED_CACHE_EXTRACT"), false) {
		return nil
	}
	var removed, paths []string
	for _, p := range inTree(cache.Paths, []string{j.dir, r.Tree.MountPath}) {
		if p != "." {
			removed, paths = append(removed, p), append(paths, path.Join(j.dir, p))
		}
	}
	if len(paths) == 0 {
		return nil
	}
	command := append([]string{"rm", "-r", "-f", "--"}, paths...)
	if _, err := c.Exec(ctx, api.ExecOptions{Command: command, User: "0", WorkDir: "/", Grace: grace}); err != nil {
		r.warn(j, fmt.Sprintf("cache: cannot remove its paths: %v", err))
		return nil
	}
	return removed
}

// restore extracts a cache and returns what it has extracted, nil if there is no
// cache or if it is not known. As GitLab Runner, it extracts nothing from the first
// entry on that is in the place of a directory with files, or below a file.
func (r *Runner) restore(ctx context.Context, j *Job, c Container, file string, there []placed) (artifactEntries, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	from, into := io.Pipe()
	entries, conflict, checked := artifactEntries{}, "", make(chan struct{})
	go func() {
		defer close(checked)
		why, err := extractable(into, z, there, entries)
		conflict = why
		into.CloseWithError(err)
	}()
	err = c.Put(ctx, j.dir, from)
	from.CloseWithError(errors.New("no more is wanted"))
	<-checked
	if err != nil {
		return nil, err
	}
	if conflict != "" {
		return entries, fmt.Errorf("GitLab Runner cannot extract it: %s here", conflict)
	}
	now := time.Now()
	_ = os.Chtimes(file, now, now) // for forgetCaches
	return entries, nil
}

// saveCaches saves the caches of a job, as many as it can. In GitLab Runner an
// error is only a warning; here the next job would get an old cache.
func (r *Runner) saveCaches(ctx context.Context, j *Job, c Container, passed bool) error {
	if r.Caches == "" {
		return nil
	}
	var errs []error
	for i, cache := range j.Cache {
		if cache.Policy == "pull" || !fits(cache.When, passed) {
			continue
		}
		key, err := r.cacheKey(cache, i)
		if err != nil {
			if cache.Policy == "push" { // otherwise restoreCaches has warned
				r.warn(j, fmt.Sprintf("cache is not kept: %v", err))
			}
			continue
		}
		if err := r.save(ctx, j, c, r.cacheSet(ctx, j, c, cache), r.cacheFile(cache, r.cleanKey(j, key))); err != nil {
			errs = append(errs, fmt.Errorf("cache %q of job %q: %w", key, j.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Runner) cacheSet(ctx context.Context, j *Job, c Container, cache gitlabci.Cache) fileSet {
	set := cacheFileSet(cache.Paths, j.dir, r.Tree.MountPath)
	if cache.Untracked {
		var err error
		if set.tracked, err = r.tracked(ctx, j, c, "cache"); err != nil {
			r.warn(j, fmt.Sprintf("cache: untracked: only paths are kept: %v", err))
		}
	}
	return set
}

// save replaces the archive of a cache. The files pass through a temporary
// directory, so that no path or link in the archive leads out of the tree.
func (r *Runner) save(ctx context.Context, j *Job, c Container, set fileSet, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	work, done, err := scratch.New(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer done()
	dir := filepath.Join(work, "files")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	into, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer into.Close()
	for _, root := range set.roots() {
		if _, err := r.fetch(ctx, j, c, root, into, set); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := dropEmpty(safefs.In(into), set); err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		return err
	}
	pending, err := renameio.NewPendingFile(file, renameio.WithTempDir(work), renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { _ = pending.Cleanup() }()
	if err := compress(ctx, pending, dir); err != nil {
		return err
	}
	r.forgetCaches(filepath.Dir(file))
	return pending.CloseAtomicallyReplace()
}

func compress(ctx context.Context, to io.Writer, dir string) error {
	w := bufio.NewWriterSize(to, 1<<20)
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	return errors.Join(treetar.Pack(ctx, z, dir, treetar.PackOptions{}), z.Close(), w.Flush())
}

func (r *Runner) forgetCaches(dir string) {
	files := safefs.Glob(dir, "*.tar.zst")
	used := map[string]time.Time{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			used[file] = info.ModTime()
		}
	}
	slices.SortFunc(files, func(a, b string) int { return used[b].Compare(used[a]) })
	for _, file := range files[min(len(files), keptCaches-1):] {
		_ = os.Remove(file) // best effort
	}
}
