// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

const treeDir = "/builds/project"

// memoryEngine keeps containers in memory and has every image.
type memoryEngine struct {
	Engine // whatever a test does not expect panics

	// stage replaces a script, nil for one without effects.
	stage func(ctx context.Context, c *memoryContainer, name, status string) error

	// follow replaces the log of each container, nil for one that cannot be read.
	follow func(ctx context.Context, line func(string)) error

	exited bool              // every container has ended, with status 0
	got    func(from string) // called before the end of each archive, nil for none
	look   string            // what a search for cores prints
	user   string            // of every image
	env    []string          // of every image
	builds []api.BuildOptions
	output io.Writer // of the stage that runs

	keepErr    error // of every container
	mu         sync.Mutex
	containers []*memoryContainer
}

func (e *memoryEngine) Local() bool     { return true }
func (e *memoryEngine) Address() string { return "memory" }

func (e *memoryEngine) Rootless(context.Context) (bool, error) { return false, nil }

func (e *memoryEngine) Inspect(_ context.Context, reference string) (api.Image, error) {
	return api.Image{ID: "id of " + reference, User: e.user, Env: e.env}, nil
}

func (e *memoryEngine) Build(_ context.Context, o api.BuildOptions) (api.BuildResult, error) {
	e.builds = append(e.builds, o)
	return api.BuildResult{ID: "id of " + o.Tag}, nil
}

func (e *memoryEngine) Start(_ context.Context, o api.StartOptions) (Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &memoryContainer{engine: e, name: fmt.Sprintf("c%d", len(e.containers)), options: o, files: map[string]string{}}
	e.containers = append(e.containers, c)
	return c, nil
}

func (e *memoryEngine) Open(context.Context, string) (Container, error) { return e.last(), nil }

func (e *memoryEngine) last() *memoryContainer { return e.containers[len(e.containers)-1] }

// memoryContainer has files by their absolute paths. Those of directories end in a slash.
type memoryContainer struct {
	Container

	engine  *memoryEngine
	name    string
	options api.StartOptions
	files   map[string]string
	put     []string          // names in the archives that were put into it
	links   map[string]string // texts of symbolic links, by their absolute paths
	stages  []string          // that ran: name, status
	limits  []time.Duration
	exec    api.ExecOptions // of the last stage
	stdout  io.Writer       // of the stage that runs
	stderr  io.Writer
	looks   int  // searches for cores
	hurried bool // the last copy had a time limit
	kept    bool
	removed bool
	mounted string // directory of the host with its state directory, "" for none
}

func (c *memoryContainer) Name() string       { return c.name }
func (c *memoryContainer) Warnings() []string { return nil }

func (c *memoryContainer) Exited(context.Context) (int, bool, error) {
	return 0, c.engine != nil && c.engine.exited, nil
}

// stageCommand matches a call of runStage.
var stageCommand = regexp.MustCompile(`echo "\$\$ (\w+) (\w+)"`)

func (c *memoryContainer) Exec(ctx context.Context, o api.ExecOptions) (api.RunResult, error) {
	if o.Command[0] == "rm" {
		maps.DeleteFunc(c.files, func(name, _ string) bool {
			return slices.ContainsFunc(o.Command[2:], func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
		})
		return api.RunResult{}, nil
	}
	if strings.Contains(strings.Join(o.Command, " "), "core_pattern") {
		c.looks++
		_, err := io.WriteString(o.Stdout, c.engine.look)
		return api.RunResult{}, err
	}
	m := stageCommand.FindStringSubmatch(strings.Join(o.Command, " "))
	if m == nil {
		return api.RunResult{}, fmt.Errorf("unexpected command %q", o.Command)
	}
	c.stages = append(c.stages, m[1]+" "+m[2])
	c.limits, c.exec = append(c.limits, o.Timeout), o
	c.stdout, c.stderr = o.Stdout, o.Stderr
	if c.engine.stage == nil {
		return api.RunResult{}, nil
	}
	c.engine.output = o.Stdout
	return api.RunResult{}, c.engine.stage(ctx, c, m[1], m[2])
}

func (c *memoryContainer) Put(_ context.Context, dir string, archive io.Reader) error {
	t := tar.NewReader(archive)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c.put = append(c.put, h.Name)
		if h.Typeflag == tar.TypeReg {
			data, err := io.ReadAll(t)
			if err != nil {
				return err
			}
			c.files[path.Join(dir, h.Name)] = string(data)
		}
	}
}

