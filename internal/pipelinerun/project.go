// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// FindProject returns the nearest directory, from dir upwards, that has a
// pipeline. "" means the current directory.
func FindProject(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cannot find the current directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		_, err := os.Lstat(filepath.Join(dir, PipelineFile))
		switch {
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("cannot look for %s: %w", PipelineFile, err)
		case dir == filepath.Dir(dir):
			return "", fmt.Errorf("there is no %s in %s or above it", PipelineFile, start)
		}
	}
}

// CheckoutsDir returns the directory for jobs' trees below a user's cache
// directory. If cache is "", it is below os.TempDir.
func CheckoutsDir(cache string) string {
	if cache != "" {
		return filepath.Join(cache, "checkouts")
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("lcitool-checkouts-%d", os.Getuid()))
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// ParseInputs parses pipeline inputs, NAME=VALUE, into a map.
func ParseInputs(list []string) (map[string]string, error) {
	all := map[string]string{}
	for _, in := range list {
		name, value, ok := strings.Cut(in, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("argument --input: expected NAME=VALUE, got %q", in)
		}
		all[name] = value
	}
	return all, nil
}

// WriteMissing reports the includes that are not available.
func (e *Evaluation) WriteMissing() {
	hint := false
	for _, m := range e.Missing {
		text := fmt.Sprintf("%s: %s is not available here: jobs and settings in it are not known", m.Pos, m)
		switch {
		case m.Why != "":
			text += ": " + m.Why
		case fetchable(m):
			hint = true
		}
		e.source.messages.infof("%s", text)
	}
	if hint {
		e.source.messages.infof("hint: --fetch fetches what is public")
	}
}

// fetchable reports whether --fetch may make an include available.
func fetchable(m gitlabci.Missing) bool {
	return m.Kind == "remote" || m.Kind == "project" || m.Kind == "component" || m.Kind == "template"
}
