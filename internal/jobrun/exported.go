// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// maxExported limits the file of GITLAB_ENV, in bytes.
const maxExported = 1 << 20

var exportedName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// useExported expands the paths of the job's artifacts and caches again, with the
// variables in the file of GITLAB_ENV. In GitLab Runner, a line that a shell
// cannot export fails the stages that store artifacts and caches, and so the job.
func (r *Runner) useExported(ctx context.Context, j *Job, c Container, env []string, passed bool) error {
	if !r.stores(j, passed) || !j.mayExport(c) {
		return nil
	}
	text, err := readFile(ctx, c, path.Join(tempDir(j.dir), gitlabEnvFile), maxExported)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	variables, err := parseExported(text, env)
	if err != nil {
		return err
	}
	if len(variables) > 0 || j.exported { // by an earlier attempt
		again := j.WithExported(variables)
		j.Artifacts, j.Cache, j.exported = again.Artifacts, again.Cache, len(variables) > 0
		return j.checkPatterns()
	}
	return nil
}

// stores reports whether GitLab Runner would have something to do after the
// scripts of a job.
func (r *Runner) stores(j *Job, passed bool) bool {
	if a := j.Artifacts; a != nil && r.Artifacts != nil {
		if len(a.Reports) > 0 || fits(a.When, passed) {
			return true
		}
	}
	return r.Caches != "" && slices.ContainsFunc(j.Cache, func(c gitlabci.Cache) bool {
		return selectsFiles(c) && fits(c.When, passed)
	})
}

// mayExport reports whether the file of GITLAB_ENV is worth reading: if it costs
// little, or if the scripts name it.
func (j *Job) mayExport(c Container) bool {
	if root, err := c.Mounted(buildsDir); err == nil {
		root.Close()
		return true
	}
	return slices.ContainsFunc(slices.Concat(j.PreGetSources, j.commands(), j.AfterScript), func(command string) bool {
		return strings.Contains(command, "GITLAB_ENV")
	})
}

// parseExported returns the variables in a file of lines NAME=VALUE, and NAME+=VALUE,
// which adds to a variable, perhaps one of env. As in GitLab Runner's scripts,
// blanks around a line do not count, nor does a last line without a newline.
func parseExported(text string, env []string) (map[string]string, error) {
	variables := map[string]string{}
	for line := range strings.Lines(text) {
		line, whole := strings.CutSuffix(line, "\n")
		if !whole {
			break
		}
		name, more, set := strings.Cut(strings.Trim(line, " \t"), "=")
		name, adds := strings.CutSuffix(name, "+")
		if !exportedName.MatchString(name) || adds && !set {
			return nil, refusedf("GITLAB_ENV has a line that cannot be exported: %q", line)
		}
		old, known := variables[name]
		switch {
		case adds && !known:
			variables[name] = value(env, name) + more
		case adds:
			variables[name] = old + more
		case set:
			variables[name] = more
		}
	}
	return variables, nil
}
