// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	tempPrefix = "lcitool-"
	ownerFile  = "owner.json"
)

// tempDir makes a directory of mode 0700 with a file that says whose it is.
func (e *Engine) tempDir(kind string) (string, error) {
	return ownedTempDir(e.owner, e.options.tempParent(), kind)
}

func ownedTempDir(o records.Owner, parent, kind string) (string, error) {
	dir, err := os.MkdirTemp(parent, tempPrefix+kind+"-"+o.Run+"-")
	if err != nil {
		return "", fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	data, err := json.Marshal(ownerLabels(o))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, ownerFile), data, 0o600)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Errorf("cannot make a temporary directory: %w", err)
	}
	return dir, nil
}

// deadDirs returns the directories below parent that runs of this user left
// which are known to be dead.
func deadDirs(p records.Processes, parent string) []Leftover {
	dirs, _ := filepath.Glob(filepath.Join(parent, tempPrefix+"*-*-*"))
	var list []Leftover
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !ownedByUs(info) {
			continue
		}
		labels := map[string]string{}
		data, err := os.ReadFile(filepath.Join(dir, ownerFile))
		if err == nil {
			err = json.Unmarshal(data, &labels)
		}
		o, whole := ownerOf(labels)
		if err != nil || !whole {
			continue
		}
		if p.Dead(o) {
			list = append(list, Leftover{Kind: "directory", Name: dir, Run: o.Run})
		}
	}
	return list
}

func ownedByUs(info fs.FileInfo) bool { return uidOf(info) == os.Getuid() }
