// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

const (
	LabelJob     = "lcitool.job"
	LabelProject = "lcitool.project"
)

// start creates and starts the container with the tree, the scripts, caches and
// artifacts of earlier jobs. With an error, there may be a container with a part of
// the files.
func (r *Runner) start(ctx context.Context, j *Job, env []string) (Container, error) {
	o := api.StartOptions{
		ContainerOptions: api.ContainerOptions{
			Image: cmp.Or(j.debugImage, j.Image.Reference), Env: env, Name: "lcitool-job",
			Devices: r.Limits.Devices, Network: r.Limits.Network, Memory: r.Limits.Memory, CPUs: r.Limits.CPUs,
			Labels: map[string]string{LabelJob: label(j.Name), LabelProject: label(r.Project)},
		},
		Hosts: j.hosts(),
	}
	image, err := r.imageAndTree(ctx, j, &o, env)
	if err != nil {
		return nil, err
	}
	o.User = image.User
	if j.Job.Image != nil && j.Job.Image.User != "" {
		o.User = j.Job.Image.User
	}
	own, has := j.ownEntrypoint(image.Entrypoint)
	if j.entrypoint = nil; has {
		j.entrypoint = own
		if own == nil {
			j.entrypoint = image.Entrypoint
		}
	}
	o.Session = session(own, has, j.firstCommand(env))
	o.Session.Unset = enginesOwn(image.Env)
	o.Trees = append(o.Trees, ownFiles(r.packState(j, env), stateDir), ownFiles(packDockerEnv, dockerEnv))
	j.root = isRoot(o.User)
	o.CapAdd = capabilities(o.User)
	if r.Caches != "" && j.root {
		o.Volumes = append(o.Volumes, api.Volume{Name: r.ccacheVolume(j), Target: ccacheDir})
	}
	if len(r.Files) > 0 {
		o.Trees = append(o.Trees, ownFiles(r.packFiles(j.dir), mountedAround(j.dir)...))
	}
	c, err := r.Engine.Start(ctx, o)
	if errors.Is(err, api.ErrNoUpper) && !r.noLayers.Swap(true) {
		return r.start(ctx, j, env) // with a whole checkout
	}
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings() {
		r.warn(j, w)
	}
	return c, r.populate(ctx, j, c)
}

// isRoot reports whether a container's user is root.
func isRoot(user string) bool { return user == "" || user == "0" || user == "root" }

// capabilities returns those that Docker gives to root and podman does not: ping,
// whose file has the first one, cannot even be executed without it. podman would give
// them to another user at once, unlike Docker. The group does not matter. MKNOD is left out: files of the tree are
// on the host.
func capabilities(user string) []string {
	if name, _, _ := strings.Cut(user, ":"); !isRoot(name) {
		return nil
	}
	return []string{"NET_RAW", "AUDIT_WRITE"}
}

// imageAndTree adds the project's files to the container, and returns its image,
// which the engine looks up meanwhile.
func (r *Runner) imageAndTree(ctx context.Context, j *Job, o *api.StartOptions, env []string) (image api.Image, err error) {
	var inspecting sync.WaitGroup
	reference := j.Image.Reference
	inspecting.Go(func() { image, err = r.Engine.Inspect(ctx, reference) })
	treeErr := r.tree(ctx, j, o, env)
	inspecting.Wait()
	return image, cmp.Or(treeErr, err)
}

// ownEntrypoint returns the entrypoint of the job, nil for the image's, and
// whether the container has one.
func (j *Job) ownEntrypoint(image []string) ([]string, bool) {
	if j.Job.Image == nil || len(j.Job.Image.Entrypoint) == 0 {
		return nil, len(image) > 0
	}
	if e := j.Job.Image.Entrypoint; len(e) > 1 || len(e) == 1 && e[0] != "" {
		return e, true
	}
	return []string{}, false
}

func (j *Job) firstCommand(env []string) []string {
	return firstCommand(j.entrypoint, isOn(value(env, "FF_POSIXLY_CORRECT_ESCAPES"), false))
}

