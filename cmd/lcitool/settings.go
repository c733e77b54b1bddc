// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/envimage"
)

// mirrors reads where mirrors are said to be.
func (a *app) mirrors() (*envimage.Mirrors, error) {
	file, err := a.settingsFile()
	if err != nil {
		return nil, err
	}
	return envimage.ReadMirrors(file, a.warn, a.log())
}

// settingsFile is the file named by --config, or the user's own if there is
// one, else "".
func (a *app) settingsFile() (string, error) {
	if a.config != "" {
		f, err := os.Open(a.config)
		if err != nil {
			return "", &usageError{a.command, fmt.Errorf("argument --config: cannot read %q: %w", a.config, err)}
		}
		return a.config, f.Close()
	}
	dir := a.configDir()
	if dir == "" {
		return "", nil
	}
	for _, name := range []string{"config.yml", "config.yaml"} {
		file := filepath.Join(dir, name)
		_, err := os.Stat(file)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // HOME=/dev/null is no home
			return "", fmt.Errorf("cannot read the settings: %w", err)
		}
	}
	return "", nil
}
