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
)

// storage adds to s what the container sees of the host: the user's home and
// accounts, own and the caller's mounts. Copies go to dir, which must stay until
// the container has ended; without one accounts are left to uploads.
func (o ContainerOptions) storage(s *specgen.SpecGenerator, u runUser, dir string, own []Mount) error {
	var mounts []Mount
	if u.Fresh {
		// An anonymous volume rather than a directory of the host: the engine gives
		// it to the user, whatever the id map, and removes it with the container.
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
		if err := m.add(s); err != nil {
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

// ownMounts are the script and the workload's directory. The script is copied
// to dir; without one it is left to uploads.
func (o RunOptions) ownMounts(u runUser, dir string) ([]Mount, error) {
	var mounts []Mount
	if o.Script != "" && dir != "" {
		copied, err := copyScript(o.Script, dir)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, Mount{Source: copied, Target: u.Home + "/script"})
	}
	if o.WorkloadDir != "" {
		source, err := workloadDir(o.WorkloadDir)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, Mount{Source: source, Target: u.Home + "/datadir"})
	}
	return mounts, nil
}

// whileVolumesAppear makes a container. Podman makes missing volumes with it, and
// fails if somebody else makes one of them at the same time: the next try finds it.
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

// unseen refuses what a service on another machine cannot see.
func (e *Engine) unseen(source string) error {
	return fmt.Errorf("cannot mount %s: podman at %s is on another machine", source, e.service.URL())
}

func (m Mount) add(s *specgen.SpecGenerator) error {
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

// accountMounts copies passwd and group, since relabelling the originals for
// SELinux would be harmful or impossible.
func accountMounts(u runUser, dir string) ([]Mount, error) {
	passwd, group, err := hostFiles(u)
	if err != nil {
		return nil, err
	}
	var mounts []Mount
	for name, data := range map[string][]byte{"passwd": passwd, "group": group} {
		file := filepath.Join(dir, name)
		if err := writeAll(file, data, 0o644); err != nil {
			return nil, err
		}
		mounts = append(mounts, Mount{Source: file, Target: "/etc/" + name, ReadOnly: true})
	}
	return mounts, nil
}

// copyScript copies a script into dir and makes it executable for all.
func copyScript(script, dir string) (string, error) {
	data, mode, err := readScript(script)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "script")
	return file, writeAll(file, data, mode)
}

// writeAll writes a file with exactly this mode, whatever the umask.
func writeAll(file string, data []byte, mode fs.FileMode) error {
	return errors.Join(os.WriteFile(file, data, mode), os.Chmod(file, mode))
}

// workloadDir makes dir absolute with symlinks resolved.
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

// devices adds device nodes. Root may open them; another user needs the
// node's group, as a number since the image may not know its name.
func (o ContainerOptions) devices(s *specgen.SpecGenerator, u runUser, rootless bool) error {
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
			// The group has no number in there. crun keeps it all the same; runc ignores this.
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

// opensByGroup reports whether it takes one of the groups of user uid to open
// a file for reading and writing.
func opensByGroup(mode os.FileMode, owner, group uint32, uid int, groups []int) bool {
	const others, members = 0o006, 0o060
	if mode&others == others || int(owner) == uid {
		return false
	}
	return mode&members == members && slices.Contains(groups, int(group))
}
