// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// repositoryKeys returns the settings of the developer's repository that decide
// how a commit of its working tree looks. Other settings are ignored, because
// some of them name programs to run.
func repositoryKeys() []string {
	return []string{"core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode", "core.autocrlf", "core.eol"}
}

// newStore creates a bare repository for the snapshot's objects. It reads the
// developer's objects through alternates.
func newStore(dir string, p *project) (git, error) {
	g := git{dir: filepath.Join(dir, "snapshot.git"), developers: true}
	if err := g.create(p.format, p.objects, p.shallow); err != nil {
		return g, err
	}
	var settings strings.Builder
	for _, key := range repositoryKeys() {
		if value := p.setting(key); value != "" {
			fmt.Fprintf(&settings, "[core]\n\t%s = %s\n", strings.TrimPrefix(key, "core."), quoteConfig(value))
		}
	}
	if err := g.addConfig(settings.String()); err != nil {
		return g, err
	}
	if p.head.Commit != "" { // git status compares the index with it
		if err := os.WriteFile(filepath.Join(g.dir, "HEAD"), []byte(p.head.Commit+"\n"), 0o666); err != nil {
			return g, err
		}
	}
	return g, p.copyExclude(filepath.Join(g.dir, "info", "exclude"))
}

// create creates an empty bare repository. objects is an alternate object
// directory, or "".
func (g git) create(format, objects string, shallow []string) error {
	for _, dir := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := os.MkdirAll(filepath.Join(g.dir, dir), 0o777); err != nil {
			return err
		}
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if format == "sha256" {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
	}
	var errs []error
	write := func(name, text string) {
		if text != "" {
			errs = append(errs, os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o666))
		}
	}
	write("config", config)
	write("HEAD", "ref: refs/heads/none\n")
	write("shallow", lines(shallow))
	if objects != "" {
		if strings.Contains(objects, "\n") {
			objects = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(objects) + `"` // as git reads it
		}
		write("objects/info/alternates", objects+"\n")
	}
	return errors.Join(errs...)
}

// addConfig appends text to the repository's configuration.
func (g git) addConfig(text string) error {
	f, err := os.OpenFile(filepath.Join(g.dir, "config"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// lines joins texts, each followed by a newline.
func lines(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, "\n") + "\n"
}

// Objects returns the developer's object directory if a job can use it instead
// of copies: every user can read it and it has no alternates. Otherwise it
// returns "".
func (s *Snapshot) Objects() string {
	if s.objects == "" {
		return ""
	}
	info, err := os.Stat(s.objects)
	if err != nil || info.Mode().Perm()&0o005 != 0o005 {
		return ""
	}
	if _, err := os.Lstat(filepath.Join(s.objects, "info", "alternates")); !errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return s.objects
}
