// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// gitLabFile returns the body of one of GitLab's files: what does not depend on
// the jobs, then the jobs. It has no trailing newline.
func (p *Plan) gitLabFile(name string) ([]byte, error) {
	w := &blockWriter{}
	t := filler{ciDir: p.CIDir}
	switch name {
	case "gitlab.yml":
		w.b.WriteString(p.variables(&t))
	case containerTemplatesFile:
		w.b.WriteString(p.containerTemplate(&t))
	case buildTemplatesFile:
		w.b.WriteString(p.buildTemplates(&t))
	case sanityChecksFile:
		w.b.WriteString(p.checkTemplates(&t))
	}
	for _, part := range jobParts[name] {
		p.writeGroup(w, part.group, part.comment)
	}
	if err := cmp.Or(t.err, w.err); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", name, err)
	}
	return bytes.TrimSpace(w.b.Bytes()), nil
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
func (p *Plan) writeGroup(w *blockWriter, group Group, comment string) {
	for _, j := range p.Jobs {
		if j.Group != group || j.Group == Sanity && j.Extends == "" {
			continue
		}
		if comment != "" {
			fmt.Fprintf(&w.b, "\n# %s\n", comment)
			comment = ""
		}
		w.b.WriteByte('\n')
		w.key(j.Name)
		w.open()
		w.job(j)
		w.close()
	}
}

// job writes the keys of a job.
func (w *blockWriter) job(j Job) {
	w.key("extends")
	w.text(j.Extends)
	switch j.Group {
	case NativeBuild, CrossBuild:
		w.key("needs")
		w.needs(j.Needs)
		w.key("allow_failure")
		w.boolean(j.AllowFailure)
	case CirrusBuild:
		w.key("needs")
		w.needs(nil)
		w.key("allow_failure")
		if j.AllowFailure {
			w.boolean(true)
		} else {
			// exit status of cirrus-run if Cirrus CI itself failed
			w.value(map[string]any{"exit_codes": int64(3)})
		}
	case NativeContainer, CrossContainer:
		w.key("allow_failure")
		w.boolean(j.AllowFailure)
	}
	w.key("variables")
	w.variables(j.Variables)
	if j.Artifacts != nil {
		w.key("artifacts")
		w.artifacts(j.Artifacts)
	}
}

func (w *blockWriter) needs(jobs []string) {
	if len(jobs) == 0 {
		w.plain("[]")
		return
	}
	w.open()
	for _, name := range jobs {
		w.item()
		w.open()
		w.key("job")
		w.text(name)
		w.key("optional")
		w.boolean(true)
		w.close()
	}
	w.close()
}

func (w *blockWriter) variables(list []Variable) {
	if len(list) == 0 {
		w.plain("{}")
		return
	}
	w.open()
	for _, v := range list {
		w.key(v.Name)
		w.text(v.Value)
	}
	w.close()
}

func (w *blockWriter) artifacts(a *Artifacts) {
	w.open()
	w.key("expire_in")
	w.text(a.ExpireIn)
	if len(a.Paths) > 0 {
		w.key("paths")
		w.open()
		for _, path := range a.Paths {
			w.item()
			w.text(path)
		}
		w.close()
	}
	w.entries(a.More)
	w.close()
}
