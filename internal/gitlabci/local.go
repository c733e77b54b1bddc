// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// Placeholder values for what only a server knows. They are equal in all runs
// and recognizable as placeholders, so that a printed ID does not lead to
// another project.
const (
	localID         = "1"
	localToken      = "lcitool-local-job-token"
	localShortToken = "0000"
	serverVersion   = "19.4.0"
	serverMajor     = "19"
	serverMinor     = "4"
	serverPatch     = "0"
	registryUser    = "gitlab-ci-token"
	localReference  = "lcitool"
)

// localJobID returns an ID for a job that is unique in its pipeline.
func localJobID(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return strconv.FormatUint(uint64(h.Sum32()%1_000_000_000)+1, 10)
}

// addLocal sets predefined variables that have little meaning without a server.
// Secrets are empty, except for the job token, which scripts expect to exist.
func (e *Event) addLocal(set func(pairs ...string)) {
	url, path := "https://"+e.Host, e.projectPath()
	root, _, _ := strings.Cut(e.Namespace, "/")
	proxy := e.Host + ":443"
	pages := "pages." + e.Host
	if e.Host == "gitlab.com" {
		pages = "gitlab.io"
	}
	set("CI_DEPENDENCY_PROXY_SERVER", proxy, "CI_DEPENDENCY_PROXY_USER", registryUser, "CI_DEPENDENCY_PROXY_PASSWORD", "",
		"CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX", proxy+"/"+strings.ToLower(root)+dependencyProxy,
		"CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX", proxy+"/"+strings.ToLower(e.Namespace)+dependencyProxy,
		"CI_REGISTRY_USER", registryUser, "CI_REGISTRY_PASSWORD", "", "CI_TEMPLATE_REGISTRY_HOST", "registry.gitlab.com",
		"CI_PAGES_DOMAIN", pages, "CI_PAGES_HOSTNAME", root+"."+pages, "CI_PAGES_URL", "https://"+root+"."+pages+"/"+strings.TrimPrefix(path, root+"/"),
		"CI_PROJECT_ID", localID, "CI_PROJECT_NAMESPACE_ID", localID, "CI_PROJECT_NAMESPACE_SLUG", slug(e.Namespace),
		"CI_PROJECT_DESCRIPTION", "", "CI_PROJECT_TOPICS", "", "CI_PROJECT_REPOSITORY_LANGUAGES", "", "CI_PROJECT_CLASSIFICATION_LABEL", "",
		"CI_PIPELINE_ID", localID, "CI_PIPELINE_IID", localID, "CI_PIPELINE_URL", url+"/"+path+"/-/pipelines/"+localID,
		"CI_PIPELINE_NAME", "", "CI_COMMIT_MESSAGE_IS_TRUNCATED", "false",
		"CI_SERVER_VERSION", serverVersion, "CI_SERVER_VERSION_MAJOR", serverMajor, "CI_SERVER_VERSION_MINOR", serverMinor,
		"CI_SERVER_VERSION_PATCH", serverPatch, "CI_SERVER_REVISION", localReference,
		"CI_SERVER_SHELL_SSH_HOST", e.Host, "CI_SERVER_SHELL_SSH_PORT", "22", "GITLAB_FEATURES", "",
		"GITLAB_USER_ID", localID, "GITLAB_USER_LOGIN", localReference, "GITLAB_USER_NAME", localReference, "GITLAB_USER_EMAIL", localReference+"@localhost")
	if e.Source == MergeRequest {
		e.addLocalMergeRequest(set, url, path)
	}
}

func (e *Event) addLocalMergeRequest(set func(pairs ...string), url, path string) {
	set("CI_MERGE_REQUEST_ID", localID, "CI_MERGE_REQUEST_IID", localID, "CI_MERGE_REQUEST_DIFF_ID", localID,
		"CI_MERGE_REQUEST_PROJECT_ID", localID, "CI_MERGE_REQUEST_PROJECT_PATH", path, "CI_MERGE_REQUEST_PROJECT_URL", url+"/"+path,
		"CI_MERGE_REQUEST_SOURCE_PROJECT_ID", localID, "CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/"+localID+"/head",
		"CI_OPEN_MERGE_REQUESTS", path+"!"+localID, "CI_MERGE_REQUEST_TITLE", e.Predefined["CI_COMMIT_TITLE"],
		"CI_MERGE_REQUEST_DESCRIPTION", strings.TrimSpace(e.Predefined["CI_COMMIT_DESCRIPTION"]), "CI_MERGE_REQUEST_DESCRIPTION_IS_TRUNCATED", "false",
		"CI_MERGE_REQUEST_APPROVED", "false", "CI_MERGE_REQUEST_DRAFT", "false", "CI_MERGE_REQUEST_SQUASH_ON_MERGE", "false",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED", "false", "CI_MERGE_REQUEST_TARGET_BRANCH_PROTECTED", "true",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "", "CI_MERGE_REQUEST_DIFF_BASE_SHA", e.Commit)
}

// dependencyProxy is the end of the dependency proxy's path.
const dependencyProxy = "/dependency_proxy/containers"

// WithoutProxy returns the name of an image in its own registry if it is pulled
// through GitLab's dependency proxy, which requires a login.
func WithoutProxy(image string) string {
	_, rest, ok := strings.Cut(image, dependencyProxy+"/")
	switch {
	case !ok:
		return image
	case strings.Contains(rest, "/"):
		return "docker.io/" + rest
	}
	return "docker.io/library/" + rest
}

// tier returns the tier of an environment. Like GitLab, it derives it from the
// name if it is not set.
func (e *Environment) tier() string {
	if slices.Contains(tiers(), e.Tier) {
		return e.Tier
	}
	name := strings.ToLower(e.Name)
	for _, kind := range []struct {
		tier  string
		parts []string
	}{
		{"development", []string{"dev", "review", "trunk"}},
		{"testing", []string{"test", "tst", "int", "ac", "acpt", "qa", "qc", "control", "quality"}},
		{"staging", []string{"stag", "stg", "model", "pre", "demo", "non"}},
		{"production", []string{"prod", "live"}},
	} {
		for _, part := range kind.parts {
			if matchesTier(name, part) {
				return kind.tier
			}
		}
	}
	return "other"
}

// matchesTier matches like GitLab: short parts must be whole words, others can
// be anywhere.
func matchesTier(name, part string) bool {
	if len(part) > 3 || part == "dev" || part == "stg" {
		return strings.Contains(name, part)
	}
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if word == part {
			return true
		}
	}
	return false
}
