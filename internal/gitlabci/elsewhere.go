// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Elsewhere gives files that are not in the project's tree. An error that is
// fs.ErrNotExist says that there is no such file, ErrNotAsked that nobody may
// look for it.
type Elsewhere struct {
	// URL gives the file at a URL of https.
	URL func(url string) ([]byte, error)
	// Revision gives a file of the project itself at another commit, branch or tag.
	Revision func(ref, file string) ([]byte, error)
	// Files lists the files of the project itself at another commit, branch or tag.
	Files func(ref string) ([]string, error)
}

// ErrNotAsked is why a file from elsewhere is not known if nobody asked for it.
var ErrNotAsked = errors.New("not asked for")

// A place is where a file comes from that is not in the project's tree: local
// includes of it are looked for there. The zero value is a file by its URL, whose
// includes cannot be local.
type place struct {
	host    string // of the server; "" for that of the event
	own     bool   // another commit of the project itself
	project string // path of the project; "" for a file by its URL
	ref     string
}

// fetched gives the text of a file from elsewhere, each asked for once.
func (p *Pipeline) fetched(key string, get func() ([]byte, error)) ([]byte, error) {
	if f, ok := p.elsewhere[key]; ok {
		return f.data, f.err
	}
	var f fetchedFile
	if f.err = ErrNotAsked; p.options.Elsewhere != nil {
		f.data, f.err = get()
	}
	if f.err == nil {
		f.err = yamldoc.CheckText(key, f.data, 0)
	}
	p.elsewhere[key] = f
	return f.data, f.err
}

// A fetchedFile is what became of a file from elsewhere.
type fetchedFile struct {
	data []byte
	err  error
}

// fileOf gives the name that messages have for a file of a place.
func (at place) fileOf(file string) string { return at.project + "@" + at.ref + ":" + file }

// read fetches a file of a place. It is then read by its name.
func (in *includer) read(at place, file string) (name string, err error) {
	name = at.fileOf(file)
	_, err = in.p.fetched(name, func() ([]byte, error) {
		if at.own {
			return in.p.options.Elsewhere.Revision(at.ref, file)
		}
		return in.p.options.Elsewhere.URL(in.api(at) + "/repository/files/" + url.PathEscape(file) + "/raw?ref=" + url.QueryEscape(at.ref))
	})
	return name, err
}

// api gives the address of what a server's API has about a project.
func (in *includer) api(at place) string {
	host := at.host
	if host == "" {
		host = in.scope.event.Host
	}
	return "https://" + host + "/api/v4/projects/" + url.PathEscape(at.project)
}

// fetchJSON decodes what is at a URL.
func (in *includer) fetchJSON(address string, into any) error {
	data, err := in.p.fetched(address, func() ([]byte, error) { return in.p.options.Elsewhere.URL(address) })
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the answer of %s is not what GitLab's API gives", yamldoc.OneLine(address))
	}
	return nil
}

// allOf decodes the lists on all pages of a part of a server's API.
func allOf[T any](in *includer, address string) ([]T, error) {
	var out []T
	for page := 1; page <= maxPages; page++ {
		var some []T
		if err := in.fetchJSON(fmt.Sprintf("%s&per_page=%d&page=%d", address, pageSize, page), &some); err != nil {
			return nil, err
		}
		if out = append(out, some...); len(some) < pageSize {
			break
		}
	}
	return out, nil
}

// How much of a list of a server's API is read.
const (
	pageSize = 100
	maxPages = 20
)

// matching lists the files of a place that a pattern of an include matches,
// sorted.
func (in *includer) matching(at place, pattern string) ([]string, error) {
	matcher, start := includePattern(pattern)
	var names []string
	if at.own {
		if in.p.options.Elsewhere == nil {
			return nil, ErrNotAsked
		}
		var err error
		if names, err = in.p.options.Elsewhere.Files(at.ref); err != nil {
			return nil, err
		}
	} else {
		address := in.api(at) + "/repository/tree?recursive=true&ref=" + url.QueryEscape(at.ref)
		if start != "." {
			address += "&path=" + url.QueryEscape(start)
		}
		entries, err := allOf[struct{ Path, Type string }](in, address)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type == "blob" {
				names = append(names, e.Path)
			}
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return matcher == nil || !matcher.MatchString(name) })
	slices.Sort(names)
	return names, nil
}

