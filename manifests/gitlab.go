// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// gitLabFile returns the body of one of GitLab's files: what does not depend on
// the jobs, then the jobs. It has no trailing newline.
func (p *Plan) gitLabFile(name string) ([]byte, error) {
	var b bytes.Buffer
	t := filler{ciDir: p.CIDir}
	switch name {
	case "gitlab.yml":
		b.WriteString(p.variables(&t))
	case containerTemplatesFile:
		b.WriteString(p.containerTemplate(&t))
	case buildTemplatesFile:
		b.WriteString(p.buildTemplates(&t))
	case sanityChecksFile:
		b.WriteString(p.checkTemplates(&t))
	}
	if t.err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", name, t.err)
	}
	for _, part := range jobParts[name] {
		if err := p.writeGroup(&b, part.group, part.comment); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", name, err)
		}
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func (p *Plan) variables(t *filler) string {
	text := t.fill("gitlab.yml", map[string]string{
		"namespace": t.word(p.GitLab.Namespace),
		"images":    t.word(strings.ToLower(p.GitLab.Namespace)), // names of images must be lower case
	})
	for i, part := range p.includes() {
		if i == 0 {
			text += "\ninclude:\n"
		}
		text += "  - local: " + t.word("/"+t.path("gitlab/"+part)) + "\n"
	}
	return text
}

func (p *Plan) containerTemplate(t *filler) string {
	builder := "docker.yml"
	if p.GitLab.Builder == Podman {
		builder = "podman.yml"
	}
	return t.fill("container.yml", map[string]string{
		"builder":             strings.TrimSuffix(t.fill(builder, map[string]string{"dir": t.dir()}), "\n"),
		"container-templates": t.word(t.path("gitlab/" + containerTemplatesFile)),
		"dockerfile":          t.word(t.path("containers/$NAME.Dockerfile")),
	})
}

func (p *Plan) buildTemplates(t *filler) string {
	var parts []string
	if p.templates.Native {
		purpose := "What a build for x86_64 is made from. The project's own template extends it\n# and has the script."
		parts = append(parts, p.buildTemplate(t, "native", "$NAME", purpose))
	}
	if p.templates.Cross {
		purpose := "What a build for another architecture is made from."
		parts = append(parts, p.buildTemplate(t, "cross", "$NAME-cross-$CROSS", purpose))
	}
	if p.templates.Cirrus {
		parts = append(parts, t.fill("cirrus-build.yml", map[string]string{"dir": t.dir()}))
	}
	return strings.Join(parts, "\n")
}

// buildTemplate returns the template that builds in an environment extend. kind
// is in the names of anchors, which are unique in a file.
func (p *Plan) buildTemplate(t *filler, kind, environment, purpose string) string {
	image := "$CI_REGISTRY/$CONTAINER_UPSTREAM_NAMESPACE/" + strings.ToLower(p.GitLab.Project) + "/ci-" + environment + ":latest"
	return t.fill("build.yml", map[string]string{
		"purpose": purpose, "kind": kind, "environment": environment, "dir": t.dir(),
		"image":               t.word(image),
		"container-templates": t.word(t.path("gitlab/" + containerTemplatesFile)),
		"dockerfile":          t.word(t.path("containers/" + environment + ".Dockerfile")),
	})
}

func (p *Plan) checkTemplates(t *filler) string {
	var parts []string
	rules := map[string]string{"push-rules": strings.TrimSuffix(t.fill("push-rules.yml", nil), "\n")}
	if slices.ContainsFunc(p.GitLab.Checks, func(c Check) bool { return c.Extension == "" }) {
		parts = append(parts, t.fill("check-dco.yml", rules))
	}
	if slices.ContainsFunc(p.GitLab.Checks, func(c Check) bool { return c.Extension != "" }) {
		parts = append(parts, t.fill("code-format.yml", rules))
	}
	return strings.Join(parts, "\n") + "\n"
}

// jobParts lists the groups of jobs that end a file.
//
//nolint:gochecknoglobals // a table
var jobParts = map[string][]struct {
	group   Group
	comment string
}{
	sanityChecksFile: {{Sanity, ""}},
	containersFile:   {{NativeContainer, "Images to build in"}, {CrossContainer, "Images to cross build in"}},
	buildsFile:       {{NativeBuild, "Builds for x86_64"}, {CrossBuild, "Builds for other architectures"}, {CirrusBuild, "Builds on Cirrus CI"}},
}

// writeGroup writes the jobs of a group, except for those that a template
// contains.
func (p *Plan) writeGroup(b *bytes.Buffer, group Group, comment string) error {
	e := newEncoder()
	for _, j := range p.Jobs {
		if j.Group != group || j.Group == Sanity && j.Extends == "" {
			continue
		}
		if comment != "" {
			fmt.Fprintf(b, "\n# %s\n", comment)
			comment = ""
		}
		text, err := e.encode(mapping(field{j.Name, jobNode(j)}))
		if err != nil {
			return err
		}
		b.WriteByte('\n')
		b.Write(text)
	}
	return nil
}

func jobNode(j Job) *yaml.Node {
	fields := []field{{"extends", scalar(j.Extends)}}
	switch j.Group {
	case NativeBuild, CrossBuild:
		needs := sequence(nil)
		for _, name := range j.Needs {
			needs.Content = append(needs.Content, mapping(field{"job", scalar(name)}, field{"optional", plain("true")}))
		}
		fields = append(fields, field{"needs", needs}, field{"allow_failure", boolean(j.AllowFailure)})
	case CirrusBuild:
		allow := boolean(true)
		if !j.AllowFailure {
			// exit status of cirrus-run if Cirrus CI itself failed
			allow = mapping(field{"exit_codes", plain("3")})
		}
		fields = append(fields, field{"needs", sequence(nil)}, field{"allow_failure", allow})
	case NativeContainer, CrossContainer:
		fields = append(fields, field{"allow_failure", boolean(j.AllowFailure)})
	}
	values := mapping()
	for _, v := range j.Variables {
		values.Content = append(values.Content, scalar(v.Name), scalar(v.Value))
	}
	fields = append(fields, field{"variables", values})
	if j.Artifacts != nil {
		fields = append(fields, field{"artifacts", artifactsNode(j.Artifacts)})
	}
	return mapping(fields...)
}

func artifactsNode(a *Artifacts) *yaml.Node {
	n := mapping(field{"expire_in", scalar(a.ExpireIn)})
	if len(a.Paths) > 0 {
		n.Content = append(n.Content, scalar("paths"), sequence(a.Paths))
	}
	more := value(a.More)
	n.Content = append(n.Content, more.Content...)
	return n
}
