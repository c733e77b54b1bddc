// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (s *shell) call(c *syntax.CallExpr) truth {
	words := s.fields(c.Args)
	if len(words) == 0 {
		for _, a := range c.Assigns {
			s.assign(a)
		}
		return yes
	}
	if len(c.Assigns) == 0 {
		return s.words(words)
	}
	vars := map[string]string{} // those of this command alone
	for _, a := range c.Assigns {
		vars[a.Name.Value] = s.vars.value(a.Name.Value)
		s.assign(a)
	}
	ended := s.words(words)
	for name, value := range vars {
		s.vars.set(name, value)
	}
	return ended
}

func (s *shell) words(words []string) truth {
	words = withoutPrefix(words)
	if len(words) == 0 {
		return maybe
	}
	name, args := words[0], words[1:]
	if body, ok := s.functions[name]; ok {
		return s.function(body, args)
	}
	switch name {
	case "true", ":", "echo", "printf":
		return yes
	case "false":
		return no
	case "test":
		return test(args)
	case "[":
		if len(args) > 0 && args[len(args)-1] == "]" {
			return test(args[:len(args)-1])
		}
		return maybe
	case "cd", "pushd":
		s.change(args)
		return maybe
	case "popd", "read", "source", ".":
		s.forget(name, args)
		return maybe
	case "unset":
		for _, a := range args {
			s.vars.unset(a)
		}
		return yes
	case "eval":
		s.nested(strings.Join(args, " "))
		return maybe
	}
	s.program(path.Base(name), args)
	return maybe
}

// withoutPrefix removes commands that run the rest of the line, such as sudo.
func withoutPrefix(words []string) []string {
	for len(words) > 0 {
		switch path.Base(words[0]) {
		case "sudo", "env", "command", "exec", "nice", "time", "eatmydata", "nohup":
		case "retry", "timeout":
			if len(words) > 1 && strings.Trim(words[1], "0123456789smh.") == "" {
				words = words[1:]
			}
		default:
			return words
		}
		words = words[1:]
		for len(words) > 0 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=") && !strings.ContainsAny(words[0], "/ ")) {
			words = words[1:]
		}
	}
	return words
}

// program evaluates a command that is not part of the shell.
func (s *shell) program(name string, args []string) {
	switch name {
	case "docker", "podman", "nerdctl", "docker.py":
		s.engine(name, args)
	case "buildah":
		s.engine(name, args)
	case "img":
		s.engine("docker", args)
	case "executor":
		s.kaniko(args)
	case "skopeo":
		if rest, ok := after(args, "copy"); ok {
			if p := positional(rest, nil); len(p) == 2 {
				s.tag(strings.TrimPrefix(p[0], "containers-storage:"), p[1:])
			}
		}
	case "sh", "bash":
		if i := slices.Index(args, "-c"); i >= 0 && i+1 < len(args) {
			s.aside(func() truth { s.nested(args[i+1]); return maybe })
		}
	}
}

// engine evaluates a command of docker or of a compatible program.
func (s *shell) engine(name string, args []string) {
	args = withoutGlobals(args)
	if len(args) > 1 && slices.Contains([]string{"image", "buildx", "builder"}, args[0]) {
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	verb, args := args[0], args[1:]
	switch verb {
	case "build", "bud", "build-using-dockerfile":
		s.build(name != "docker" && name != "docker.py", args)
	case "tag":
		if p := positional(args, nil); len(p) > 1 {
			s.tag(p[0], p[1:])
		}
	case "push":
		if p := positional(args, []string{"authfile", "cert-dir", "compression-format", "creds", "digestfile", "f", "format", "sign-by"}); len(p) == 2 {
			s.tag(p[0], p[1:])
		}
	}
}

// withoutGlobals removes the flags before the subcommand.
func withoutGlobals(args []string) []string {
	values := []string{"--config", "-c", "--context", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey",
		"--cgroup-manager", "--connection", "--root", "--runroot", "--runtime", "--storage-driver", "--storage-opt", "--tmpdir", "--url", "--engine"}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if slices.Contains(values, args[0]) && len(args) > 1 {
			args = args[1:]
		}
		args = args[1:]
	}
	return args
}

func after(args []string, verb string) ([]string, bool) {
	args = withoutGlobals(args)
	if len(args) == 0 || args[0] != verb {
		return nil, false
	}
	return args[1:], true
}

// tag adds names to an image that was built.
func (s *shell) tag(from string, names []string) {
	for _, b := range s.builds {
		if !slices.Contains(b.local, Reference(from)) {
			continue
		}
		for _, name := range names {
			if !isUnknown(name) {
				b.add(name)
			}
		}
	}
}

func (b *madeImage) add(name string) {
	ref := Reference(name)
	if !slices.Contains(b.local, ref) {
		b.local = append(b.local, ref)
		b.Tags = append(b.Tags, ref)
	}
}

func (s *shell) function(body *syntax.Stmt, args []string) truth {
	if s.depth++; s.depth > maxDepth {
		s.depth--
		return maybe
	}
	defer func() { s.depth-- }()
	outer := map[string]string{}
	parameters := map[string]string{"#": strconv.Itoa(len(args)), "@": strings.Join(args, " "), "*": strings.Join(args, " ")}
	for i := range max(len(args), 9) {
		parameters[strconv.Itoa(i+1)] = ""
		if i < len(args) {
			parameters[strconv.Itoa(i+1)] = args[i]
		}
	}
	for name, value := range parameters {
		outer[name] = s.vars.value(name)
		s.vars.set(name, value)
	}
	ended := s.statement(body)
	for name, value := range outer {
		s.vars.set(name, value)
	}
	return ended
}

func (s *shell) nested(text string) {
	if s.depth++; s.depth <= maxDepth && !isUnknown(text) {
		_ = s.script(text) // a text that is not a script builds no image
	}
	s.depth--
}

func (s *shell) change(args []string) {
	to := s.project
	if p := positional(args, nil); len(p) > 0 {
		to = p[0]
	}
	dir, ok := s.below(s.dir, to)
	if !ok || isUnknown(dir) {
		dir = unknownText
	}
	s.dir = dir
	s.vars.set("PWD", path.Join(s.project, dir))
}

// forget marks what a command may have changed as unknown.
func (s *shell) forget(name string, args []string) {
	switch name {
	case "popd":
		s.dir = unknownText
	case "read":
		for _, a := range positional(args, nil) {
			s.vars.set(a, unknownText)
		}
	}
}
