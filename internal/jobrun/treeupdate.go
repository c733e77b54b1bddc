// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A fingerprint identifies the content of a file. The zero value means that the
// file does not exist.
type fingerprint struct {
	kind byte   // 'f', 'l' for a link, 'd', '?' for others
	exec bool   // of a file
	sum  string // digest of a file, target of a link
}

// fileOf returns the fingerprint of a host file. An empty name means that the
// file does not exist.
func fileOf(name string) (fingerprint, error) {
	if name == "" {
		return fingerprint{}, nil
	}
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR): // a file may have replaced one of its directories
		return fingerprint{}, nil
	case err != nil:
		return fingerprint{}, err
	case info.IsDir():
		return fingerprint{kind: 'd'}, nil
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(name)
		return fingerprint{kind: 'l', sum: to}, err
	case !info.Mode().IsRegular():
		return fingerprint{kind: '?'}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return fingerprint{}, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fingerprint{kind: 'f', exec: info.Mode()&0o100 != 0, sum: string(h.Sum(nil))}, err
}

// fileIn returns the fingerprint of a file in a container. It does not follow a
// symbolic link in the last element.
func fileIn(ctx context.Context, c Container, name string) (fingerprint, error) {
	var link strings.Builder
	_, err := c.Exec(ctx, api.ExecOptions{
		Command: []string{"sh", "-c", `if [ -L "$1" ]; then readlink "$1"; elif [ -d "$1" ]; then exit 3; elif [ -f "$1" ]; then exit 4; elif [ -e "$1" ]; then exit 5; else exit 6; fi`, "sh", name},
		WorkDir: "/", Stdout: &limited{&link, maxMessage},
	})
	var exit *api.ExitError
	switch {
	case err == nil:
		return fingerprint{kind: 'l', sum: strings.TrimSuffix(link.String(), "\n")}, nil
	case !errors.As(err, &exit) || exit.Code < 3 || exit.Code > 6:
		return fingerprint{}, ownFailure(err)
	case exit.Code != 4:
		return fingerprint{kind: []byte{'d', 0, '?', 0}[exit.Code-3]}, nil
	}
	read, write := io.Pipe()
	go func() { write.CloseWithError(c.Get(ctx, name, write)) }()
	defer read.Close()
	t := tar.NewReader(read)
	for {
		h, err := t.Next()
		if err != nil {
			return fingerprint{}, fmt.Errorf("cannot read %s in the container: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, t); err != nil {
			return fingerprint{}, fmt.Errorf("cannot read %s in the container: %w", name, err)
		}
		return fingerprint{kind: 'f', exec: h.Mode&0o100 != 0, sum: string(sum.Sum(nil))}, nil
	}
}

// treeChanges returns the files that differ between two trees, sorted. It
// ignores .git and directories themselves.
func treeChanges(before, now view) ([]string, error) {
	seen := map[string]bool{}
	for _, root := range slices.Concat(before, now) {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			rel, _ := filepath.Rel(root, name) // name lies below root
			switch {
			case err != nil:
				return err
			case d.Name() == ".git" && d.IsDir():
				return filepath.SkipDir
			case !d.IsDir() && d.Name() != ".git" && d.Type()&fs.ModeCharDevice == 0:
				seen[filepath.ToSlash(rel)] = true
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cannot compare the trees: %w", err)
		}
	}
	var changed []string
	for name := range seen {
		from, to := before.file(name), now.file(name)
		if from == to {
			continue
		}
		a, err := fileOf(from)
		b, also := fileOf(to)
		if err = errors.Join(err, also); err != nil {
			return nil, fmt.Errorf("cannot compare the trees: %w", err)
		}
		if a != b && a.kind != '?' && b.kind != '?' {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed, nil
}

// An update says what updateTree did with the files that changed between two
// trees.
type update struct {
	replaced, removed []string
	kept              []string // what the job made of them stays
}

// updateTree applies the changes between two trees of the host to the tree in a
// container. Files that the job has changed are kept.
func updateTree(ctx context.Context, c Container, before, now view, at string) (update, error) {
	var u update
	changed, err := treeChanges(before, now)
	if err != nil {
		return u, err
	}
	for _, name := range changed {
		was, err := fileOf(before.file(name))
		if err != nil {
			return u, err
		}
		is, err := fileOf(now.file(name))
		if err != nil {
			return u, err
		}
		there, err := fileIn(ctx, c, path.Join(at, name))
		switch {
		case err != nil:
			return u, err
		case there == is:
		case there != was, there.kind == 'd': // a directory may contain files of the job
			u.kept = append(u.kept, name)
		case is.kind == 0 || is.kind == 'd':
			u.removed = append(u.removed, name)
		default:
			u.replaced = append(u.replaced, name)
		}
	}
	for part := range slices.Chunk(slices.Concat(u.removed, u.replaced), 500) {
		_, err := c.Exec(ctx, api.ExecOptions{Command: append([]string{"sh", "-c", `rm -f -- "$@"`, "sh"}, prefixed(part)...), WorkDir: at})
		if err != nil {
			return u, fmt.Errorf("cannot remove files of the tree: %w", ownFailure(err))
		}
	}
	if len(u.replaced) == 0 {
		return u, nil
	}
	var archive strings.Builder
	if err := packFiles(&archive, now, u.replaced); err != nil {
		return u, fmt.Errorf("cannot pack the tree: %w", err)
	}
	return u, c.Put(ctx, at, strings.NewReader(archive.String()))
}

// prefixed adds ./ to names, so that they are not parsed as options.
func prefixed(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, "./"+n)
	}
	return all
}

func packFiles(to io.Writer, tree view, names []string) error {
	w := tar.NewWriter(to)
	for _, name := range names {
		file := tree.file(name)
		info, err := os.Lstat(file)
		if err != nil {
			return err
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(file); err != nil {
				return err
			}
		}
		h, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		h.Name, h.Uid, h.Gid, h.Uname, h.Gname = name, 0, 0, "", ""
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return w.Close()
}

func (u *update) tell(to io.Writer) {
	for _, list := range []struct {
		what  string
		names []string
	}{
		{"updated from the tree", u.replaced},
		{"removed, because the tree no longer has them", u.removed},
		{"changed in the tree, but kept as the job left them", u.kept},
	} {
		if n := len(list.names); n > 0 {
			more := ""
			if n > maxNamed {
				more = fmt.Sprintf(" and %d more", n-maxNamed)
			}
			names := make([]string, min(n, maxNamed))
			for i := range names {
				names[i] = termtext.Quoted(list.names[i])
			}
			fmt.Fprintf(to, "lcitool: %s: %s%s\n", list.what, strings.Join(names, ", "), more)
		}
	}
}

// maxNamed is the number of file names printed per list.
const maxNamed = 20

// ownFailure returns the error of a command that is not the job's. Otherwise its
// exit status would be taken for the job's.
func ownFailure(err error) error {
	if exit, ok := errors.AsType[*api.ExitError](err); ok {
		return errors.New(exit.Error())
	}
	return err
}
