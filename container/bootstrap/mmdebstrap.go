// SPDX-License-Identifier: GPL-2.0-or-later

package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// mmdebstrap writes a tar archive of a minimal system to the file layer. Without
// root privileges it runs as the first subordinate ID, which must be able to
// access dir.
func (o Options) mmdebstrap(ctx context.Context, dir, layer string) error {
	fail := func(err error, hint string) error {
		return &api.EngineError{Op: "bootstrap " + o.Reference, Code: 1, Err: err, Hint: hint}
	}
	program, err := exec.LookPath("mmdebstrap")
	if err != nil {
		return fail(errors.New("mmdebstrap is not installed"), "apt-get install mmdebstrap")
	}
	keyring := "/usr/share/keyrings/" + o.Distro + "-archive-keyring.gpg"
	if _, err := os.Stat(keyring); err != nil {
		return fail(fmt.Errorf("the keys of %s are missing: %s", o.Distro, keyring), keyringHint(o.Distro))
	}
	if os.Getuid() != 0 {
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // others may pass through, not list
			return err
		}
		if closed := closedParent(dir); closed != "" {
			return fail(fmt.Errorf("mmdebstrap cannot enter %s: without root it runs as a subordinate id", closed), hintClosedDir)
		}
	}
	args := []string{"--variant=minbase", "--include=apt", "--format=tar", "--aptopt=Acquire::Retries \"3\""} // Ubuntu's minbase variant does not include apt
	if o.Suite == "sid" || o.Suite == "unstable" {
		args = append(args, `--aptopt=Acquire::Check-Valid-Until "false"`)
	}
	if o.Arch.Debian != "" {
		if !emulated(os.DirFS("/"), o.Arch.Kernel) {
			return fail(fmt.Errorf("this machine does not run programs for %s", o.Arch.Kernel), "apt-get install qemu-user-static, which has the kernel emulate them")
		}
		args = append(args, "--architectures="+o.Arch.Debian, "--skip=check/qemu")
	}
	args = append(append(args, imageSettings()...), "--keyring="+keyring, o.Suite, layer)
	tail := newTail(o.Log)
	cmd := exec.CommandContext(ctx, program, append(args, o.Sources...)...) //nolint:gosec // checked above
	cmd.Stdout, cmd.Stderr = tail, tail
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	// After SIGINT to its process group, as by ^C, mmdebstrap unmounts and
	// removes its files.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopLimit
	err = cmd.Run()
	tail.end()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // processes that did not stop in time
	}
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("cannot bootstrap %s: %w", o.Reference, context.Cause(ctx))
		}
		return fail(fmt.Errorf("mmdebstrap: %s", tail.reason(err)), bootstrapHint(string(tail.tail), o.Sources))
	}
	return nil
}

// imageSettings returns mmdebstrap's options for what the official images of Debian and
// Ubuntu set: packages are installed without waiting for the disk and not kept, and
// descriptions are not translated.
func imageSettings() []string {
	return []string{
		"--dpkgopt=force-unsafe-io",
		`--aptopt=Acquire::Languages "none"`,
		// At the end, because mmdebstrap itself uses the downloaded packages. Dockerfiles that keep
		// packages in a cache remove the file of this name.
		`--customize-hook=echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };' >"$1/etc/apt/apt.conf.d/docker-clean"`,
	}
}

// keyringHint returns how to install a distribution's archive keys.
func keyringHint(distro string) string {
	if distro == "ubuntu" {
		return "apt-get install ubuntu-keyring, which Debian has since release 13"
	}
	return "apt-get install " + distro + "-archive-keyring"
}

// closedParent returns the outermost directory of dir's path, including dir,
// that other users cannot enter, or "".
func closedParent(dir string) string {
	closed := ""
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode()&0o001 == 0 {
			closed = dir
		}
		if dir == filepath.Dir(dir) {
			return closed
		}
	}
}

const (
	hintClosedDir = "set TMPDIR to a directory that all users can enter, for example /var/tmp"
	hintSubids    = `add ids for the user, for example "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER", and install newuidmap (Debian: uidmap)`
	hintUserNS    = "this machine does not let ordinary users make user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns): run it as root, or allow them"
	hintMode      = "mmdebstrap found no way to work without root: lcitool doctor says whether user namespaces or subordinate ids are missing"
	hintKeys      = "the keys of the distribution on this machine do not match what signs the mirror: update its archive keyring package"
)

// bootstrapCauses returns parts of mmdebstrap's and apt's messages with hints,
// by priority: later errors are consequences of the first.
func bootstrapCauses() []struct{ words, hint string } {
	return []struct{ words, hint string }{
		{"No space left on device", "free some space: a base image needs about 200 MB in the temporary directory; TMPDIR moves it"},
		{"Disk quota exceeded", "free some space: a base image needs about 200 MB in the temporary directory; TMPDIR moves it"},
		{"/etc/subuid", hintSubids},
		{"/etc/subgid", hintSubids},
		{"newuidmap", hintSubids},
		{"newgidmap", hintSubids},
		{"unprivileged_userns_clone", hintUserNS},
		{"unshare: Operation not permitted", hintUserNS},
		{"unshare failed", hintUserNS},
		{"unable to pick chroot mode", hintMode},
		{"cannot create", hintClosedDir},
		{"cannot change directory", hintClosedDir},
		{"NO_PUBKEY", hintKeys},
		{"EXPKEYSIG", hintKeys},
		{"is not signed", hintKeys},
	}
}

// bootstrapMirrorWords returns apt's messages for a mirror that does not respond
// or does not have the release.
func bootstrapMirrorWords() []string {
	return []string{
		"does not have a Release file", "Failed to fetch", "Could not resolve", "Could not connect", "Unable to connect",
		"Connection failed", "Connection refused", "Connection timed out", "404", "Unable to locate package", "no installation candidate",
	}
}

// bootstrapHint returns a hint for the cause in log, or "".
func bootstrapHint(log string, sources []string) string {
	for _, cause := range bootstrapCauses() {
		if strings.Contains(log, cause.words) {
			return cause.hint
		}
	}
	for _, words := range bootstrapMirrorWords() {
		if strings.Contains(log, words) {
			return "is the mirror right, and does it have this release? " + strings.Join(sources, "; ")
		}
	}
	return ""
}

// maxBootstrapLog is the size of the log's end that is kept, in bytes. It is
// enough for an error and its consequences.
const maxBootstrapLog = 64 << 10

// A tailBuffer copies a log and keeps its end.
type tailBuffer struct {
	to   *termtext.Writer // since apt prints text of an HTTP server; nil for none
	tail []byte
}

func newTail(log io.Writer) *tailBuffer {
	if log == nil {
		return &tailBuffer{}
	}
	return &tailBuffer{to: termtext.NewWriter(log)}
}

func (t *tailBuffer) end() {
	if t.to != nil {
		_ = t.to.Close()
	}
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	if t.to != nil {
		_, _ = t.to.Write(p) // a closed pipe must not stop mmdebstrap
	}
	t.tail = append(t.tail, p...)
	t.tail = t.tail[max(0, len(t.tail)-maxBootstrapLog):]
	return len(p), nil
}

// reason returns the first line with an error, or else err. Later errors come
// from the cleanup.
func (t *tailBuffer) reason(err error) string {
	for line := range strings.Lines(string(t.tail)) {
		if strings.HasPrefix(line, "E: ") {
			return strings.TrimSpace(line)
		}
	}
	return err.Error()
}
