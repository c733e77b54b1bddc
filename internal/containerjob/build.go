// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// switches returns the flags of build commands that have no value. All others
// have one, in the same word or the next.
func switches() []string {
	return []string{
		"all-platforms", "check", "compress", "D", "disable-compression", "disable-content-trust", "force-compression", "force-rm", "help",
		"http-proxy", "identity-label", "layers", "load", "log-rusage", "no-cache", "no-hostname", "no-hosts", "omit-history", "pull",
		"pull-always", "pull-never", "push", "q", "quiet", "rewrite-timestamp", "rm", "save-stages", "skip-tls-verify", "skip-unused-stages",
		"squash", "squash-all", "stdin", "tls-verify", "no-push", "insecure", "cache", "cleanup", "reproducible", "single-snapshot",
		"inherit-labels", "inherit-annotations", "debug",
	}
}

// A flagSet contains the flags of a command line by name, and the other words.
type flagSet struct {
	values     map[string][]string
	positional []string
}

func readFlags(args []string) flagSet {
	f := flagSet{values: map[string][]string{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		next := func() (string, bool) {
			if i+1 < len(args) {
				i++
				return args[i], true
			}
			return "", false
		}
		switch {
		case arg == "--":
			f.positional = append(f.positional, args[i+1:]...)
			return f
		case strings.HasPrefix(arg, "--"):
			name, value, has := strings.Cut(arg[2:], "=")
			if !has && !slices.Contains(switches(), name) {
				value, _ = next()
			}
			f.values[name] = append(f.values[name], value)
		case len(arg) > 1 && arg[0] == '-':
			f.short(arg[1:], next)
		default:
			f.positional = append(f.positional, arg)
		}
	}
	return f
}

// short parses single-letter flags.
func (f flagSet) short(letters string, next func() (string, bool)) {
	for i := range len(letters) {
		name := letters[i : i+1]
		if slices.Contains(switches(), name) {
			continue
		}
		value := strings.TrimPrefix(letters[i+1:], "=")
		if value == "" {
			value, _ = next()
		}
		f.values[name] = append(f.values[name], value)
		return
	}
}

// all returns the values of a flag with several names.
func (f flagSet) all(names ...string) []string {
	var out []string
	for _, name := range names {
		out = append(out, f.values[name]...)
	}
	return out
}

// positional returns the words of a command line that are not flags. values are
// the flags with a value in the next word.
func positional(args, values []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		name := strings.TrimLeft(args[i], "-")
		switch {
		case name == args[i]:
			out = append(out, args[i])
		case slices.Contains(values, name):
			i++
		}
	}
	return out
}

// build evaluates a command that builds an image. podman and buildah also look
// for a Containerfile, and for the Dockerfile in the context.
func (s *shell) build(podman bool, args []string) {
	f := readFlags(args)
	b := &madeImage{Build: Build{Context: ".", Stage: last(f.all("target")), Args: s.args(f.all("build-arg"))}}
	if len(f.positional) > 0 {
		b.Context = f.positional[0]
	}
	files := f.all("f", "file", "dockerfile")
	switch {
	case len(f.positional) == 0 && !podman && len(files) == 0, len(f.positional) > 1, len(files) > 1:
		return // the command would fail
	case len(files) == 1 && podman && !path.IsAbs(files[0]):
		b.Dockerfiles = []string{files[0], path.Join(b.Context, files[0])}
	case len(files) == 1:
		b.Dockerfiles = files
	case podman:
		b.Dockerfiles = []string{path.Join(b.Context, "Containerfile"), path.Join(b.Context, "Dockerfile")}
	default:
		b.Dockerfiles = []string{path.Join(b.Context, "Dockerfile")}
	}
	s.made(b, f.all("t", "tag"))
}

func (s *shell) kaniko(args []string) {
	f := readFlags(args)
	b := &madeImage{Build: Build{Context: ".", Stage: last(f.all("target")), Args: s.args(f.all("build-arg"))}}
	if context := f.all("c", "context"); len(context) > 0 {
		b.Context = strings.TrimPrefix(last(context), "dir://")
	}
	b.Context = path.Join(b.Context, last(f.all("context-sub-path")))
	file := cmp.Or(last(f.all("f", "dockerfile")), "Dockerfile")
	b.Dockerfiles = []string{file}
	if !path.IsAbs(file) {
		b.Dockerfiles = []string{path.Join(b.Context, file), file}
	}
	s.made(b, f.all("d", "destination"))
}

// made records a build with its tags, or why it is left out.
func (s *shell) made(b *madeImage, tags []string) {
	if why := s.place(b); why != "" {
		s.leaveOut(tags, why)
		return
	}
	for _, tag := range tags {
		if !isUnknown(tag) && tag != "" {
			b.add(tag)
		}
	}
	if len(tags) > 0 && len(b.Tags) == 0 {
		s.leaveOut(nil, "its name "+unknownWhy)
		return
	}
	s.builds = append(s.builds, b)
}

// place makes the paths of a build relative to the project. If that is not
// possible, why is the reason.
func (s *shell) place(b *madeImage) (why string) {
	switch {
	case b.Dockerfiles[0] == "-" || b.Context == "-":
		return "its Dockerfile or context is the standard input"
	case strings.Contains(b.Context, "://") || strings.HasPrefix(b.Context, "git@"):
		return "its context is not in the tree"
	case isUnknown(b.Context + strings.Join(b.Dockerfiles, "") + b.Stage + s.dir):
		return "its Dockerfile or context " + unknownWhy
	}
	var files []string
	for _, file := range b.Dockerfiles {
		if file, ok := s.below(s.dir, file); ok && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	context, ok := s.below(s.dir, b.Context)
	if !ok || len(files) == 0 {
		return "its Dockerfile or context is outside the tree"
	}
	b.Context, b.Dockerfiles = context, files
	return ""
}

func (s *shell) leaveOut(tags []string, why string) {
	what := "an image"
	for _, tag := range tags {
		if !isUnknown(tag) {
			what = "image " + tag
		}
	}
	if line := what + ": " + why; !slices.Contains(s.unknown, line) {
		s.unknown = append(s.unknown, line)
	}
}

// args returns the values of build arguments. An argument without a value has
// that of the variable.
func (s *shell) args(list []string) map[string]string {
	out := map[string]string{}
	for _, a := range list {
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			value, ok = s.vars.get(name)
		}
		if ok && !isUnknown(name+value) {
			out[name] = value
		}
	}
	return out
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}