// templates is where GitLab has the files that template includes name.
func templates() place { return place{host: "gitlab.com", project: "gitlab-org/gitlab", ref: "HEAD"} }

// template gives the content of a file that comes with GitLab.
func (in *includer) template(v *value, g *given) []*value {
	name, ok := in.expanded(v)
	if !ok {
		return nil
	}
	missing := Missing{Kind: "template", Location: name, Pos: v.pos}
	if in.checkAddress("template", name, v); !strings.HasSuffix(name, ".gitlab-ci.yml") {
		in.missing = append(in.missing, missing)
		return nil
	}
	file, err := in.read(templates(), "lib/gitlab/ci/templates/"+name)
	if err != nil {
		in.absent(missing, err)
		return nil
	}
	return in.within(templates(), file, v, g)
}

// within has a file of a place read with what it includes.
func (in *includer) within(at place, name string, from *value, g *given) []*value {
	before := in.at
	in.at = &at
	defer func() { in.at = before }()
	if doc := in.file(name, from, g); doc != nil {
		return []*value{doc}
	}
	return nil
}

// absent notes an include from elsewhere whose content is not known.
func (in *includer) absent(m Missing, err error) {
	if err != nil && !errors.Is(err, ErrNotAsked) {
		m.Why = yamldoc.OneLine(err.Error())
	}
	in.missing = append(in.missing, m)
}

// expanded gives the text of an include's address. ok is false if that depends on
// the event and there is none.
func (in *includer) expanded(v *value) (text string, ok bool) {
	if !strings.Contains(v.text, "$") {
		return v.text, true
	}
	if in.scope == nil {
		in.deferred = true
		return "", false
	}
	return in.scope.vars.existing(v.text), true
}

// remote gives the content of a file that a URL names.
func (in *includer) remote(v, integrity *value, g *given) []*value {
	if name, ok := in.remoteFile(v, integrity); ok {
		return in.within(place{}, name, v, g)
	}
	return nil
}

// remoteFile fetches a file that a URL names. It is then read by its name.
func (in *includer) remoteFile(v, integrity *value) (name string, ok bool) {
	address, ok := in.expanded(v)
	if !ok {
		return "", false
	}
	missing := Missing{Kind: "remote", Location: address, Pos: v.pos}
	in.checkAddress("remote", address, v)
	if integrity != nil && !digest.MatchString(integrity.text) {
		in.errorf(integrity.pos, "include: integrity takes sha256- and a digest in base64, got %s", yamldoc.Quote(integrity.text))
	}
	if !strings.HasPrefix(address, "https://") {
		if in.p.options.Elsewhere != nil {
			missing.Why = "only files by https are fetched"
		}
		in.absent(missing, nil)
		return "", false
	}
	data, err := in.p.fetched(address, func() ([]byte, error) { return in.p.options.Elsewhere.URL(address) })
	if err != nil {
		in.absent(missing, err)
		return "", false
	}
	if integrity != nil && !in.intact(address, integrity, data) {
		in.absent(missing, nil)
		return "", false
	}
	return address, true
}

// digest is what an include says of the content of a remote file.
var digest = lazyregexp.New(`^sha256-(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`)

