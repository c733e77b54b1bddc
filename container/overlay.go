// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/containers/podman/v4/pkg/specgen"
	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/api"
)

// layersSuffix is the suffix of the volume for the upper layers of a container's
// overlay mounts.
const layersSuffix = "-layers"

// layers adds upper layers to the overlay mounts of s that survive a stop of the
// container; podman's own do not. They are in a volume, because its file system
// supports overlay upper layers and the service can remove files of subordinate
// IDs. If lcitool cannot write to the volume, s is unchanged, and changes are
// lost when the container first stops.
//
// It returns the volume's name, also with an error if the volume may have been
// created, and its directory if podman runs as root and lcitool has written to
// it.
func (e *Engine) layers(c context.Context, s *specgen.SpecGenerator, mounts []api.Mount) (name, dir string, err error) {
	upper := slices.ContainsFunc(mounts, func(m api.Mount) bool { return m.Upper != "" })
	if upper && !e.service.Local() {
		return "", "", api.ErrNoUpper
	}
	if len(s.OverlayVolumes) == 0 || !e.service.Local() {
		return "", "", nil
	}
	rootless, err := e.rootless(c)
	if err != nil {
		return "", "", err
	}
	name = s.Name + layersSuffix
	made, err := e.createVolume(c, name)
	if err != nil {
		return name, "", err
	}
	for i, o := range s.OverlayVolumes {
		var mount api.Mount
		if at := slices.IndexFunc(mounts, func(m api.Mount) bool { return m.Target == o.Destination }); at >= 0 {
			mount = mounts[at]
		}
		options, err := layer(filepath.Join(made.Mountpoint, fmt.Sprint(i)), o.Source, mount.Hide, mount.Upper)
		if err != nil && mount.Upper != "" {
			return name, "", fmt.Errorf("%w: %w", api.ErrNoUpper, err)
		}
		if err != nil {
			e.log.Warn("changes end when the container is stopped", "container", s.Name, "mount", o.Destination, "err", err)
			continue
		}
		if !rootless {
			options, dir = withRedirects(options), made.Mountpoint
		}
		o.Options = options
	}
	return name, dir, nil
}

// copyLayer copies the initial content of an overlay's upper layer.
func copyLayer(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == from {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return errors.Join(os.Mkdir(target, 0o700), os.Chmod(target, info.Mode().Perm()))
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(name)
			return errors.Join(err, os.Symlink(link, target))
		case d.Type()&fs.ModeCharDevice != 0:
			return unix.Mknod(target, unix.S_IFCHR, 0)
		case !d.Type().IsRegular():
			return nil
		}
		in, err := os.Open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Chmod(info.Mode().Perm()), out.Close(), os.Chtimes(target, time.Time{}, info.ModTime()))
	})
}

// layer creates the upper and work directories of an overlay and returns the
// options that name them. The upper directory gets the mode and owner of source,
// because the container sees it as the mount. A hidden file is a whiteout.
func layer(dir, source, hide, over string) ([]string, error) {
	if strings.ContainsAny(dir, ",:") {
		return nil, fmt.Errorf("%s cannot be said in an option", dir)
	}
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	upper, work := filepath.Join(dir, "upper"), filepath.Join(dir, "work")
	for _, d := range []string{dir, upper, work} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, err
		}
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && os.Getuid() == 0 {
		if err := os.Chown(upper, int(stat.Uid), int(stat.Gid)); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(upper, info.Mode()); err != nil {
		return nil, err
	}
	if over != "" {
		if err := copyLayer(over, upper); err != nil {
			return nil, err
		}
	}
	if hide == "" {
		return overlayOptions(upper, work), nil
	}
	if !filepath.IsLocal(hide) || filepath.Base(hide) != hide {
		return nil, fmt.Errorf("%q is not in %s itself", hide, source)
	}
	if err := unix.Mknod(filepath.Join(upper, hide), unix.S_IFCHR, 0); err != nil {
		return nil, fmt.Errorf("cannot hide %s: %w", hide, err)
	}
	return overlayOptions(upper, work), nil
}

// withRedirects permits directories of the lower layer to be renamed. podman has
// no option for this, but passes on text after a comma in an option that it
// knows. The kernel refuses it in a user namespace.
func withRedirects(options []string) []string {
	last := len(options) - 1
	return append(slices.Clone(options[:last]), options[last]+",redirect_dir=on")
}

func overlayOptions(upper, work string) []string {
	return []string{"upperdir=" + upper, "workdir=" + work}
}