func (c *memoryContainer) Get(ctx context.Context, from string, w io.Writer) error {
	_, c.hurried = ctx.Deadline()
	t := tar.NewWriter(w)
	found := false
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if name != from && !strings.HasPrefix(name, from+"/") {
			continue
		}
		found = true
		text := c.files[name]
		rel := path.Join(path.Base(from), strings.TrimPrefix(name, from))
		if strings.HasSuffix(name, "/") {
			if err := t.WriteHeader(&tar.Header{Name: rel + "/", Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
				return err
			}
			continue
		}
		if err := t.WriteHeader(&tar.Header{Name: rel, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		if _, err := io.WriteString(t, text); err != nil {
			return err
		}
	}
	if !found {
		return fs.ErrNotExist
	}
	if c.engine != nil && c.engine.got != nil {
		c.engine.got(from)
	}
	return t.Close()
}

func (c *memoryContainer) GetNoFollow(ctx context.Context, from string, w io.Writer) error {
	target, ok := c.links[from]
	if !ok {
		return c.Get(ctx, from, w)
	}
	t := tar.NewWriter(w)
	return errors.Join(t.WriteHeader(&tar.Header{Name: path.Base(from), Typeflag: tar.TypeSymlink, Linkname: target}), t.Close())
}

func (c *memoryContainer) Mounted(string) (*os.Root, error) {
	if c.mounted == "" {
		return nil, fs.ErrNotExist
	}
	return os.OpenRoot(c.mounted)
}

func (c *memoryContainer) Follow(ctx context.Context, line func(string)) error {
	return c.engine.follow(ctx, line)
}

func (c *memoryContainer) Restart(context.Context) error { return nil }

func (c *memoryContainer) Keep(context.Context) (string, error) {
	if c.engine.keepErr != nil {
		return "", c.engine.keepErr
	}
	c.kept = true
	return "kept-" + c.name, nil
}

func (c *memoryContainer) Remove(context.Context) error {
	c.removed = true
	return nil
}

// exits returns the result of a script with this status.
func exits(code int) error {
	if code == 0 {
		return nil
	}
	return &api.ExitError{Container: "c", Code: code}
}

// harness runs jobs on a memoryEngine, in a project of its own.
type harness struct {
	*Runner
	engine   *memoryEngine
	warnings bytes.Buffer
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	project := t.TempDir()
	h := &harness{engine: &memoryEngine{}}
	h.Runner = &Runner{
		Engine: h.engine, Project: project, Tree: Tree{Dir: project, Writable: true, MountPath: treeDir},
		Artifacts: artifacts.In(project), Caches: t.TempDir(), Source: "project",
	}
	h.Warn = func(job, what string) { fmt.Fprintf(&h.warnings, "%s: %s\n", job, what) }
	return h
}

// writes makes scripts write files below the tree and end with a status.
func (h *harness) writes(code int, files ...string) {
	h.engine.stage = func(_ context.Context, c *memoryContainer, name, _ string) error {
		if name != "script" {
			return nil
		}
		for _, file := range files {
			c.files[path.Join(treeDir, file)] = "text of " + file
		}
		return exits(code)
	}
}

func (h *harness) stored(t *testing.T, job string) string {
	t.Helper()
	return strings.Join(filesIn(t, h.Artifacts.Dir(job)), " ")
}

func job(name string, a *gitlabci.Artifacts) *Job {
	return &Job{Job: gitlabci.Job{Name: name, Script: []string{"true"}, Artifacts: a}, Image: Image{Reference: "image"}, Runs: true}
}
