// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path"
	"strconv"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

var (
	userName = lazyregexp.New(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,63}\$?$`)
	numeric  = lazyregexp.New(`^[0-9]{1,10}$`)
)

// maxPasswd limits the size of an image's passwd file, in bytes.
const maxPasswd = 4 << 20

type runUser struct {
	Name   string // empty for a bare number
	UID    int
	GID    int    // -1 leaves it to the image
	Home   string // HOME, also where script and datadir appear
	OnHost bool   // an account of the host; its passwd and group files are copied into the container
	Fresh  bool   // Home is a new empty directory
}

func (u runUser) spec() string {
	if u.GID < 0 {
		return strconv.Itoa(u.UID)
	}
	return fmt.Sprintf("%d:%d", u.UID, u.GID)
}

// resolveUser resolves wanted in this order: root; UID:GID; an account of the
// host by name or number, so that files in WorkloadDir have the same owner
// inside and outside; a number; a user of the image.
//
// The home directory of all users except root is /home/NAME. A directory mounted
// over the account's own home could hide a system directory (daemon has
// /usr/sbin), or the home may not exist (nobody). A user of the image whose home
// is below /home keeps it.
func (e *Engine) resolveUser(ctx context.Context, image, wanted string) (runUser, error) {
	root := runUser{Name: "root", Home: "/root"}
	switch {
	case wanted == "" || wanted == "root" || wanted == "0" || wanted == "0:0":
		return root, nil
	case strings.Contains(wanted, ":"):
		return pair(wanted)
	case numeric.MatchString(wanted):
		return number(wanted)
	case !userName.MatchString(wanted):
		return runUser{}, &noUserError{wanted}
	}
	account, err := user.Lookup(wanted)
	if err == nil {
		return fromAccount(account)
	}
	if _, unknown := errors.AsType[user.UnknownUserError](err); !unknown {
		return runUser{}, fmt.Errorf("cannot look up user %s: %w", wanted, err)
	}
	return e.imageUser(ctx, image, wanted)
}

func fromAccount(a *user.User) (runUser, error) {
	uid, err1 := strconv.Atoi(a.Uid)
	gid, err2 := strconv.Atoi(a.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return runUser{}, fmt.Errorf("cannot read account %s: %w", a.Username, err)
	}
	if uid == 0 {
		return runUser{Name: a.Username, GID: gid, Home: "/root"}, nil
	}
	home := "/home/" + a.Username
	if !userName.MatchString(a.Username) {
		home = "/home/user"
	}
	return runUser{Name: a.Username, UID: uid, GID: gid, Home: home, OnHost: true, Fresh: true}, nil
}

func pair(wanted string) (runUser, error) {
	left, right, _ := strings.Cut(wanted, ":")
	uid, err1 := strconv.ParseInt(left, 10, 32)
	gid, err2 := strconv.ParseInt(right, 10, 32)
	if err1 != nil || err2 != nil || uid < 0 || gid < 0 || !numeric.MatchString(left) || !numeric.MatchString(right) {
		return runUser{}, &noUserError{wanted}
	}
	u := runUser{UID: int(uid), GID: int(gid), Home: "/home/user", Fresh: true}
	if uid == 0 {
		u.Home, u.Fresh = "/root", false
	}
	return u, nil
}

func number(wanted string) (runUser, error) {
	uid, err := strconv.ParseInt(wanted, 10, 32)
	if err != nil {
		return runUser{}, &noUserError{wanted}
	}
	if account, err := user.LookupId(strconv.FormatInt(uid, 10)); err == nil {
		return fromAccount(account)
	}
	return runUser{UID: int(uid), GID: -1, Home: "/home/user", Fresh: true}, nil
}

// imageUser looks up a name in the image's passwd file, using a container that
// is not started.
func (e *Engine) imageUser(ctx context.Context, image, name string) (runUser, error) {
	c, done, err := e.service.Afterwards(ctx)
	if err != nil {
		return runUser{}, err
	}
	defer done()
	if _, err := inspect(c, image); err != nil {
		return runUser{}, err
	}
	s := specgen.NewSpecGenerator(image, false)
	s.Name, s.Labels, s.Command = "lcitool-look-"+randomName(), ownerLabels(e.owner), []string{"true"}
	s.Rlimits = e.rlimits()
	made, _, err := e.create(c, s, "")
	defer e.discard(c, made) //nolint:errcheck // recorded, so the next run finds it
	if err != nil {
		return runUser{}, engineError("look into image "+image, err)
	}
	return userFromImage(name, func(file string) (io.Reader, error) {
		var archive bytes.Buffer
		fetch, err := containers.CopyToArchive(c, made.ID, literal(file), &limitedWriter{&archive, maxPasswd})
		if err == nil {
			err = fetch()
		}
		return &archive, err
	})
}

// maxPasswdLinks limits the chain of symbolic links to an image's passwd file.
const maxPasswdLinks = 10

// userFromImage reads /etc/passwd of an image, which may be a symbolic link
// within the image. get returns a tar archive of one file.
func userFromImage(name string, get func(file string) (io.Reader, error)) (runUser, error) {
	file := "/etc/passwd"
	for range maxPasswdLinks {
		archive, err := get(file)
		if err != nil {
			return runUser{}, &noUserError{name}
		}
		r := tar.NewReader(archive)
		header, err := r.Next()
		switch {
		case err != nil:
			return runUser{}, &noUserError{name}
		case header.Typeflag == tar.TypeReg:
			return userFromPasswd(r, name)
		case header.Typeflag != tar.TypeSymlink || header.Linkname == "":
			return runUser{}, &noUserError{name}
		case path.IsAbs(header.Linkname):
			file = path.Clean(header.Linkname)
		default:
			file = path.Join("/", path.Dir(file), header.Linkname)
		}
	}
	return runUser{}, &noUserError{name}
}

func userFromPasswd(passwd io.Reader, name string) (runUser, error) {
	lines := bufio.NewScanner(passwd)
	for lines.Scan() {
		f := strings.Split(lines.Text(), ":")
		if len(f) < 6 || f[0] != name {
			continue
		}
		u, err := pair(f[2] + ":" + f[3])
		if err != nil {
			return runUser{}, err
		}
		u.Name = name
		if u.UID == 0 {
			return u, nil
		}
		u.Home = "/home/" + name
		if home := path.Clean(f[5]); strings.HasPrefix(home, "/home/") {
			u.Home, u.Fresh = home, false
		}
		return u, nil
	}
	return runUser{}, &noUserError{name}
}

// passwdCopy returns the host's passwd file with u's home and shell in the
// container.
func passwdCopy(passwd []byte, u runUser) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(passwd)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) == 7 && f[0] == u.Name {
			f[5], f[6] = u.Home, "/bin/sh"
			line = strings.Join(f, ":") + "\n"
		}
		out.WriteString(line)
	}
	return out.Bytes()
}

// hostFiles returns the contents of /etc/passwd and /etc/group for u. It adds
// accounts from other sources such as LDAP.
func hostFiles(u runUser) (passwd, group []byte, err error) {
	if passwd, err = os.ReadFile("/etc/passwd"); err != nil {
		return nil, nil, err
	}
	if group, err = os.ReadFile("/etc/group"); err != nil {
		return nil, nil, err
	}
	if !bytes.HasPrefix(passwd, []byte(u.Name+":")) && !bytes.Contains(passwd, []byte("\n"+u.Name+":")) {
		passwd = fmt.Appendf(bytes.TrimRight(passwd, "\n"), "\n%s:x:%d:%d::%s:/bin/sh\n", u.Name, u.UID, u.GID, u.Home)
	}
	return passwdCopy(passwd, u), group, nil
}

type noUserError struct{ name string }

func (n *noUserError) Error() string        { return fmt.Sprintf("user, %s not found", n.name) }
func (n *noUserError) Is(target error) bool { return target == api.ErrNoUser }

// A limitedWriter fails after n bytes.
type limitedWriter struct {
	w *bytes.Buffer
	n int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if l.w.Len()+len(p) > l.n {
		return 0, errors.New("file is too large")
	}
	return l.w.Write(p)
}
