// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// ccacheDir is ccache's default cache directory for root.
const ccacheDir = "/root/.cache/ccache"

// runnerVersion is the GitLab Runner release that lcitool imitates; jobs see it
// in CI_RUNNER_VERSION.
const runnerVersion = "19.4.0"

// environment returns a job's variables as sorted NAME=VALUE. Variables of the
// pipeline and the job override the runner's; Env of the job overrides both.
func (r *Runner) environment(j *Job) []string {
	env := map[string]string{
		"CI_JOB_STARTED_AT":     time.Now().UTC().Format(time.RFC3339),
		"CI_JOB_TIMEOUT":        strconv.Itoa(int(r.timeLimit(j).Seconds())),
		"CI_RUNNER_DESCRIPTION": "lcitool", "CI_RUNNER_EXECUTABLE_ARCH": "linux/" + goarch, "CI_RUNNER_ID": "1", "CI_RUNNER_TAGS": "[]",
		"CI_RUNNER_VERSION": runnerVersion, "CI_RUNNER_REVISION": "lcitool", "CI_RUNNER_SHORT_TOKEN": "lcitool",
		"CI_CONCURRENT_ID": "0", "CI_CONCURRENT_PROJECT_ID": "0", "CI_DISPOSABLE_ENVIRONMENT": "true",
	}
	if j.Job.Image != nil && j.Job.Image.Name != "" {
		env["CI_JOB_IMAGE"] = j.Job.Image.Name // not the image that is used here instead
	}
	set(env, r.BaseEnv)
	for v := range j.Variables.All() {
		if v.From == gitlabci.FromGitLab || !slices.Contains(runnersOwn(), v.Name) {
			env[v.Name] = v.Value
		}
	}
	set(env, j.Env)
	for _, name := range featureFlags() {
		env[name] = strconv.FormatBool(isOn(env[name], slices.Contains(featureFlagsOn(), name)))
	}
	return sorted(env)
}

// runnersOwn returns the variables that GitLab Runner sets after those of the job.
func runnersOwn() []string {
	return []string{"CI_DISPOSABLE_ENVIRONMENT", "CI_RUNNER_VERSION", "CI_RUNNER_REVISION", "CI_RUNNER_EXECUTABLE_ARCH"}
}

// enginesOwn returns the variables that podman sets in each container, unlike
// Docker, without those of the image. Programs such as tput need TERM, so they
// fail on GitLab. Podman 4.3 sets it even without a terminal.
func enginesOwn(image []string) []string {
	return slices.DeleteFunc([]string{"TERM", "container"}, func(name string) bool {
		_, set := lookup(image, name)
		return set
	})
}

// isOn parses a switch as GitLab Runner does. Other text gives the default.
func isOn(text string, otherwise bool) bool {
	if on, err := strconv.ParseBool(text); err == nil {
		return on
	}
	return otherwise
}

// setUp decides the path of a job's tree and returns the job's variables without
// those of the image.
func (r *Runner) setUp(j *Job) ([]string, error) {
	env := r.environment(j)
	var err error
	if j.dir, err = r.dir(env); err != nil {
		return nil, err
	}
	if s := value(env, "GIT_STRATEGY"); s != gitStrategy(env) {
		r.warn(j, fmt.Sprintf("GIT_STRATEGY: expected clone, fetch, none or empty, got %q; using the default", s))
	}
	j.noRepository = !fromGit(gitStrategy(env)) && !r.Tree.Writable
	r.warnNoEffect(j, env)
	all := map[string]string{}
	set(all, env)
	all["RUNNER_TEMP_PROJECT_DIR"] = tempDir(j.dir)
	if j.ownNetwork = all["FF_NETWORK_PER_BUILD"] == "true"; j.ownNetwork {
		all["CI_BUILD_NETWORK_NAME"] = "lcitool"
	}
	if !j.sets("CI_PROJECT_DIR") {
		all["CI_PROJECT_DIR"] = j.dir
	}
	for name := range r.Files {
		if value(j.Env, name) == "" {
			all[name] = filePath(j.dir, name)
		}
	}
	for name := range all {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(all[name], "\x00") {
			return nil, refusedf("variable %q cannot be in an environment", name)
		}
	}
	return sorted(all), nil
}

func (r *Runner) warnNoEffect(j *Job, env []string) {
	if value(env, "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR") == "true" {
		r.warn(j, "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR has no effect here: every user may write the job's files")
	}
	submodules := slices.Contains([]string{"normal", "recursive"}, value(env, "GIT_SUBMODULE_STRATEGY")) && fromGit(gitStrategy(env))
	if submodules && slices.Contains(strings.Fields(value(env, "GIT_SUBMODULE_UPDATE_FLAGS")), "--remote") {
		r.warn(j, "--remote in GIT_SUBMODULE_UPDATE_FLAGS has no effect here: submodules have the commits that the tree names")
	}
	if isOn(value(env, "GIT_LFS_SKIP_SMUDGE"), false) && fromGit(gitStrategy(env)) && !r.Tree.Writable && r.usesLFS() {
		r.warn(j, "GIT_LFS_SKIP_SMUDGE has no effect here: files have their content if Git LFS is in your git configuration")
	}
}

