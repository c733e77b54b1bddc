// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long mmdebstrap may take to clear up when it is told to stop.
const stopLimit = 30 * time.Second

var suiteName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// BootstrapOptions describes a base image made from a package mirror.
type BootstrapOptions struct {
	Reference string   // name that Dockerfiles start FROM
	Distro    string   // debian or ubuntu; others are refused
	Suite     string   // bookworm, trixie, sid, jammy …
	Sources   []string // lines of the image's sources.list, the first one naming the mirror
	Force     bool     // make it again though it is there; builds on it then start anew
	TempDir   string   // empty means /var/tmp; needs some 200 MB for a minute
	Log       io.Writer
}

// A BootstrapResult is a base image that exists under its reference.
type BootstrapResult struct {
	ID      string // 64 hex digits
	Existed bool   // it was there and nothing was done
}

// Bootstrap makes a distribution's minimal base image without any registry,
// by mmdebstrap, and names it o.Reference. The image's own package sources are
// those that it was made from. It is only made when it is not there, because
// each import is another image and every build on it starts anew.
func (e *Engine) Bootstrap(ctx context.Context, o BootstrapOptions) (BootstrapResult, error) {
	if err := o.check(); err != nil {
		return BootstrapResult{}, fmt.Errorf("cannot bootstrap %s: %w", o.Reference, err)
	}
	unlock, err := e.lockImage(ctx, o.Reference)
	if err != nil {
		return BootstrapResult{}, err
	}
	defer unlock()
	before, err := e.Inspect(ctx, withTag(o.Reference))
	if err == nil && !o.Force {
		return BootstrapResult{ID: before.ID, Existed: true}, nil
	}
	if err != nil && !errors.Is(err, ErrNoImage) {
		return BootstrapResult{}, err
	}
	parent := o.TempDir
	if parent == "" {
		parent = "/var/tmp"
	}
	dir, remove, err := e.tempDirIn(parent, "bootstrap")
	if err != nil {
		return BootstrapResult{}, err
	}
	defer remove()
	layer := filepath.Join(dir, "layer.tar")
	if err := o.mmdebstrap(ctx, dir, layer); err != nil {
		return BootstrapResult{}, err
	}
	id, err := e.importLayer(ctx, o, layer)
	return BootstrapResult{ID: id}, err
}

func (e *Engine) importLayer(ctx context.Context, o BootstrapOptions, layer string) (string, error) {
	file, err := os.Open(layer)
	if err != nil {
		return "", err
	}
	defer file.Close()
	c, err := e.conn(ctx)
	if err != nil {
		return "", err
	}
	defer closeIdle(c)
	return importImage(c, file, o.Reference, "/bin/bash", map[string]string{
		LabelSuite: o.Suite, LabelDate: time.Now().UTC().Format(time.DateOnly),
	})
}

// check refuses what mmdebstrap could not make or would misunderstand.
func (o BootstrapOptions) check() error {
	switch {
	case o.Distro != "debian" && o.Distro != "ubuntu":
		return fmt.Errorf("only Debian and Ubuntu releases can be made from a package mirror, not %s; pull the image where a registry can be reached", o.Distro)
	case !suiteName.MatchString(o.Suite):
		return fmt.Errorf("%q is not a suite", o.Suite)
	case o.Reference == "":
		return errors.New("no reference")
	case len(o.Sources) == 0:
		return errors.New("no package sources are known for it: name a mirror")
	}
	for _, line := range o.Sources {
		if !strings.HasPrefix(line, "deb ") || strings.ContainsAny(line, "\r\n") {
			return fmt.Errorf("%q is not a line of package sources", line)
		}
	}
	return nil
}

// mmdebstrap writes the file system of a minimal system to the file layer.
func (o BootstrapOptions) mmdebstrap(ctx context.Context, dir, layer string) error {
	fail := func(err error, hint string) error {
		return &EngineError{Op: "bootstrap " + o.Reference, Code: 1, Err: err, Hint: hint}
	}
	program, err := exec.LookPath("mmdebstrap")
	if err != nil {
		return fail(errors.New("mmdebstrap is not installed"), "apt-get install mmdebstrap")
	}
	args := []string{"--variant=minbase", "--format=tar", "--aptopt=Acquire::Retries \"3\""}
	if o.Suite == "sid" || o.Suite == "unstable" {
		args = append(args, `--aptopt=Acquire::Check-Valid-Until "false"`)
	}
	keyring := "/usr/share/keyrings/" + o.Distro + "-archive-keyring.gpg"
	if _, err := os.Stat(keyring); err != nil {
		return fail(fmt.Errorf("the keys of %s are missing: %s", o.Distro, keyring), "apt-get install "+o.Distro+"-keyring (Debian: debian-archive-keyring)")
	}
	args = append(args, "--keyring="+keyring, o.Suite, layer)
	tail := &tailBuffer{to: o.Log}
	cmd := exec.CommandContext(ctx, program, append(args, o.Sources...)...) //nolint:gosec // checked above
	cmd.Stdout, cmd.Stderr = tail, tail
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	// Told to stop as by ^C, all of it, it unmounts and removes what it made.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopLimit
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("cannot bootstrap %s: %w", o.Reference, context.Cause(ctx))
		}
		return fail(fmt.Errorf("mmdebstrap: %s", tail.reason(err)), "is the mirror right, and does it have this release? "+strings.Join(o.Sources, "; "))
	}
	return nil
}

// A tailBuffer passes a log on and keeps its end.
type tailBuffer struct {
	to   io.Writer
	tail []byte
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	if t.to != nil {
		_, _ = t.to.Write(p) // nobody reading is no reason to fail
	}
	t.tail = append(t.tail, p...)
	t.tail = t.tail[max(0, len(t.tail)-maxLogLine):]
	return len(p), nil
}

// reason returns the last line that names an error, else err.
func (t *tailBuffer) reason(err error) string {
	reason := err.Error()
	for line := range strings.Lines(string(t.tail)) {
		if strings.HasPrefix(line, "E: ") {
			reason = strings.TrimSpace(line)
		}
	}
	return reason
}
