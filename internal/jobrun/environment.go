// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// ccacheDir is where compilers' results are kept, unless the job says.
const ccacheDir = "/var/cache/lcitool/ccache"

// environment gives the variables of a job, sorted: the runner's, then the
// pipeline's and the job's, then those added for this run.
func (r *Runner) environment(j *Job) []string {
	env := map[string]string{
		"CI_JOB_STARTED_AT":     time.Now().UTC().Format(time.RFC3339),
		"CI_JOB_IMAGE":          j.Image.Reference,
		"CI_RUNNER_DESCRIPTION": "lcitool", "CI_RUNNER_EXECUTABLE_ARCH": "linux/" + goarch, "CI_RUNNER_ID": "0", "CI_RUNNER_TAGS": "[]", "CI_RUNNER_VERSION": "0",
		"CI_SHARED_ENVIRONMENT": "true", "CI_CONCURRENT_ID": "0", "CI_CONCURRENT_PROJECT_ID": "0", "CI_DISPOSABLE_ENVIRONMENT": "true",
	}
	if r.Caches != "" {
		env["CCACHE_DIR"] = ccacheDir
	}
	set(env, r.Under)
	for _, v := range j.Variables {
		env[v.Name] = v.Value
	}
	set(env, j.Env)
	return sorted(env)
}

// setUp decides where a job has its tree, and gives its variables.
func (r *Runner) setUp(j *Job) ([]string, error) {
	env := r.environment(j)
	var err error
	if j.dir, err = r.dir(env); err != nil {
		return nil, err
	}
	all := map[string]string{}
	set(all, env)
	all["CI_PROJECT_DIR"] = j.dir
	return sorted(all), nil
}

// sorted gives variables as NAME=VALUE.
func sorted(env map[string]string) []string {
	out := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}

func set(env map[string]string, list []string) {
	for _, v := range list {
		if name, value, ok := strings.Cut(v, "="); ok {
			env[name] = value
		}
	}
}

// value gives a variable of an environment, or "".
func value(env []string, name string) string {
	for _, v := range env {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			return rest
		}
	}
	return ""
}
