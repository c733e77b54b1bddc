// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"fmt"
	"os"
	"path/filepath"
)

// Existing returns the absolute path, with symbolic links resolved, of an
// existing file. is must accept its mode; what is the kind of file for the error
// message. "" gives "".
func Existing(path, what string, is func(os.FileMode) bool) (string, error) {
	if path == "" {
		return "", nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	var info os.FileInfo
	if err == nil {
		info, err = os.Stat(real)
	}
	if err != nil || !is(info.Mode()) {
		return "", fmt.Errorf("'%s' is not a %s", path, what)
	}
	return real, nil
}