// checkAddress demands the address of a file of a pipeline. One with a variable
// that has no value here is left alone.
func (in *includer) checkAddress(kind, address string, v *value) {
	scheme, _, isURL := strings.Cut(address, "://")
	switch {
	case strings.Contains(address, "$"):
	case kind == "remote" && (!isURL || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https")):
		in.errorf(v.pos, "remote include %s: expected a URL by http or https", yamldoc.Quote(address))
	case kind == "template" && !strings.HasSuffix(address, ".gitlab-ci.yml"):
		in.errorf(v.pos, "template include %s: expected a name that ends in .gitlab-ci.yml", yamldoc.Quote(address))
	case !isYAML(address):
		in.errorf(v.pos, "%s include %s: expected a file whose name ends in .yml or .yaml", kind, yamldoc.Quote(address))
	}
}

// intact checks the digest that an include gives.
func (in *includer) intact(address string, integrity *value, data []byte) bool {
	sum := sha256.Sum256(data)
	got := "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	if integrity.text != got {
		in.errorf(integrity.pos, "remote include %s: its integrity is %s, not %s", yamldoc.Quote(address), got, yamldoc.Quote(integrity.text))
	}
	return integrity.text == got
}

// project gives the contents of files of another project.
func (in *includer) project(v *value, g *given) []*value {
	var out []*value
	at, names := in.projectFiles(v)
	for _, name := range names {
		out = append(out, in.within(at, name, v, g)...)
	}
	return out
}

// projectFiles fetches files of another project. They are then read by their
// names.
func (in *includer) projectFiles(v *value) (at place, out []string) {
	if in.scope == nil {
		in.deferred = true // the event says on which server
		return at, nil
	}
	names := looseTexts(v.get("project"))
	if len(names) == 0 {
		in.errorf(v.pos, "include: project has no name")
		return at, nil
	}
	at = place{project: strings.ToLower(in.scope.vars.existing(names[0])), ref: "HEAD"}
	if ref := v.get("ref"); ref != nil {
		at.ref = in.scope.vars.existing(ref.text)
	}
	files := v.get("file")
	if files == nil {
		in.errorf(v.pos, "include: project needs file")
		return at, nil
	}
	e := in.scope.event
	at.own = at.project == strings.ToLower(e.projectPath())
	for _, file := range looseTexts(files) {
		file = strings.TrimLeft(in.scope.vars.existing(file), "/")
		in.checkAddress("project", file, files)
		name, err := in.read(at, file)
		if err != nil {
			in.absent(Missing{Kind: "project", Location: at.project + ": " + file, Pos: v.pos}, err)
			continue
		}
		out = append(out, name)
	}
	return at, out
}

// localElsewhere gives the content of a file beside the one that is being read,
// which is not of the tree.
func (in *includer) localElsewhere(v *value, file string, g *given) []*value {
	at := *in.at
	missing := Missing{Kind: "local", Location: at.fileOf(file), Pos: v.pos}
	if at.project == "" {
		in.errorf(v.pos, "local include %s: a file by its URL has no other files beside it", yamldoc.Quote(v.text))
		in.absent(missing, nil)
		return nil
	}
	files := []string{file}
	if strings.Contains(file, "*") {
		var err error
		if files, err = in.matching(at, file); err != nil {
			in.absent(missing, err)
			return nil
		}
	}
	var out []*value
	for _, file := range files {
		name, err := in.read(at, file)
		if err != nil {
			in.absent(Missing{Kind: "local", Location: at.fileOf(file), Pos: v.pos}, err)
			continue
		}
		out = append(out, in.within(at, name, v, g)...)
	}
	return out
}

// because says why an include is not known, if anything does.
func (m Missing) because() string {
	if m.Why == "" {
		return ""
	}
	return ": " + m.Why
}

// headerFiles gives the names of the files that one entry of a header's include
// means.
func (in *includer) headerFiles(v *value) []string {
	if v.kind == text {
		v = &value{kind: mapping, pos: v.pos, fields: []field{{key: "local", value: v}}}
	}
	switch {
	case v.get("local") != nil:
		if file, ok := in.expanded(v.get("local")); ok {
			return []string{strings.TrimLeft(file, "/")}
		}
	case v.get("remote") != nil:
		if name, _ := in.remoteFile(v.get("remote"), v.get("integrity")); name != "" {
			return []string{name}
		}
	case v.get("project") != nil:
		_, names := in.projectFiles(v)
		return names
	default:
		in.errorf(v.pos, "spec: include names none of local, remote, project")
	}
	return nil
}
