// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

// tree creates a directory with files; a text that begins with "->" is a link.
func tree(t *testing.T, files map[string]string) view {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		err := os.WriteFile(file, []byte(text), mode)
		if to, ok := strings.CutPrefix(text, "->"); ok {
			err = errors.Join(os.Remove(file), os.Symlink(to, file))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return view{dir}
}

// A dirContainer is a container whose files are those of the host, but stateDir is
// another directory.
type dirContainer struct {
	Container

	state    string
	requests *int
	script   func(text string) string          // changes a script before it runs, nil for none
	upload   func(archive io.Reader) io.Reader // changes an archive, nil for none
}

func newDirContainer(t *testing.T) dirContainer {
	return dirContainer{state: t.TempDir(), requests: new(int)}
}

func (c dirContainer) Exec(ctx context.Context, o api.ExecOptions) (api.RunResult, error) {
	*c.requests++
	cmd := exec.CommandContext(ctx, o.Command[0], o.Command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.WorkDir, o.Stdout, o.Stderr
	script, err := io.ReadAll(o.Stdin)
	if err != nil {
		return api.RunResult{}, err
	}
	text := strings.ReplaceAll(string(script), stateDir, c.state)
	if c.script != nil {
		text = c.script(text)
	}
	cmd.Stdin = strings.NewReader(text)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = &api.ExitError{Code: exit.ExitCode()}
	}
	return api.RunResult{}, err
}

func (c dirContainer) Get(_ context.Context, name string, to io.Writer) error {
	*c.requests++
	data, err := os.ReadFile(strings.Replace(name, stateDir, c.state, 1))
	if err != nil {
		return err
	}
	t := tar.NewWriter(to)
	err = t.WriteHeader(&tar.Header{Name: filepath.Base(name), Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))})
	_, also := t.Write(data)
	return errors.Join(err, also, t.Close())
}

// Put is what podman does: it creates parents and replaces what is there. The clock
// of the archive is not that of the container.
func (c dirContainer) Put(_ context.Context, dir string, from io.Reader) error {
	*c.requests++
	if c.upload != nil {
		from = c.upload(from)
	}
	t := tar.NewReader(from)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(filepath.Join(dir, h.Name), h, t); err != nil {
			return err
		}
	}
}

func unpackEntry(file string, h *tar.Header, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeDir {
		return os.MkdirAll(file, h.FileInfo().Mode().Perm())
	}
	if err := os.RemoveAll(file); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeSymlink {
		return os.Symlink(h.Linkname, file)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, h.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close(), os.Chtimes(file, h.ModTime.Add(-time.Hour), h.ModTime.Add(-time.Hour)))
}

// TestUpdateTree replaces the tree below the files that a job added.
func TestUpdateTree(t *testing.T) {
	before := map[string]string{
		"same": "1", "edited": "1", "both": "1", "gone": "1", "gone too": "1", "d/deep": "1", "link": "->same", "script": "1", "-rf": "1",
		"deleted by job": "1", "agreed": "1", ".git/index": "1", "swap/file": "1",
	}
	changed := map[string]string{
		"edited": "2", "both": "2", "d/deep": "2", "d/new/file": "n", "link": "->edited", "script": "#!1", "-rf": "2",
		"deleted by job": "2", "agreed": "2", ".git/index": "2", "swap": "a file",
	}
	now := maps.Clone(changed)
	now["same"] = "1"
	lower := tree(t, before)
	upper := tree(t, changed)
	for _, name := range []string{"gone", "gone too"} {
		if err := syscall.Mknod(filepath.Join(upper[0], name), syscall.S_IFCHR, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("whole", func(t *testing.T) { testUpdateTree(t, tree(t, before), tree(t, now)) })
	t.Run("layers", func(t *testing.T) { testUpdateTree(t, lower, view{upper[0], lower[0]}) })
	t.Run("kept", func(t *testing.T) {
		testUpdateTree(t, parseView(lower.String()), parseView(view{upper[0], lower[0]}.String()))
	})
}

type brokenContainer struct{ dirContainer }

func (brokenContainer) Exec(context.Context, api.ExecOptions) (api.RunResult, error) {
	return api.RunResult{}, &api.ExitError{Container: "c", Code: 1}
}

// TestNamesOfUpdatedFiles: the names are the tree's, so they could be lines of a log.
func TestNamesOfUpdatedFiles(t *testing.T) {
	var b strings.Builder
	u := &update{replaced: []string{"a b", "x\n\x1b[2Jlcitool: passed"}}
	u.tell(&b)
	if want := `lcitool: updated from the tree: a b, "x\n\x1b[2Jlcitool: passed"` + "\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// TestOwnFailure: the status of our own command is not that of the job.
func TestOwnFailure(t *testing.T) {
	before, now := tree(t, map[string]string{"a": "1"}), tree(t, map[string]string{"a": "2"})
	_, err := updateTree(t.Context(), brokenContainer{newDirContainer(t)}, before, now, t.TempDir(), io.Discard)
	if err == nil || errors.As(err, new(*api.ExitError)) || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("%v", err)
	}
}

func testUpdateTree(t *testing.T, before, now view) {
	at := tree(t, map[string]string{
		"same": "1", "edited": "1", "both": "job", "gone": "1", "gone too": "job", "d/deep": "1", "link": "->same", "script": "1", "-rf": "1",
		"agreed": "2", ".git/index": "job", "built": "x", "swap/file": "1",
	})
	c := newDirContainer(t)
	u, err := updateTree(t.Context(), c, before, now, at[0], io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := "replaced [-rf d/deep d/new/file edited link script swap], removed [gone swap/file], kept [both deleted by job gone too]"
	if got := fmt.Sprintf("replaced %v, removed %v, kept %v", u.replaced, u.removed, u.kept); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, want := range map[string]string{
		"edited": "2", "both": "job", "d/deep": "2", "d/new/file": "n", "link": "2", "script": "#!1", "gone": "", "gone too": "job",
		"-rf": "2", "built": "x", ".git/index": "job", "deleted by job": "", "swap": "a file",
	} {
		if got, _ := os.ReadFile(filepath.Join(at[0], name)); string(got) != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(at[0], "script")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("script: %v, %v", info, err)
	}
	var said strings.Builder
	u.tell(&said)
	if !strings.Contains(said.String(), "kept as the job left them: both, deleted by job") {
		t.Errorf("said %s", said.String())
	}
	if u, err = updateTree(t.Context(), c, now, now, at[0], io.Discard); err != nil || slices.Concat(u.kept, u.removed, u.replaced) != nil {
		t.Errorf("of no change: %+v, %v", u, err)
	}
}
