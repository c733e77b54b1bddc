// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/podman/v4/pkg/specgen"
	spec "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/api"
)

// addStorage adds the user's home and account files, own and the caller's mounts to
// s. Copies of files are made in dir, which must exist until the container has
// ended; if it is "", account files are uploaded instead.
func addStorage(o api.ContainerOptions, s *specgen.SpecGenerator, u runUser, dir string, own []api.Mount) error {
	var mounts []api.Mount
	if u.Fresh {
		// An anonymous volume is used, because the engine assigns it to the user
		// with any ID mapping and removes it with the container.
		s.Volumes = append(s.Volumes, &specgen.NamedVolume{Dest: u.Home, Options: []string{"U", "exec"}})
	}
	if u.OnHost && dir != "" {
		files, err := accountMounts(u, dir)
		if err != nil {
			return fmt.Errorf("cannot copy the host's accounts: %w", err)
		}
		mounts = append(mounts, files...)
	}
	for _, m := range slices.Concat(mounts, own, o.Mounts) {
		if err := addMount(m, s); err != nil {
			return err
		}
	}
	for _, v := range o.Volumes {
		var options []string
		if v.ReadOnly {
			options = append(options, "ro")
		}
		s.Volumes = append(s.Volumes, &specgen.NamedVolume{Name: v.Name, Dest: v.Target, Options: options})
	}
	return nil
}

// ownMounts returns the mounts of the script and WorkloadDir. The script is
// copied to dir; if dir is "", it is uploaded instead.
func ownMounts(o api.RunOptions, u runUser, dir string) ([]api.Mount, error) {
	var mounts []api.Mount
	if o.Script != "" && dir != "" {
		copied, err := copyScript(o.Script, dir)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, api.Mount{Source: copied, Target: u.Home + "/script"})
	}
	if o.WorkloadDir != "" {
		source, err := workloadDir(o.WorkloadDir)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, api.Mount{Source: source, Target: u.Home + "/datadir"})
	}
	return mounts, nil
}

// whileVolumesAppear calls try to create a container. podman creates missing
// volumes with it and fails if another process creates one at the same time;
// then it tries again.
func whileVolumesAppear(try func() error) error {
	const most = 5
	var err error
	for range most {
		if err = try(); err == nil || !strings.Contains(err.Error(), "volume already exists") {
			return err
		}
	}
	return err
}

// unseen returns the error for a host path that a service on another machine
// cannot see.
func (e *Engine) unseen(source string) error {
	return fmt.Errorf("cannot mount %s: podman at %s is on another machine", source, e.service.URL())
}

func addMount(m api.Mount, s *specgen.SpecGenerator) error {
	if !filepath.IsAbs(m.Source) || !filepath.IsAbs(m.Target) {
		return fmt.Errorf("cannot mount %q at %q: both must be absolute", m.Source, m.Target)
	}
	if m.Overlay {
		s.OverlayVolumes = append(s.OverlayVolumes, &specgen.OverlayVolume{Source: m.Source, Destination: m.Target})
		return nil
	}
	options := []string{"rbind"}
	if m.ReadOnly {
		options = append(options, "ro")
	}
	s.Mounts = append(s.Mounts, spec.Mount{Type: "bind", Source: m.Source, Destination: m.Target, Options: options})
	return nil
}

// accountMounts copies passwd and group, because the originals must not be
// relabelled for SELinux.
func accountMounts(u runUser, dir string) ([]api.Mount, error) {
	passwd, group, err := hostFiles(u)
	if err != nil {
		return nil, err
	}
	var mounts []api.Mount
	for name, data := range map[string][]byte{"passwd": passwd, "group": group} {
		file := filepath.Join(dir, name)
		if err := writeAll(file, data, 0o644); err != nil {
			return nil, err
		}
		mounts = append(mounts, api.Mount{Source: file, Target: "/etc/" + name, ReadOnly: true})
	}
	return mounts, nil
}

// copyScript copies a script to dir and makes it executable for all users.
func copyScript(script, dir string) (string, error) {
	data, mode, err := readScript(script)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "script")
	return file, writeAll(file, data, mode)
}

// writeAll writes a file with this mode, independent of the umask.
func writeAll(file string, data []byte, mode fs.FileMode) error {
	return errors.Join(os.WriteFile(file, data, mode), os.Chmod(file, mode))
}

// workloadDir returns the absolute path of dir with symbolic links resolved.
func workloadDir(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return "", &badPathError{dir, "directory"}
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

type badPathError struct{ path, kind string }

func (b *badPathError) Error() string { return fmt.Sprintf("'%s' is not a %s", b.path, b.kind) }

// addDevices adds device nodes. Users other than root also get the node's group, by
// number, because the image may not have its name.
func addDevices(o api.ContainerOptions, s *specgen.SpecGenerator, u runUser, rootless bool) error {
	groups, _ := os.Getgroups()
	for _, path := range o.Devices {
		var stat unix.Stat_t
		if err := unix.Stat(path, &stat); err != nil {
			return fmt.Errorf("cannot use device %s: %w", path, err)
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFCHR && stat.Mode&unix.S_IFMT != unix.S_IFBLK {
			return fmt.Errorf("cannot use device %s: not a device node", path)
		}
		s.Devices = append(s.Devices, spec.LinuxDevice{Path: path})
		switch {
		case rootless && opensByGroup(os.FileMode(stat.Mode).Perm(), stat.Uid, stat.Gid, os.Getuid(), groups):
			// The group has no number in the user namespace. crun keeps the group
			// with this annotation; runc ignores it.
			if s.Annotations == nil {
				s.Annotations = map[string]string{}
			}
			s.Annotations["run.oci.keep_original_groups"] = "1"
		case !rootless && u.UID != 0 && stat.Gid != 0:
			s.Groups = append(s.Groups, fmt.Sprint(stat.Gid))
		}
	}
	return nil
}

// opensByGroup reports whether user uid can read and write a file only through
// one of its groups.
func opensByGroup(mode os.FileMode, owner, group uint32, uid int, groups []int) bool {
	const others, members = 0o006, 0o060
	if mode&others == others || int(owner) == uid {
		return false
	}
	return mode&members == members && slices.Contains(groups, int(group))
}
