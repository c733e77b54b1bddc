// SPDX-License-Identifier: GPL-2.0-or-later

package bootstrap

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBootstrapHintFollowsTheCause(t *testing.T) {
	const mirror = "deb http://mirror.example/debian trixie main"
	for log, want := range map[string]string{
		"E: cannot create /x/tmp: Permission denied\nE: rm failed: 32000\n":                   hintClosedDir,
		"env: cannot change directory to '/x/mmdebstrap.y': Permission denied\n":              hintClosedDir,
		"E: /etc/subuid doesn't contain an entry for dev\n":                                   hintSubids,
		"E: cannot find newuidmap\n":                                                          hintSubids,
		"W: kernel.unprivileged_userns_clone is set to 0\nE: unable to pick chroot mode\n":    hintUserNS,
		"E: unable to pick chroot mode automatically (use --mode for manual selection)\n":     hintMode,
		"E: unable to unshare: unshare failed: Operation not permitted\n":                     hintUserNS,
		"E: write to layer.tar: No space left on device\nE: Failed to fetch http://x/y\n":     "free some space",
		"W: GPG error: trixie InRelease: NO_PUBKEY 6ED0E7B82643E131\nE: Failed to fetch it\n": hintKeys,
		"E: The repository 'http://x trixie' does not have a Release file.\n":                 "is the mirror right, and does it have this release? " + mirror,
		"E: Failed to fetch http://x/y  Could not resolve 'x'\n":                              "is the mirror right",
		"E: post-installation script subprocess returned error exit status 1\n":               "",
	} {
		got := bootstrapHint(log, []string{mirror})
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", log, got, want)
		}
	}
}

func TestKeyringHint(t *testing.T) {
	for distro, want := range map[string]string{"debian": "debian-archive-keyring", "ubuntu": "ubuntu-keyring"} {
		if got := keyringHint(distro); !strings.HasPrefix(got, "apt-get install "+want) {
			t.Errorf("%s: got %q", distro, got)
		}
	}
}

func TestBootstrapReasonIsTheFirstError(t *testing.T) {
	tail := &tailBuffer{}
	for _, part := range []string{strings.Repeat("I: installing\n", 1000), "E: the ca", "use\n", strings.Repeat("x\n", 5000), "E: remove_tree failed\n"} {
		_, _ = tail.Write([]byte(part))
	}
	if got := tail.reason(errors.New("exit status 25")); got != "E: the cause" {
		t.Errorf("got %q", got)
	}
	if got := (&tailBuffer{}).reason(errors.New("exit status 25")); got != "exit status 25" {
		t.Errorf("without a line: %q", got)
	}
}

// TestOutputForATerminal: text of a mirror's server does not control the terminal.
func TestOutputForATerminal(t *testing.T) {
	var log strings.Builder
	tail := newTail(&log)
	for _, part := range []string{"Err:1 http://mirror sid 404  \x1b]0;title\a\x1b", "[2JNot Found\n", "E: \x9bx\xc3"} {
		if _, err := tail.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	tail.end()
	if got := log.String(); !strings.HasPrefix(got, "Err:1 http://mirror sid 404  Not Found\nE: ") || strings.ContainsAny(got, "\x1b\a") {
		t.Errorf("%q", got)
	}
	newTail(nil).end()
}

func TestClosedParent(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	above := closedParent(dir) // what the machine itself closes
	if got := closedParent(inner); got != above {
		t.Errorf("open: %q, want %q", got, above)
	}
	if err := os.Chmod(filepath.Dir(inner), 0o750); err != nil {
		t.Fatal(err)
	}
	if got := closedParent(inner); above == "" && got != filepath.Dir(inner) {
		t.Errorf("closed: %q", got)
	}
}
