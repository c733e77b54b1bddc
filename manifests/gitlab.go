// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"
)

//go:embed templates/*.yml
var templates embed.FS

// parts are the values for templates.
type parts struct {
	Namespace, Project string
	CIDir              string
	Builder            Builder
	Native, Cross      bool
	Cirrus             bool
	CheckDCO           bool
	CodeFormat         bool
	Includes           []string
}

// Lower converts image names, which must be lower case.
func (parts) Lower(s string) string { return strings.ToLower(s) }

// Path returns a path below the CI directory, whose name needs no quoting in a
// shell.
func (p parts) Path(words ...string) string { return path.Join(p.CIDir, strings.Join(words, "")) }

// gitLabFile returns the body of one of GitLab's files: the template of the same
// name, then jobs. It has no trailing newline.
func (p *Plan) gitLabFile(set *template.Template, name string) ([]byte, error) {
	var b bytes.Buffer
	values := parts{
		Namespace: p.GitLab.Namespace, Project: p.GitLab.Project,
		CIDir: p.CIDir, Builder: p.GitLab.Builder,
		Native: p.templates.Native, Cross: p.templates.Cross, Cirrus: p.templates.Cirrus,
		Includes: p.includes(),
	}
	for _, c := range p.GitLab.Checks {
		values.CheckDCO = values.CheckDCO || c.Extension == ""
		values.CodeFormat = values.CodeFormat || c.Extension != ""
	}
	if set.Lookup(name) != nil {
		if err := set.ExecuteTemplate(&b, name, values); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", name, err)
		}
	}
	for _, part := range jobParts[name] {
		if err := p.writeGroup(&b, part.group, part.comment); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", name, err)
		}
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// jobParts lists the groups of jobs that follow a file's template.
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

func templateSet() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{"yaml": yamlWord, "list": list}).ParseFS(templates, "templates/*.yml")
}

func list(items ...any) []any { return items }