// tree adds the project's files to the container. If the engine supports it, the
// job gets an overlay of the tree that all jobs share, otherwise a copy.
func (r *Runner) tree(ctx context.Context, j *Job, o *api.StartOptions, env []string) error {
	if r.Tree.Writable {
		if !r.Engine.Local() {
			return fmt.Errorf("cannot let jobs change the project's directory: podman at %s is on another machine", r.Engine.Address())
		}
		o.Mounts = append(o.Mounts, api.Mount{Source: r.Tree.Dir, Target: j.dir})
		return nil
	}
	overlay, err := r.overlays(ctx)
	if err != nil {
		return err
	}
	tree, err := r.prepareTree(ctx, j.dir, j.withWrittenDepth(env), overlay)
	if err != nil {
		return err
	}
	j.layers, j.tree = tree.layers, tree.view().String()
	origin, err := r.prepareOrigin(ctx)
	if err != nil {
		return err
	}
	o.Trees = append(o.Trees, ownFiles(r.packSurroundings(j.dir), mountedAround(j.dir)...))
	if overlay {
		o.Mounts = append(o.Mounts, tree.mount(j.dir))
	} else {
		o.Trees = append(o.Trees, copied(tree.dir, j.dir))
	}
	if !r.Engine.Local() {
		o.Trees = append(o.Trees, copied(origin, originAt))
		return nil
	}
	o.Mounts = append(o.Mounts, api.Mount{Source: origin, Target: originAt, ReadOnly: true})
	if objects := r.Tree.Snapshot.Objects(); objects != "" {
		o.Mounts = append(o.Mounts, api.Mount{Source: objects, Target: objectsAt, ReadOnly: true})
	}
	return nil
}

// overlays reports whether the engine can give a job its own view of a host
// directory. It must be local and run as root.
func (r *Runner) overlays(ctx context.Context) (bool, error) {
	rootless, err := r.Engine.Rootless(ctx)
	return r.Engine.Local() && !rootless, err
}

// copied packs a host directory with root as the owner.
func copied(dir, target string) api.Tree {
	return api.Tree{Target: target, AsPacked: true, Tar: func(ctx context.Context, w io.Writer) error {
		return treetar.Pack(ctx, w, dir, treetar.PackOptions{})
	}}
}

// ownFiles returns the tree of an archive whose files are all below dirs.
func ownFiles(pack func(context.Context, io.Writer) error, dirs ...string) api.Tree {
	return api.Tree{Target: "/", AsPacked: true, Tar: pack, Mounted: dirs}
}

// dockerEnv is an empty file by which scripts recognize a container of Docker, such
// as the one in GitLab's documentation that installs packages only there.
const dockerEnv = "/.dockerenv"

func packDockerEnv(_ context.Context, w io.Writer) error {
	out := tar.NewWriter(w)
	return errors.Join(out.WriteHeader(&tar.Header{Name: strings.TrimPrefix(dockerEnv, "/"), Typeflag: tar.TypeReg, Mode: 0o755, ModTime: time.Now()}), out.Close())
}

// mountedAround returns the directories that hold a tree, its temporary files and
// the state directory. As in GitLab Runner, /builds is a mount.
func mountedAround(at string) []string {
	if !strings.HasPrefix(at, buildsDir+"/") {
		return nil
	}
	return []string{buildsDir, stateDir}
}

// packSurroundings packs the directories around a tree. As in GitLab Runner,
// every user may write to them. It includes the git configuration that redirects
// the remote to the local copy.
func (r *Runner) packSurroundings(at string) func(context.Context, io.Writer) error {
	return func(_ context.Context, w io.Writer) error {
		out := tar.NewWriter(w)
		var errs []error
		dir := func(name string, mode int64) {
			errs = append(errs, out.WriteHeader(&tar.Header{Name: strings.TrimPrefix(name, "/") + "/", Typeflag: tar.TypeDir, Mode: mode, ModTime: time.Now()}))
		}
		for i, c := range at {
			if c == '/' && i > 0 {
				dir(at[:i], 0o777)
			}
		}
		dir(at, 0o777)
		dir(tempDir(at), 0o777)
		dir(stateDir, 0o1777)
		dir(originAt, 0o755)
		config := fmt.Sprintf("[url %q]\n\tinsteadOf = %q\n", originAt, r.Tree.Origin)
		errs = append(errs, out.WriteHeader(&tar.Header{
			Name: strings.TrimPrefix(path.Join(tempDir(at), gitConfigFile), "/"), Typeflag: tar.TypeReg, Mode: 0o666, Size: int64(len(config)), ModTime: time.Now(),
		}))
		_, err := io.WriteString(out, config)
		return errors.Join(append(errs, err, out.Close())...)
	}
}

func (r *Runner) populate(ctx context.Context, j *Job, c Container) error {
	tree := view{r.Tree.Dir}
	if j.tree != "" {
		tree = parseView(j.tree)
	}
	there, err := r.restoreCaches(ctx, j, c, []placed{tree})
	if err != nil {
		return err
	}
	for _, from := range j.ArtifactsFrom {
		entries, err := r.copyArtifacts(ctx, j, from, c, there)
		if err != nil {
			err = fmt.Errorf("artifacts of job %q: %w", from.Name, err)
			if refused := (refusedError{}); errors.As(err, &refused) {
				err = refusedError{err}
			}
			return err
		}
		there = slices.Insert(there, 0, placed(entries))
	}
	return nil
}

// label replaces control characters in the value of a label by spaces.
func label(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}
