// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/checkout"
)

// A Tree says where the project's files are and how they are checked out.
type Tree struct {
	Dir       string // absolute path of the host
	Writable  bool   // jobs see Dir itself, and what they change stays
	MountPath string // path in the container

	// The following fields apply if Writable is false.
	Snapshot    *checkout.Snapshot
	Work        string          // directory for the trees, of Scratch
	Cache       *checkout.Cache // nil for none
	Origin      string          // URL of the remote
	Ref         string          // that the pipeline runs for, as checkout.Tree has it
	Kind        checkout.RefKind
	Pipeline    string // pipeline number
	FullHistory bool   // whole history, whatever GIT_DEPTH says
	Untracked   bool   // include files that git does not track
}

// Paths in the container of the repositories that a job's repository uses.
const (
	objectsAt = stateDir + "/objects"
	originAt  = stateDir + "/origin.git"
)

// defaultDepth is GitLab's default GIT_DEPTH for new projects.
const defaultDepth = 20

// buildsDir is the directory that contains all trees, as in GitLab Runner.
const buildsDir = "/builds"

// sharedTrees holds the trees of a run by the settings they are checked out
// with. The zero value is ready to use.
type sharedTrees struct {
	mu    sync.Mutex
	trees map[string]*sharedTree
}

type sharedTree struct {
	once   sync.Once
	dir    string
	layers *checkout.Layers // nil for a tree that is whole
	err    error
}

// get returns the tree for a key. populate is called once per key.
func (s *sharedTrees) get(key, parent string, populate func(t *sharedTree) error) (*sharedTree, error) {
	s.mu.Lock()
	if s.trees == nil {
		s.trees = map[string]*sharedTree{}
	}
	t := s.trees[key]
	if t == nil {
		t = &sharedTree{}
		s.trees[key] = t
	}
	s.mu.Unlock()
	t.once.Do(func() {
		if t.dir, t.err = os.MkdirTemp(parent, "tree-"); t.err == nil {
			t.err = errors.Join(os.Chmod(t.dir, 0o755), populate(t)) //nolint:gosec // every user of a job's container sees it
		}
	})
	return t, t.err
}

// checkoutFor returns how the tree of a job is checked out, from its GIT_*
// variables.
func (r *Runner) checkoutFor(at string, env []string) (checkout.Tree, error) {
	t := checkout.Tree{
		Strategy: gitStrategy(env), NoCheckout: !isOn(value(env, "GIT_CHECKOUT"), true), Depth: defaultDepth,
		Origin: r.Tree.Origin, Ref: r.Tree.Ref, Kind: r.Tree.Kind, Pipeline: r.Tree.Pipeline, Untracked: r.Tree.Untracked,
		Include: path.Join(tempDir(at), gitConfigFile),
	}
	if r.Engine.Local() {
		if t.Objects = r.Tree.Snapshot.Objects(); t.Objects != "" {
			t.Objects = objectsAt
		}
	}
	if depth, ok := lookup(env, "GIT_DEPTH"); ok {
		t.Depth = leadingNumber(depth)
	}
	t.Submodules.Depth = number(value(env, "GIT_SUBMODULE_DEPTH"), t.Depth)
	if !fromGit(t.Strategy) {
		return t, nil
	}
	flags, err := fetchFlags(env, t.Strategy, t.Depth)
	if err != nil {
		return t, err
	}
	native := nativeClone(env, t.Strategy)
	t.Tags = tagsOf(flags, native)
	if t.Depth > 0 || native { // git fetch without a depth of GIT_DEPTH gets all refs
		t.Depth = cmp.Or(depthOf(flags), t.Depth)
	}
	t.Submodules.Depth = cmp.Or(depthOf(strings.Fields(value(env, "GIT_SUBMODULE_UPDATE_FLAGS"))), t.Submodules.Depth)
	if r.Tree.FullHistory {
		t.Depth, t.Submodules.Depth = 0, 0
	}
	if t.Depth == 0 && !native { // git fetch gets them by their refs, whatever its flags say
		t.Tags = checkout.AllTags
	}
	switch s := value(env, "GIT_SUBMODULE_STRATEGY"); s {
	case "", "none":
	case "normal", "recursive":
		t.Submodules.Enabled, t.Submodules.Recursive = true, s == "recursive"
		t.Submodules.Paths = strings.Fields(value(env, "GIT_SUBMODULE_PATHS"))
		if slices.Contains(t.Submodules.Paths, ":(exclude)") {
			return t, refusedf("GIT_SUBMODULE_PATHS: invalid submodule pathspec %q", t.Submodules.Paths)
		}
	default:
		return t, refusedf("unknown GIT_SUBMODULE_STRATEGY %q", s)
	}
	return t, nil
}

