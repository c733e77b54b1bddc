// SPDX-License-Identifier: GPL-2.0-or-later

// Package headless opens pages in Chromium, for tests.
package headless

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// patience guards against a browser that hangs.
const patience = 5 * time.Minute

// A Scheme is a value of prefers-color-scheme.
type Scheme int

// The schemes, with the numbers that Chromium has for them.
const (
	Dark Scheme = iota
	Light
)

// A Page is a file as a browser shows it.
type Page struct {
	DOM        string   // as HTML
	Console    []string // messages: errors, warnings, what the policy of the page refused
	Background color.Color
}

// consoleLine is how Chromium logs a message of the console.
var consoleLine = lazyregexp.New(`(?m)^.*:CONSOLE[:(].*$`)

// Open opens a page.
func Open(t *testing.T, html string, scheme Scheme) Page {
	t.Helper()
	dir := t.TempDir()
	file, picture := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.png")
	if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	dom, console := run(t, dir, scheme, "--dump-dom", "file://"+file)
	_, more := run(t, dir, scheme, "--screenshot="+picture, "file://"+file)
	if len(more) != len(console) {
		t.Errorf("opened twice: messages %q and %q", console, more)
	}
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var drawn image.Image
	if drawn, err = png.Decode(f); err != nil {
		t.Fatal(err)
	}
	return Page{DOM: dom, Console: console, Background: drawn.At(0, 0)}
}

// run starts a browser with its own profile and without network.
func run(t *testing.T, dir string, scheme Scheme, args ...string) (stdout string, console []string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, "chromium", append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir=" + filepath.Join(dir, "profile"), "--window-size=1280,1024", "--hide-scrollbars",
		"--enable-logging=stderr", "--log-level=0", fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme),
	}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &log, patience
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium must be there, ci/host-setup browser installs it: %v\n%s", err, log.String())
	}
	return out.String(), consoleLine.FindAllString(log.String(), -1)
}

// Bright reports whether a colour is nearer to white than to black.
func Bright(c color.Color) bool {
	const half = 1 << 15
	r, g, b, _ := c.RGBA()
	return r+g+b >= 3*half
}