// maxAttributes limits what is read of .gitattributes, in bytes.
const maxAttributes = 1 << 20

// usesLFS reports whether Git LFS stores files of the project.
func (r *Runner) usesLFS() bool {
	tree, err := safefs.OpenDir(r.Tree.Dir)
	if err != nil {
		return false
	}
	defer tree.Close()
	text, err := tree.ReadFile(".gitattributes", maxAttributes)
	return err == nil && strings.Contains(string(text), "filter=lfs")
}

// sets reports whether a variable of the job's own, or of --env, has a name.
func (j *Job) sets(name string) bool {
	v, _ := j.Variables.Get(name)
	return !slices.Contains([]string{"", gitlabci.FromGitLab}, v.From) || slices.ContainsFunc(j.Env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
}

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

func value(env []string, name string) string {
	text, _ := lookup(env, name)
	return text
}

func lookup(env []string, name string) (string, bool) {
	for _, v := range env {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			return rest, true
		}
	}
	return "", false
}

// featureFlags returns the feature flags of GitLab Runner at runnerVersion.
func featureFlags() []string {
	return strings.Fields(`FF_NETWORK_PER_BUILD FF_USE_LEGACY_KUBERNETES_EXECUTION_STRATEGY FF_USE_DIRECT_DOWNLOAD FF_USE_FASTZIP
		FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR FF_ENABLE_BASH_EXIT_CODE_CHECK FF_USE_WINDOWS_LEGACY_PROCESS_STRATEGY FF_USE_LEGACY_BASH_EVAL
		FF_USE_POWERSHELL_PATH_RESOLVER FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL FF_SCRIPT_SECTIONS FF_ENABLE_JOB_CLEANUP
		FF_KUBERNETES_HONOR_ENTRYPOINT FF_POSIXLY_CORRECT_ESCAPES FF_RESOLVE_FULL_TLS_CHAIN FF_DISABLE_POWERSHELL_STDIN
		FF_USE_POD_ACTIVE_DEADLINE_SECONDS FF_USE_ADVANCED_POD_SPEC_CONFIGURATION FF_SECRET_RESOLVING_FAILS_IF_MISSING FF_PRINT_POD_EVENTS
		FF_USE_GIT_BUNDLE_URIS FF_USE_GIT_NATIVE_CLONE FF_USE_DUMB_INIT_WITH_KUBERNETES_EXECUTOR FF_USE_INIT_WITH_DOCKER_EXECUTOR
		FF_LOG_IMAGES_CONFIGURED_FOR_JOB FF_USE_DOCKER_AUTOSCALER_DIAL_STDIO FF_CLEAN_UP_FAILED_CACHE_EXTRACT FF_USE_WINDOWS_JOB_OBJECT
		FF_TIMESTAMPS FF_DISABLE_AUTOMATIC_TOKEN_ROTATION FF_USE_LEGACY_GCS_CACHE_ADAPTER FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR
		FF_USE_LEGACY_S3_CACHE_ADAPTER FF_GIT_URLS_WITHOUT_TOKENS FF_WAIT_FOR_POD_TO_BE_REACHABLE FF_MASK_ALL_DEFAULT_TOKENS
		FF_EXPORT_HIGH_CARDINALITY_METRICS FF_USE_FLEETING_ACQUIRE_HEARTBEATS FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY
		FF_USE_ADAPTIVE_REQUEST_CONCURRENCY FF_USE_GITALY_CORRELATION_ID FF_USE_GIT_PROACTIVE_AUTH FF_HASH_CACHE_KEYS
		FF_ENABLE_JOB_INPUTS_INTERPOLATION FF_USE_JOB_ROUTER FF_SCRIPT_TO_STEP_MIGRATION FF_USE_PARALLEL_CACHE_TRANSFER
		FF_USE_PARALLEL_ARTIFACT_TRANSFER FF_CONCRETE FF_SUSPENDABLE_ENVIRONMENTS FF_USE_NATIVE_CONTAINER_STOP`)
}

func featureFlagsOn() []string {
	return strings.Fields(`FF_USE_DIRECT_DOWNLOAD FF_USE_FASTZIP FF_USE_POD_ACTIVE_DEADLINE_SECONDS FF_SECRET_RESOLVING_FAILS_IF_MISSING
		FF_USE_GIT_BUNDLE_URIS FF_USE_DOCKER_AUTOSCALER_DIAL_STDIO FF_TIMESTAMPS FF_MASK_ALL_DEFAULT_TOKENS
		FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY FF_USE_ADAPTIVE_REQUEST_CONCURRENCY FF_USE_GITALY_CORRELATION_ID FF_ENABLE_JOB_INPUTS_INTERPOLATION`)
}