// withWrittenDepth returns env with the GIT_DEPTH that GitLab sees: it does not
// replace variables in it, so "$DEPTH" is no number.
func (j *Job) withWrittenDepth(env []string) []string {
	if _, given := lookup(j.Env, "GIT_DEPTH"); given {
		return env
	}
	if v, _ := j.Variables.Get("GIT_DEPTH"); strings.ContainsAny(v.Written, "$%") {
		return append([]string{"GIT_DEPTH=" + v.Written}, env...)
	}
	return env
}

// fetchFlags returns the flags of git fetch, or of git clone if GitLab Runner uses
// that, that the job adds. It returns an error for flags with which git fails after
// the depth of GIT_DEPTH.
func fetchFlags(env []string, strategy string, depth int) ([]string, error) {
	name, native := "GIT_FETCH_EXTRA_FLAGS", nativeClone(env, strategy)
	if native {
		name = "GIT_CLONE_EXTRA_FLAGS"
	}
	flags := strings.Fields(value(env, name))
	for i, flag := range flags {
		option, text, given := strings.Cut(flag, "=")
		if !given && i+1 < len(flags) {
			text = flags[i+1]
		}
		n, err := strconv.Atoi(text)
		switch {
		case option == "--depth" && (err != nil || n < 1):
			return nil, refusedf("%s: --depth %q is not a positive number", name, text)
		case native:
		case option == "--unshallow", option == "--deepen" && depth > 0:
			return nil, refusedf("%s: git fetch refuses %s with GIT_DEPTH %d", name, option, depth)
		}
	}
	return flags, nil
}

// nativeClone reports whether GitLab Runner uses git clone instead of git fetch.
func nativeClone(env []string, strategy string) bool {
	return strategy == checkout.Clone && isOn(value(env, "FF_USE_GIT_NATIVE_CLONE"), false)
}

// tagsOf returns the tags that git fetch, or else git clone, gets with these flags.
func tagsOf(flags []string, native bool) checkout.Tags {
	tags := checkout.TagsOfHistory
	for _, flag := range flags {
		switch {
		case flag == "--no-tags", flag == "-n" && !native:
			tags = checkout.NoTags
		case (flag == "--tags" || flag == "-t") && !native:
			tags = checkout.AllTags
		case flag == "--tags":
			tags = checkout.TagsOfHistory
		}
	}
	return tags
}

// depthOf returns the depth in flags of git, 0 for none.
func depthOf(flags []string) (depth int) {
	for i, flag := range flags {
		text, ok := strings.CutPrefix(flag, "--depth=")
		if flag == "--depth" && i+1 < len(flags) {
			text, ok = flags[i+1], true
		}
		if n, err := strconv.Atoi(text); ok && err == nil && n > 0 {
			depth = n
		}
	}
	return depth
}

// gitStrategy returns GIT_STRATEGY, or "" if it is not one of GitLab Runner's
// strategies: the runner uses its default then.
func gitStrategy(env []string) string {
	s := value(env, "GIT_STRATEGY")
	if !slices.Contains([]string{checkout.Fetch, checkout.Clone, checkout.None, checkout.Empty}, s) {
		return ""
	}
	return s
}

// fromGit reports whether the tree of a strategy has the project's files.
func fromGit(strategy string) bool { return strategy != checkout.None && strategy != checkout.Empty }

// number parses a number as GitLab Runner does. Negative numbers are 0, and
// invalid text gives the default.
func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return max(0, n)
	}
	return otherwise
}

// leadingNumber returns the number that a text begins with, as Ruby's to_i does
// in GitLab. Negative numbers, and text without a number, are 0.
func leadingNumber(text string) int {
	text = strings.TrimPrefix(strings.TrimLeft(text, " \t\r\n\v\f"), "+")
	n, err := strconv.Atoi(text[:len(text)-len(strings.TrimLeft(text, "0123456789"))])
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt32
	}
	return min(n, math.MaxInt32)
}

// tempDir is the directory beside the tree for the runner's temporary files.
func tempDir(at string) string { return at + ".tmp" }

// gitConfigFile is the file in tempDir that the repository's configuration
// includes.
const gitConfigFile = ".gitlab-runner.ext.conf"

// prepareTree checks out the tree of a job, unless another job of the run uses
// the same settings. A tree for an overlay may have layers.
func (r *Runner) prepareTree(ctx context.Context, at string, env []string, overlay bool) (*sharedTree, error) {
	t, err := r.checkoutFor(at, env)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // other jobs may wait for it
	if overlay && r.Tree.Cache != nil && !r.noLayers.Load() {
		shared, err := r.trees.get(fmt.Sprintf("layers %+v", t), r.Tree.Work, func(s *sharedTree) (err error) {
			t.Dir = s.dir
			s.layers, err = r.Tree.Snapshot.Layers(ctx, r.Tree.Cache, t)
			return err
		})
		if err == nil {
			return shared, nil
		}
	}
	return r.trees.get(fmt.Sprintf("%+v", t), r.Tree.Work, func(s *sharedTree) error {
		t.Dir = s.dir
		return r.Tree.Snapshot.Populate(ctx, t)
	})
}

func (t *sharedTree) mount(at string) api.Mount {
	if t.layers == nil {
		return api.Mount{Source: t.dir, Target: at, Overlay: true}
	}
	return api.Mount{Source: t.layers.Lower, Target: at, Overlay: true, Upper: t.layers.Upper}
}

func (t *sharedTree) view() view {
	if t.layers == nil {
		return view{t.dir}
	}
	return view{t.layers.Upper, t.layers.Lower}
}

func (r *Runner) keep(layers *checkout.Layers, name string) error {
	err := keepTree(r.Tree.Work, r.Engine.Address(), name)
	if layers != nil {
		err = errors.Join(err, keepTree(layers.Kept(), r.Engine.Address(), name))
	}
	return err
}

// prepareOrigin creates the repository that stands in for the remote.
func (r *Runner) prepareOrigin(ctx context.Context) (string, error) {
	t := checkout.Tree{Ref: r.Tree.Ref, Kind: r.Tree.Kind, Pipeline: r.Tree.Pipeline}
	if r.Engine.Local() && r.Tree.Snapshot.Objects() != "" {
		t.Objects = objectsAt
	}
	shared, err := r.trees.get("origin", r.Tree.Work, func(s *sharedTree) error {
		return r.Tree.Snapshot.Origin(context.WithoutCancel(ctx), s.dir, t)
	})
	if err != nil {
		return "", err
	}
	return shared.dir, nil
}

// dir returns the path of a job's tree in the container: GIT_CLONE_PATH or
// MountPath. As in GitLab Runner, that of an empty directory has a suffix.
func (r *Runner) dir(env []string) (string, error) {
	at := value(env, "GIT_CLONE_PATH")
	switch {
	case at == "" && gitStrategy(env) == checkout.Empty:
		return r.Tree.MountPath + "-empty", nil
	case at == "":
		return r.Tree.MountPath, nil
	}
	if !path.IsAbs(at) {
		return "", refusedf("GIT_CLONE_PATH %q is not an absolute path", at)
	}
	if at = path.Clean(at); at != buildsDir && !strings.HasPrefix(at, buildsDir+"/") {
		return "", refusedf("GIT_CLONE_PATH %q is not below %s", at, buildsDir)
	}
	return at, nil
}
